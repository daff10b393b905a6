"""The database refuses silence, whichever way a change comes, and any rewrite of the log."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from audit import log
from registry import events
from registry.models import AISystem, Grant, ModelVersion, User
from registry.roles import Role
from tests import databases, factories

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


def rename_after(setting: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(setting)
        cursor.execute("UPDATE public.registry_aisystem SET purpose = 'another'")


def nudge(version: ModelVersion) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL extra_float_digits = -15")
        cursor.execute("UPDATE registry_modelversion SET threshold = threshold + 0.02 WHERE id = %s", [version.pk])


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
def test_log_table_refuses_removal_even_to_a_superuser(sequenced: None, table: str, statement: str) -> None:
    assert refused_to_superuser(statement.format(table), match="append-only")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'nobody'",
        "UPDATE audit_event SET leaf = NULL",
        "UPDATE audit_leaf SET hash = '\\x00'",
        "UPDATE audit_checkpoint SET note = ''",
        "UPDATE audit_pending SET ticket = ticket + 1",
        "UPDATE audit_sealed SET content = content || '\\x00'",
        "UPDATE audit_sealed SET person = 'another', content = NULL",
        "UPDATE audit_data_key SET person = 'another'",
        "DELETE FROM audit_data_key",
    ],
)
def test_log_table_refuses_rewrite_even_to_a_superuser(sequenced: None, statement: str) -> None:
    factories.person()  # leaves something pending and something sealed
    assert refused_to_superuser(statement, match=r"append-only|only be erased|wrapped anew or destroyed")


def test_ticket_without_a_place_stays_pending_even_for_a_superuser() -> None:
    factories.person()
    assert refused_to_superuser("DELETE FROM audit_pending", match="without a place")


def test_replica_mode_does_not_put_the_guards_to_sleep() -> None:
    system = factories.system()
    change = (
        f"SET session_replication_role = replica; UPDATE registry_aisystem SET purpose = 'x' WHERE id = '{system.pk}'"
    )
    assert refused_to_superuser(change, match="Unaudited change")


@pytest.mark.parametrize("setting", ["pgtrigger.ignore", "search_path"])
def test_session_setting_does_not_put_the_guards_to_sleep(setting: str) -> None:
    """pgtrigger's own triggers ask a variable of the session whether to be quiet; ours must not."""
    value = {
        "pgtrigger.ignore": "{pgtrigger_audited_0c7f8,audited,registry.AISystem:audited}",
        "search_path": "pg_temp, public",
    }
    factories.system()
    with pytest.raises(IntegrityError, match=UNAUDITED), transaction.atomic():
        rename_after(f"SELECT set_config('{setting}', '{value[setting]}', true)")


def refused_to_superuser(statement: str, *, match: str) -> bool:
    """Whether a guard, and not a missing right, refuses this to somebody who may do anything."""
    with (
        databases.superuser(connection.settings_dict["NAME"]) as superuser,
        pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=match),
    ):
        superuser.execute(statement)
    return True


def test_part_moved_to_another_whole_refuses_commit() -> None:
    account, other = factories.person(Role.AUDITOR), factories.person()
    with pytest.raises(IntegrityError, match="Unaudited change: UPDATE of registry_grant"), transaction.atomic():
        move_grants(account, other)


def test_governed_table_refuses_to_be_emptied_even_by_a_superuser() -> None:
    assert refused_to_superuser("TRUNCATE registry_grant", match="TRUNCATE of registry_grant is refused")


def test_float_changed_under_coarse_printing_is_a_change() -> None:
    """With few digits to print, two floats look alike as JSON; the guard compares bytes."""
    version = factories.version()
    with pytest.raises(IntegrityError, match="Unaudited change: UPDATE of registry_modelversion"), transaction.atomic():
        nudge(version)
