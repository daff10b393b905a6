"""Whoever may do anything to the database changes each column and each row, behind every guard: all of it is found."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from audit import guard
from audit.watch import rows, selfcheck
from audit.watch.findings import Finding
from tests import databases
from tests.audit.watch import tampering, worlds
from tests.audit.watch.tampering import Superuser

#: Reviewed, and no longer than three. A transaction's number means nothing once it has ended; two surrogate keys to
#: which nothing refers.
NO_EVIDENCE = {("audit_pending", "xid"), ("audit_sealed", "id"), ("audit_cosignature", "id")}
#: Where an entry's row and its leaf no longer fit, either may have been changed, and the pending set lacks the event.
TOLD_BY = {
    "audit_event": {"audit_event", "audit_leaf", "audit_pending"},
    "audit_leaf": {"audit_event", "audit_leaf", "audit_pending"},
}
#: The row to change in a table, where not any.
WHERE = {
    "audit_event": "changes IS NOT NULL AND request <> ''",
    "audit_sealed": "content IS NOT NULL",
    "audit_data_key": "wrapped IS NOT NULL",
}
GOVERNED = {model._meta.db_table: model for model in rows.governed()}


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Superuser]:
    """This module's database, and a superuser in it."""
    policy = worlds.policy(tmp_path_factory.mktemp("policy"))
    with django_db_blocker.unblock(), override_settings(LOG_TRUST_POLICY=policy):
        name = databases.clone()
        with databases.used(name), databases.superuser(name) as connection:
            worlds.build()
            yield connection
        databases.drop(name)


def found() -> list[Finding]:
    """What a run finds; it must be able to look at everything, whatever was done."""
    result = selfcheck.run()
    assert result.complete, result.warnings
    return result.findings


def missed(attack: contextlib.AbstractContextManager[dict[str, Any]], table: str, column: str = "") -> list[str]:
    """What to complain about after one attack: nothing, where it was found and named."""
    with attack as row:
        findings = found()
    tables = TOLD_BY.get(table, {table})
    named = [one for one in findings if one.table in tables]
    return [] if named else [f"{table}.{column} of {row}: {[str(one) for one in findings[:3]]}"]


def test_untouched_world_has_no_finding(world: Superuser) -> None:
    assert found() == []


def test_every_column_of_the_log_is_evidence_but_for_three(world: Superuser) -> None:
    complaints = []
    for table in tampering.tables(world):
        if table in GOVERNED:
            continue
        for column in tampering.columns(world, table):
            attack = tampering.changed(world, table, column, where=WHERE.get(table, "true"))
            if (table, column) not in NO_EVIDENCE:
                complaints += missed(attack, table, column)
    assert complaints == []
    assert len(NO_EVIDENCE) <= 3


def test_every_column_of_every_governed_row_is_found_and_named(world: Superuser) -> None:
    watched = {
        table: [column for column in tampering.columns(world, table) if column not in guard.of(model).operational]
        for table, model in GOVERNED.items()
    }
    complaints = []
    for number in range(max(map(len, watched.values()))):  # one column of every table at a time
        wave = {table: names[number] for table, names in watched.items() if number < len(names)}
        with contextlib.ExitStack() as attacks:
            before = {t: attacks.enter_context(tampering.changed(world, t, c)) for t, c in wave.items()}
            findings = found()
        complaints += [f"{t}.{c}" for t, c in wave.items() if not names_column(findings, t, c, before[t])]
    assert complaints == []


def names_column(findings: list[Finding], table: str, column: str, row: dict[str, Any]) -> bool:
    """Whether a finding names table, row and column; of parts that the log knows as a whole, their whole."""
    key = "user_ptr_id" if "user_ptr_id" in row else "id"
    about = [one for one in findings if one.table == table]
    whole = f"with {guard.of(GOVERNED[table]).key} "
    return any(one.key.startswith(whole) for one in about) or any(
        one.key == str(row[key]) and (column == key or column in one.column) for one in about
    )


def test_deleted_and_inserted_rows_of_governed_tables_are_found(world: Superuser) -> None:
    for attack in (tampering.deleted, tampering.inserted):
        with contextlib.ExitStack() as attacks:
            for table in GOVERNED:
                attacks.enter_context(attack(world, table))
            findings = found()
        assert GOVERNED.keys() - tampering.names(findings) == set()


@pytest.mark.parametrize("attack", [tampering.deleted, tampering.inserted])
def test_deleted_and_inserted_rows_of_the_log_are_found(world: Superuser, attack: Any) -> None:
    complaints = []
    for table in tampering.tables(world):
        if table not in GOVERNED:
            complaints += missed(attack(world, table, where=WHERE.get(table, "true")), table)
    assert complaints == []


REWRITTEN = {
    "a leaf and its hash together": [
        ("audit_event", "UPDATE audit_event SET leaf = set_byte(leaf, 30, 48) WHERE ticket = 290"),
        (
            "audit_leaf",
            r"UPDATE audit_leaf SET hash = sha256('\x00'::bytea || (SELECT leaf FROM audit_event WHERE ticket = 290)) "
            "WHERE ticket = 290",
        ),
    ],
    "two places exchanged": [
        (
            "audit_leaf",
            "UPDATE audit_leaf a SET hash = b.hash, ticket = -b.ticket FROM audit_leaf b WHERE a.index + b.index = 581 "
            "AND a.index IN (290, 291); UPDATE audit_leaf SET ticket = -ticket WHERE ticket < 0",
        )
    ],
    "two heads exchanged": [
        (
            "audit_checkpoint",
            "UPDATE audit_checkpoint a SET note = b.note FROM audit_checkpoint b WHERE a.size <> b.size AND "
            "a.size IN (SELECT size FROM audit_checkpoint ORDER BY size LIMIT 2) AND "
            "b.size IN (SELECT size FROM audit_checkpoint ORDER BY size LIMIT 2)",
        )
    ],
    "a signature of nobody": [
        ("audit_checkpoint", "UPDATE audit_checkpoint SET note = overlay(note PLACING 'AAAA' FROM length(note) - 20)")
    ],
    "the pending set emptied": [("audit_pending", "DELETE FROM audit_pending")],
    "an event never recorded": [
        ("audit_event", "DELETE FROM audit_event WHERE ticket = (SELECT max(ticket) FROM audit_event)"),
        ("audit_pending", "DELETE FROM audit_pending WHERE ticket = (SELECT max(ticket) FROM audit_pending)"),
    ],
    "the newest head taken back": [
        ("audit_checkpoint", "DELETE FROM audit_checkpoint WHERE size = (SELECT max(size) FROM audit_checkpoint)")
    ],
    "sealed values exchanged": [
        (
            "audit_sealed",
            "UPDATE audit_sealed a SET content = b.content FROM audit_sealed b WHERE a.person = b.person AND "
            "a.ticket <> b.ticket AND a.content IS NOT NULL AND b.content IS NOT NULL",
        )
    ],
    "values erased without a word": [("audit_sealed", "UPDATE audit_sealed SET content = NULL")],
    "keys destroyed without a word": [("audit_data_key", "UPDATE audit_data_key SET wrapped = NULL")],
    "bytes sent nowhere": [("audit_event", "UPDATE audit_event SET leaf = NULL WHERE ticket = 290")],
    **{
        f"a tile's byte {place}": [("audit_tile", f"UPDATE audit_tile SET data = set_byte(data, {place}, 0)")]
        for place in (0, 31, 32, 4095, 8191)
    },
    "a tile cut short": [("audit_tile", "UPDATE audit_tile SET data = substring(data FROM 1 FOR 8160)")],
    "a tile too many": [
        ("audit_tile", "INSERT INTO audit_tile SELECT 1, 0, data, root FROM audit_tile WHERE level = 0 AND n = 0")
    ],
}

#: Where an attack shows, if not where it was made.
SHOWS_IN = {
    "two places exchanged": "audit_checkpoint",
    "an event never recorded": "registry_user",
    "the newest head taken back": "audit_leaf",
    "bytes sent nowhere": "audit_archived_bundle",
}


@pytest.mark.parametrize("attack", REWRITTEN)
def test_rewritten_log_is_found(world: Superuser, attack: str) -> None:
    with tampering.rewritten(world, *REWRITTEN[attack]):
        findings = found()
    assert SHOWS_IN.get(attack, REWRITTEN[attack][0][0]) in tampering.names(findings)


def test_changed_bundle_in_the_archive_is_found(world: Superuser) -> None:
    (row,) = world.execute("SELECT url FROM audit_archived_bundle").fetchall()
    path = Path(row[0].removeprefix("file://"))
    kept = path.read_bytes()
    try:
        path.write_bytes(kept.replace(b'"number":7', b'"number":8'))
        findings = found()
    finally:
        path.write_bytes(kept)
    assert [(one.table, one.key, one.column) for one in findings] == [("audit_archived_bundle", "0", "digest")]


def test_dropped_guard_is_found(world: Superuser) -> None:
    world.execute("ALTER TABLE audit_event DISABLE TRIGGER append_only")
    findings = found()
    world.execute("ALTER TABLE audit_event ENABLE ALWAYS TRIGGER append_only")
    assert [one.table for one in findings] == ["database"]
    assert "append_only of audit_event" in findings[0].actual


def test_world_is_as_it_was(world: Superuser) -> None:
    """The attacks above were undone: none of them stands in another's light."""
    assert found() == []
