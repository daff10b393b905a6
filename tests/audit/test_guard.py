"""The database refuses silence, whichever way a change comes, and any rewrite of the log."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from audit import log
from registry import events
from registry.models import AISystem, Grant, User
from registry.roles import Role
from tests import factories

pytestmark = pytest.mark.usefixtures("live_database")
UNAUDITED = "Unaudited change: UPDATE of registry_aisystem"


def rename_silently(system: AISystem) -> None:
    system.purpose = "another"
    system.save()


def rename_in_bulk(system: AISystem) -> None:
    AISystem.objects.filter(pk=system.pk).update(purpose="another")


def rename_under(event: events.SystemUpdated, system: AISystem, other: AISystem) -> None:
    rename_in_bulk(system)
    log.record(event, subject=other, actor=factories.bootstrap())


def move_grants(account: User, other: User) -> None:
    Grant.objects.filter(account=account).update(account=other)
    log.record(events.AccountCreated(kind="person"), subject=other, actor=factories.bootstrap())


def rename_by_sql(system: AISystem) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_aisystem SET purpose = 'another'")


@pytest.mark.parametrize("change", [rename_silently, rename_in_bulk, rename_by_sql])
def test_change_without_event_refuses_commit(change: Callable[[AISystem], None]) -> None:
    system = factories.system()
    with pytest.raises(IntegrityError, match=UNAUDITED), transaction.atomic():
        change(system)
    assert AISystem.objects.get(pk=system.pk).purpose != "another"


def test_change_with_event_about_another_subject_refuses_commit() -> None:
    system, other = factories.system(), factories.system()
    event = events.SystemUpdated(changed=["purpose"], revision=2)
    with pytest.raises(IntegrityError, match=UNAUDITED), transaction.atomic():
        rename_under(event, system, other)


def test_delete_without_event_refuses_commit() -> None:
    system = factories.system()
    with pytest.raises(IntegrityError, match="Unaudited change: DELETE"), transaction.atomic():
        AISystem.objects.filter(pk=system.pk).delete()


def test_operational_column_changes_without_event() -> None:
    account = factories.person()
    type(account).objects.filter(pk=account.pk).update(last_login="2026-01-01T00:00Z")
    account.refresh_from_db()
    assert account.last_login is not None


@pytest.mark.parametrize("table", ["audit_event", "audit_leaf", "audit_tile", "audit_checkpoint", "audit_sealed"])
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
def test_log_table_refuses_removal(sequenced: None, table: str, statement: str) -> None:
    with pytest.raises(IntegrityError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'nobody'",
        "UPDATE audit_leaf SET hash = '\\x00'",
        "UPDATE audit_checkpoint SET note = ''",
        "UPDATE audit_pending SET ticket = ticket + 1",
        "UPDATE audit_sealed SET value = 'other'",
        "UPDATE audit_sealed SET value = NULL",
    ],
)
def test_log_table_refuses_rewrite(sequenced: None, statement: str) -> None:
    factories.person()  # leaves something pending and something sealed
    with pytest.raises(IntegrityError, match=r"append-only|only be erased"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_sealed_value_with_its_salt_can_be_erased(sequenced: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_sealed SET value = NULL, salt = NULL")
        cursor.execute("SELECT count(*) FROM audit_sealed WHERE value IS NOT NULL OR salt IS NOT NULL")
        assert cursor.fetchone() == (0,)


def test_part_moved_to_another_whole_refuses_commit() -> None:
    account, other = factories.person(Role.AUDITOR), factories.person()
    with pytest.raises(IntegrityError, match="Unaudited change: UPDATE of registry_grant"), transaction.atomic():
        move_grants(account, other)


def test_governed_table_refuses_to_be_emptied() -> None:
    with pytest.raises(IntegrityError, match="TRUNCATE of registry_grant is refused"), connection.cursor() as cursor:
        cursor.execute("TRUNCATE registry_grant")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit_pending (ticket, subject_type, subject_id) VALUES (999, 'system', '1')",
        "DELETE FROM audit_pending",
    ],
)
def test_pending_set_is_only_for_events_and_the_sequencer(statement: str) -> None:
    factories.person()
    with pytest.raises(IntegrityError, match=r"Only an event|without a place"), connection.cursor() as cursor:
        cursor.execute(statement)
