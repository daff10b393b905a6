"""Keys of people under the installation's key: made once, wrapped anew without a gap, for nobody to change."""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction

from audit import actors, log, log_events
from audit.database import grants
from audit.erasure import rewrapping
from audit.models import DataKey, Event
from audit.sealed import datakeys, installation_key
from audit.tlog import entry
from tests import databases, factories

pytestmark = pytest.mark.usefixtures("folder")
OPERATOR = actors.system("test")
LOG = log.Subject("log", "example.org/log")
TABLE_LOCK = "LOCK TABLE audit_data_key IN SHARE ROW EXCLUSIVE MODE"


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Keys of the test's own."""
    settings.SIGNING_KEY_DIR = tmp_path
    datakeys._known.clear()
    yield tmp_path
    datakeys._known.clear()


def living() -> dict[str, bytes]:
    """Each person's key, unwrapped with what the folder holds."""
    rows = DataKey.objects.exclude(wrapped=None)
    return {row.person: datakeys.unwrap(bytes(row.wrapped or b""), person=row.person) for row in rows}


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """Django work on a connection of its own; returns once it waits for a lock."""

    def run() -> None:
        work()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    with databases.superuser(connection.settings_dict["NAME"]) as watcher:
        while not watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:  # type: ignore[index]
            assert thread.is_alive()
            time.sleep(0.01)
    return thread


@pytest.mark.django_db
def test_key_of_a_person_is_made_once() -> None:
    first = datakeys.of("person:ada")
    datakeys.forget("person:ada")
    assert (datakeys.of("person:ada").id, datakeys.living("person:ada")) == (first.id, [first.id])


@pytest.mark.django_db
def test_key_of_another_installation_does_not_open(settings: Any, tmp_path: Path) -> None:
    identity = datakeys.of("person:ada").id
    settings.SIGNING_KEY_DIR = tmp_path / "another"
    with pytest.raises(datakeys.KeyUnusable):
        datakeys.by_id(identity)


@pytest.mark.django_db
def test_wrapped_key_moved_to_another_person_does_not_open() -> None:
    wrapped = datakeys.wrap(bytes(32), person="person:ada")
    with pytest.raises(datakeys.KeyUnusable):
        datakeys.unwrap(wrapped, person="person:bob")


@pytest.mark.django_db
def test_installation_key_is_for_its_owner_alone(folder: Path) -> None:
    installation_key.current()
    assert {path.name: oct(path.stat().st_mode)[-3:] for path in folder.iterdir()} == {"sealing.key": "600"}


def test_rotation_keeps_every_key_and_leaves_one_file(live_database: str, folder: Path) -> None:
    factories.person()
    before, file = living(), installation_key.current()
    assert databases.by_owner(rewrapping.rotate, actor=OPERATOR) == len(before)
    assert (living(), installation_key.known()) == (before, [installation_key.current()])
    assert installation_key.current() != file
    assert {path.name for path in folder.glob("sealing*")} == {"sealing.key", "sealing.lock"}


def test_rotation_is_recorded(live_database: str) -> None:
    databases.by_owner(call_command, "rotate_sealing_key", stdout=io.StringIO())
    told = entry.parse(bytes(Event.objects.get(event="log.sealing_key_rotated").leaf or b""))
    assert (told["actor"], Event.objects.latest("ticket").subject_type) == ("system:rotate_sealing_key", "log")


# Twenty processes that rotate without end, each killed after some milliseconds of it.
KILLED = """
import os, random, signal, time
import django
django.setup()
from audit import actors
from audit.erasure import rewrapping
for _ in range(20):
    child = os.fork()
    while not child:
        rewrapping.rotate(actor=actors.system("test"))
    time.sleep(random.uniform(0.02, 0.15))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_rotation_killed_at_random_loses_no_key(live_database: str, folder: Path) -> None:
    for person in ("person:ada", "person:bob"):
        datakeys.of(person)
    before, file = living(), installation_key.current()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "DATABASE_URL": databases.url(live_database, role=grants.OWNER),
        "SIGNING_KEY_DIR": str(folder),
    }
    subprocess.run([sys.executable, "-c", KILLED], cwd=settings.BASE_DIR, env=environment, check=True, timeout=120)
    assert (living(), installation_key.current() == file) == (before, False)
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    assert (living(), len(installation_key.known())) == (before, 1)
    assert {path.name for path in folder.glob("sealing*")} == {"sealing.key", "sealing.lock"}


def test_rotation_of_files_that_a_secret_store_owns_touches_none(live_database: str, folder: Path) -> None:
    datakeys.of("person:ada")
    before = living()
    files = {"sealing.old": installation_key.current(), "sealing.key": os.urandom(32)}
    for name, key in files.items():
        (folder / name).write_bytes(key)
    databases.by_owner(call_command, "rotate_sealing_key", "--files-elsewhere", stdout=io.StringIO())
    (folder / "sealing.old").unlink()
    assert (living(), installation_key.known()) == (before, [files["sealing.key"]])


def test_copy_from_before_a_rotation_opens_with_nothing(live_database: str) -> None:
    datakeys.of("person:ada")
    kept = bytes(DataKey.objects.get(person="person:ada").wrapped or b"")
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    with pytest.raises(datakeys.KeyUnusable):
        datakeys.unwrap(kept, person="person:ada")


def test_rotation_that_stopped_with_both_names_on_one_key_is_finished(live_database: str, folder: Path) -> None:
    datakeys.of("person:ada")
    before = living()
    os.link(folder / "sealing.key", folder / "sealing.old")
    assert living() == before
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    assert (living(), (folder / "sealing.old").exists()) == (before, False)


def test_rotation_that_stopped_before_wrapping_anew_is_finished(live_database: str, folder: Path) -> None:
    datakeys.of("person:ada")
    before = living()
    installation_key.replace()
    datakeys.of("person:bob")  # already under the new one
    assert living() == {**living(), **before}
    both = living()
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    assert (living(), (folder / "sealing.old").exists()) == (both, False)


def test_rotation_that_stopped_before_the_old_file_went_is_finished(live_database: str, folder: Path) -> None:
    datakeys.of("person:ada")
    before, file = living(), installation_key.current()
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    (folder / "sealing.old").write_bytes(file)
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    assert (living(), (folder / "sealing.old").exists()) == (before, False)


def test_rotation_that_stopped_between_emptying_the_old_file_and_its_end_is_finished(
    live_database: str, folder: Path
) -> None:
    datakeys.of("person:ada")
    before = living()
    (folder / "sealing.old").write_bytes(bytes(32))
    assert living() == before
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    assert (living(), (folder / "sealing.old").exists()) == (before, False)


def test_process_that_still_has_the_old_file_seals_nothing_under_it(live_database: str, folder: Path) -> None:
    """A container that was given the one file keeps it, emptied, when another takes its name."""
    datakeys.of("person:ada")
    given = folder / "given"
    os.link(folder / "sealing.key", given)
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    given.rename(folder / "sealing.key")
    with pytest.raises(installation_key.KeyGone):
        datakeys.of("person:bob")
    assert datakeys.living("person:bob") == []


def insert(person: str, wrapped: bytes) -> None:
    """As whoever has the application's rights and not its files may."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_data_key (person, wrapped) VALUES (%s, %s)", [person, wrapped])


def test_rotation_passes_over_a_key_that_opens_with_neither_file(live_database: str, folder: Path) -> None:
    datakeys.of("person:ada")
    before = living()
    insert("person:nobody", bytes(60))
    with structlog.testing.capture_logs() as logged:
        assert databases.by_owner(rewrapping.rotate, actor=OPERATOR) == 1
    row = DataKey.objects.get(person="person:nobody")
    assert [(line["event"], line["key"]) for line in logged] == [("a data key is not wrapped anew", row.pk)]
    ada = DataKey.objects.get(person="person:ada")
    assert datakeys.unwrap(bytes(ada.wrapped or b""), person=ada.person) == before["person:ada"]
    assert (bytes(row.wrapped or b""), (folder / "sealing.old").exists()) == (bytes(60), False)


def test_rotation_where_no_key_opens_keeps_both_files(live_database: str, folder: Path) -> None:
    insert("person:bob", bytes(60))
    installation_key.current()
    with pytest.raises(datakeys.KeyUnusable):
        databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    assert ((folder / "sealing.key").exists(), (folder / "sealing.old").exists()) == (True, True)


@pytest.mark.django_db
@pytest.mark.parametrize("wrapped", [b"", b"xx", bytes(59), bytes(61)])
def test_key_of_another_length_is_refused_and_does_not_open(wrapped: bytes) -> None:
    with pytest.raises(DatabaseError, match="wrapped_key"):
        insert("person:nobody", wrapped)
    with pytest.raises(datakeys.KeyUnusable):
        datakeys.unwrap(wrapped, person="person:nobody")


@pytest.mark.django_db
def test_usable_keys_are_those_that_open() -> None:
    ada = datakeys.of("person:ada").id
    insert("person:nobody", bytes(60))
    assert datakeys.usable(DataKey.objects.values_list("pk", flat=True)).keys() == {ada}


def test_rotation_waits_for_a_key_that_is_being_made(live_database: str) -> None:
    """A process wrapped it under the old file and has not committed: it must not be left behind."""
    key = os.urandom(32)
    with psycopg.connect(databases.url(live_database)) as process:
        values = ["person:ada", datakeys.wrap(key, person="person:ada")]
        process.execute("INSERT INTO audit_data_key (person, wrapped) VALUES (%s, %s)", values)
        rotation = in_thread(lambda: databases.by_owner(rewrapping.rotate, actor=OPERATOR))
        process.commit()
        rotation.join()
    assert (living(), len(installation_key.known())) == ({"person:ada": key}, 1)


def test_key_made_during_a_rotation_is_under_the_new_file(live_database: str) -> None:
    """It had been wrapped under the old file when the rotation took the table's lock."""
    installation_key.current()
    with psycopg.connect(databases.url(live_database, role="postgres")) as rotation:
        rotation.execute(TABLE_LOCK)
        process = in_thread(lambda: datakeys.of("person:ada"))
        installation_key.replace()
        rotation.commit()
        process.join()
    installation_key.destroy_old()
    assert living().keys() == {"person:ada"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_data_key SET wrapped = NULL",
        "UPDATE audit_data_key SET wrapped = '\\x00'",
        "UPDATE audit_sealed SET content = NULL",
        "DELETE FROM audit_data_key",
        "DELETE FROM audit_sealed",
        TABLE_LOCK,
    ],
)
def test_application_cannot_touch_a_key_or_what_it_seals(change: str) -> None:
    factories.person()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(change)


def rewrap(*columns: list[Any]) -> bool:
    with transaction.atomic(), databases.acting_as(grants.OWNER), connection.cursor() as cursor:
        cursor.execute("SELECT audit_rewrap(%s::bigint[], %s::bytea[], %s::bytea[])", columns)
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db
def test_rewrap_without_its_event_is_refused() -> None:
    row = DataKey.objects.get(pk=datakeys.of("person:ada").id)
    with pytest.raises(DatabaseError, match="only with an event of the same transaction"):
        rewrap([row.pk], [row.wrapped], [os.urandom(60)])


@pytest.mark.django_db
def test_rewrap_that_leaves_a_key_out_changes_nothing() -> None:
    rows = [DataKey.objects.get(pk=datakeys.of(person).id) for person in ("person:ada", "person:bob")]
    databases.by_owner(log.record, log_events.SealingKeyRotated(), subject=LOG, actor=OPERATOR)
    assert rewrap([rows[0].pk], [rows[0].wrapped], [os.urandom(60)]) is False
    assert [bytes(row.wrapped or b"") for row in DataKey.objects.order_by("id")] == [
        bytes(row.wrapped or b"") for row in rows
    ]


def test_destroyed_key_is_not_brought_back(live_database: str) -> None:
    row = DataKey.objects.get(pk=datakeys.of("person:ada").id)
    with databases.superuser(live_database) as superuser:
        superuser.execute("UPDATE audit_data_key SET wrapped = NULL WHERE id = %s", [row.pk])
    with transaction.atomic():
        databases.by_owner(log.record, log_events.SealingKeyRotated(), subject=LOG, actor=OPERATOR)
        assert rewrap([row.pk], [row.wrapped], [os.urandom(60)]) is True
    assert (DataKey.objects.get().wrapped, datakeys.by_id(row.pk)) == (None, None)


def test_key_file_in_a_backup_opens_nothing_after_a_rotation(live_database: str) -> None:
    """Database from now, file from before."""
    datakeys.of("person:ada")
    file = installation_key.current()
    databases.by_owner(rewrapping.rotate, actor=OPERATOR)
    wrapped = bytes(DataKey.objects.get().wrapped or b"")
    with pytest.raises(InvalidTag):
        AESGCM(file).decrypt(wrapped[:12], wrapped[12:], b"person:ada")
