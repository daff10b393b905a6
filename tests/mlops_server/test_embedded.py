"""The embedded servers keep what they were given: over a restart, a kill, and a folder with a long name."""

import os
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from mlops_server import embedded, errors, folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Passable for the user that runs PostgreSQL when the tests run as root."""
    return tmp_path / "data"


def remember(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")


def recall(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT text FROM note").fetchall()


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchall() == [(1,)]


def test_postgres_started_again_has_its_data(folder: Path) -> None:
    with embedded.postgres(folder) as url:
        remember(url)
    with embedded.postgres(folder) as url:
        assert recall(url) == [("kept",)]


def test_postgres_after_kill_has_its_data(folder: Path) -> None:
    server = embedded.Postgres(folder)
    with embedded.running(server) as process:
        server.create_database()
        remember(server.url())
        process.kill()
        process.wait()
    with embedded.postgres(folder) as url:
        assert recall(url) == [("kept",)]


def test_postgres_that_outlived_its_supervisor_is_ended_first(folder: Path) -> None:
    server = embedded.Postgres(folder, durable=False)
    with embedded.running(server) as survivor:
        server.prepare()
        assert not psutil.pid_exists(survivor.pid) or survivor.wait() == 0
        with embedded.postgres(folder, durable=False):
            assert server.is_ready()


def test_postgres_with_a_lock_naming_another_process_starts(folder: Path) -> None:
    with embedded.postgres(folder, durable=False):
        lock = (folder / "postmaster.pid").read_text().split("\n")
    (folder / "postmaster.pid").write_text("\n".join([str(os.getppid()), *lock[1:]]))
    with embedded.postgres(folder, durable=False) as url:
        assert answers(url)


def test_postgres_role_of_the_application_is_no_superuser(folder: Path) -> None:
    with embedded.postgres(folder, durable=False) as url, psycopg.connect(url) as connection:
        role = connection.execute("SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user").fetchall()
    assert role == [("mlops", False)]


def test_postgres_in_a_long_path_uses_a_short_private_socket_folder(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25) / "data"
    with embedded.postgres(folder, durable=False) as url:
        assert answers(url)
        short = folders.for_socket(folder)
    assert (short.parent, short.stat().st_mode & 0o777) == (Path("/tmp"), 0o700)
    short.rmdir()


def test_private_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(errors.StartError):
        folders.private(tmp_path / "link", None)


def test_valkey_started_again_has_its_data(folder: Path) -> None:
    with embedded.valkey(folder) as url, redis.Redis.from_url(url) as client:
        client.set("note", "kept")
    with embedded.valkey(folder) as url, redis.Redis.from_url(url) as client:
        assert client.get("note") == b"kept"


def test_valkey_that_outlived_its_supervisor_is_ended_first(folder: Path) -> None:
    server = embedded.Valkey(folder)
    with embedded.running(server) as survivor, embedded.valkey(folder):
        assert survivor.wait() == 0


def test_server_that_cannot_start_says_where_the_reason_is(folder: Path) -> None:
    server = embedded.Postgres(folder, durable=False)
    server.prepare()
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(errors.StartError) as refusal, embedded.running(server):
        pass
    assert str(refusal.value) == f"The embedded postgres ended at its start; its log beside {folder} says why."
