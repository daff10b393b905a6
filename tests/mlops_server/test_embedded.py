"""The embedded servers keep what they were given: over a restart, a kill, and a folder with a long name."""

import os
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from audit.database import grants
from mlops_server import embedded, errors, folders


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Passable for the user that runs PostgreSQL when the tests run as root."""
    return tmp_path / "data"


def remember(folder: Path) -> None:
    with psycopg.connect(embedded.Postgres(folder).url(role=grants.MIGRATOR)) as connection:
        connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
        connection.execute("GRANT SELECT ON note TO mlops")


def recall(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT text FROM note").fetchall()


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchall() == [(1,)]


def test_postgres_started_again_has_its_data(folder: Path) -> None:
    with embedded.postgres(folder):
        remember(folder)
    with embedded.postgres(folder) as url:
        assert recall(url) == [("kept",)]


def test_postgres_after_kill_has_its_data(folder: Path) -> None:
    server = embedded.Postgres(folder)
    with embedded.running(server) as process:
        server.create_database()
        remember(folder)
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


WHO = """
    SELECT rolname, current_user, pg_get_userbyid(datdba), rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls,
        has_schema_privilege('public', 'CREATE') OR has_database_privilege(datname, 'CREATE, TEMPORARY')
    FROM pg_roles, pg_database WHERE rolname = session_user AND datname = current_database()
"""


@pytest.mark.parametrize("role", [grants.APPLICATION, grants.SEQUENCER, grants.READER])
def test_postgres_roles_at_work_own_nothing_and_make_nothing(folder: Path, role: str) -> None:
    server = embedded.Postgres(folder, durable=False)
    with embedded.postgres(folder, durable=False), psycopg.connect(server.url(role=role)) as connection:
        assert connection.execute(WHO).fetchall() == [(role, role, "mlops_owner", False, False)]


def test_postgres_migrator_acts_as_the_owner(folder: Path) -> None:
    server = embedded.Postgres(folder, durable=False)
    with embedded.postgres(folder, durable=False), psycopg.connect(server.url(role=grants.MIGRATOR)) as connection:
        found = connection.execute(WHO).fetchall()
    assert found == [("mlops_migrator", "mlops_owner", "mlops_owner", False, True)]


@pytest.mark.parametrize("role", [grants.OWNER, grants.ERASER])
def test_postgres_owners_cannot_sign_in(folder: Path, role: str) -> None:
    with embedded.postgres(folder, durable=False), pytest.raises(psycopg.OperationalError, match="not permitted"):
        psycopg.connect(embedded.Postgres(folder).url(role=role))


def test_postgres_folder_from_before_the_roles_is_brought_over(folder: Path) -> None:
    server = embedded.Postgres(folder, durable=False)
    with embedded.running(server):
        with psycopg.connect(server.url("postgres", role="postgres"), autocommit=True) as connection:
            connection.execute("CREATE ROLE mlops LOGIN CREATEDB")
            connection.execute("CREATE DATABASE mlops OWNER mlops")
        with psycopg.connect(server.url()) as connection:
            connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
            connection.execute("CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        server.create_database()
        server.create_database()
        with psycopg.connect(server.url(role="postgres")) as connection:
            owners = (
                "SELECT DISTINCT pg_get_userbyid(owner) FROM (SELECT datdba FROM pg_database WHERE datname = 'mlops' "
            )
            owners += "UNION SELECT relowner FROM pg_class WHERE relname = 'note' UNION SELECT proowner FROM pg_proc "
            found = connection.execute(owners + "WHERE proname = 'one') AS each (owner)").fetchall()
    assert found == [("mlops_owner",)]


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
