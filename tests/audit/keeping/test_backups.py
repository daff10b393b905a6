"""Backups: whole or refused, never with what was erased since, and never a second history under one name."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from psycopg import sql

from audit import actors, log
from audit.database import grants
from audit.keeping import backups
from audit.log_events import LogExported
from audit.models import Checkpoint, DataKey, Event
from audit.outside import continuity
from audit.sealed import sealing
from audit.tree import proofs
from mlops_server import embedded, processes
from tests import databases, factories
from tests.audit import outside

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def var(tmp_path: Path, settings: Any) -> Path:
    """The data folder of this installation: keys, published files, artifacts."""
    settings.VAR_DIR = tmp_path
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    settings.ARTIFACT_URL = f"file://{tmp_path}/artifacts"
    return tmp_path


@pytest.fixture
def empty() -> Iterator[str]:
    """A new database with nothing in it, as its administrator hands it over."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with databases.superuser("postgres") as administrator:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE template1 OWNER {}")
        administrator.execute(statement.format(sql.Identifier(name), sql.Identifier(grants.OWNER)))
    with databases.superuser(name) as connected:
        connected.execute(embedded.ROLES_SQL.read_bytes())
    yield name
    databases.drop(name)


def manage(var: Path, database: str, *arguments: str, role: str = grants.MIGRATOR) -> subprocess.CompletedProcess[str]:
    """A command on a database, in a role's own session, as an operator runs it."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")},
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "DATABASE_URL": databases.url(database, role=role),
        "VAR_DIR": str(var),
    }
    command = [sys.executable, str(processes.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def backup(var: Path, name: str = "monday") -> Path:
    done = manage(var, connection.settings_dict["NAME"], "backup", str(var / "backups" / name))
    assert done.returncode == 0, done.stderr
    return var / "backups" / name


def restore(var: Path, database: str, folder: Path, *options: str) -> str:
    done = manage(var, database, "restore", str(folder), *options)
    return done.stdout if done.returncode == 0 else done.stderr


def contents(database: str) -> dict[str, str]:
    """Every table's rows as one digest."""
    with psycopg.connect(databases.url(database, role="postgres")) as connected:
        names = connected.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        digest = sql.SQL("SELECT md5(coalesce(string_agg(row::text, chr(10) ORDER BY row::text), '')) FROM {} row")
        found = {name: connected.execute(digest.format(sql.Identifier(name))).fetchone() for (name,) in names}
    return {name: row[0] for name, row in found.items() if row}


def test_restored_database_is_the_one_that_was_backed_up(var: Path, empty: str) -> None:
    factories.system()
    outside.place()
    folder = backup(var)
    said = restore(var, empty, folder)
    assert said.endswith("Nothing outside remembers more than this: the sequencer goes on where the backup ends.\n")
    assert contents(empty) == contents(connection.settings_dict["NAME"])


def test_restored_database_has_its_rights_and_its_guards_and_goes_on(var: Path, empty: str) -> None:
    factories.system()
    size = outside.place()
    restore(var, empty, backup(var))
    with databases.used(empty):
        with connection.cursor() as cursor:
            assert grants.differences(cursor) == (set(), set())
            cursor.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'")
            assert cursor.fetchone() == (0,)
        factories.system()
        assert outside.place() > size


def test_manifest_names_the_head_and_every_file(var: Path) -> None:
    outside.happen(3)
    size = outside.place()
    outside.publish()
    folder = backup(var)
    told = json.loads((folder / "manifest.json").read_bytes())
    head = Checkpoint.objects.get(size=size)
    assert (told["head"]["size"], told["head"]["root"]) == (size, backups._head(size, head.note).root)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert told["files"].keys() == files - {"manifest.json"} >= {"database.dump", "published/checkpoint"}
    assert [path for path in var.rglob("backups/**/*") if path.suffix == ".key"] == []


def test_backup_into_a_folder_that_is_not_empty_is_refused(var: Path) -> None:
    backup(var)
    done = manage(var, connection.settings_dict["NAME"], "backup", str(var / "backups" / "monday"))
    assert (done.returncode, "is not empty" in done.stderr) == (1, True)


def test_artifacts_come_back_under_their_digest(var: Path, empty: str) -> None:
    stored = var / "artifacts" / "sha256" / "ab" / "abcd"
    stored.parent.mkdir(parents=True)
    stored.write_bytes(b"weights")
    folder = backup(var)
    stored.unlink()
    restore(var, empty, folder)
    assert stored.read_bytes() == b"weights"


@pytest.mark.parametrize("file", ["database.dump", "keys/log.pub"])
def test_backup_that_was_changed_is_refused_before_anything_is_touched(var: Path, empty: str, file: str) -> None:
    outside.place()
    folder = backup(var)
    raw = bytearray((folder / file).read_bytes())
    raw[len(raw) // 2] ^= 1
    (folder / file).write_bytes(raw)
    assert f"{file} has changed since the backup was made." in restore(var, empty, folder)
    (folder / file).unlink()
    assert f"{file} is missing from the backup." in restore(var, empty, folder)
    assert contents(empty) == {}


def test_restore_into_a_database_with_something_in_it_needs_to_be_asked_for(var: Path) -> None:
    outside.happen()
    outside.place()
    folder = backup(var)
    outside.happen(2)
    name = connection.settings_dict["NAME"]
    assert "Restore into a new one, or empty this one with --replace." in restore(var, name, folder)
    connection.close()
    assert "Restored the backup of" in restore(var, name, folder, "--replace")
    assert Event.objects.filter(event="log.exported").count() == 1


def test_words_whose_key_was_destroyed_after_the_backup_do_not_come_back(var: Path, empty: str) -> None:
    with transaction.atomic():
        event = LogExported(format="jsonl", first=0, end=1)
        log.record(event, subject=log.Subject("log", "test"), actor=actors.system("test"), reason="Said in confidence.")
    outside.place()
    monday = backup(var)
    assert [one.value for one in sealing.opened(Event.objects.all())] == ["Said in confidence."]
    with databases.acting_as(grants.ERASER), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_data_key SET wrapped = NULL")
    backup(var, "tuesday")
    restore(var, empty, monday)
    with databases.used(empty):
        assert [one.value for one in sealing.opened(Event.objects.all())] == []


def test_data_keys_older_than_the_backup_are_refused(var: Path, empty: str) -> None:
    backup(var)
    keys = var / "backups" / "data-keys.json"
    older = keys.read_bytes()
    folder = backup(var, "tuesday")
    keys.write_bytes(older)
    assert "use the newest keys" in restore(var, empty, folder)


def test_data_keys_do_not_stand_in_the_backup(var: Path) -> None:
    factories.person()
    wrapped = [bytes(key.wrapped or b"") for key in DataKey.objects.all()]
    folder = backup(var)
    dump = subprocess.run(
        [backups._program("pg_restore"), "--file=-", "--data-only", str(folder / "database.dump")],
        capture_output=True,
        check=True,
    ).stdout
    assert (len(wrapped) > 0, [key for key in wrapped if key.hex().encode() in dump]) == (True, [])


def test_old_backup_is_not_signed_on_until_a_person_decides(var: Path, empty: str) -> None:
    person = factories.person()
    outside.place()
    outside.publish()
    folder = backup(var)
    outside.happen(5)
    lost = outside.place()
    outside.publish()
    said = restore(var, empty, folder)
    assert f"remembers {lost} entries" in said
    with databases.used(empty):
        outside.happen()
    refused = manage(var, empty, "sequencer", "--once", role=grants.SEQUENCER)
    assert (refused.returncode, f"remembers {lost} entries" in refused.stderr) == (1, True)
    decision = ("resume_log", "--as", person.username, "--reason", "The disk died; there is no newer backup.")
    decided = manage(var, empty, *decision)
    assert (decided.returncode, "goes on as localhost/mlops~2" in decided.stdout) == (0, True), decided.stderr
    assert manage(var, empty, "sequencer", "--once", role=grants.SEQUENCER).returncode == 0
    with databases.used(empty):
        continuity.check()
        published = outside.publish()
        head = proofs.latest()
        assert (published.waiting, published.size) == ("", head and head.size)
        assert outside.verified(var / "published" / "~2") == []
    assert outside.verified(var / "published") == []


def test_restored_pending_tickets_belong_to_no_transaction_of_the_new_server(var: Path, empty: str) -> None:
    factories.person()
    restore(var, empty, backup(var))
    with databases.superuser(empty) as connected:
        assert connected.execute("SELECT DISTINCT xid::text FROM audit_pending").fetchall() == [("0",)]
