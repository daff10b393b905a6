"""Every way to take a guard away, or to work in a role that could, is found."""

import pytest
from django.core.management import call_command
from django.db import connection

from audit.database import checks, grants
from tests import databases

pytestmark = pytest.mark.django_db

ASLEEP = "The guard append_only of audit_event does not fire in every session (it is not ENABLE ALWAYS)."
OTHERWISE = "The guard {} is defined otherwise than in the code."
TAMPERING = {
    "ALTER TABLE audit_event DISABLE TRIGGER append_only": ASLEEP,
    "ALTER TABLE audit_event ENABLE TRIGGER append_only": ASLEEP,
    "ALTER TABLE audit_event ENABLE REPLICA TRIGGER append_only": ASLEEP,
    "DROP TRIGGER enqueue ON audit_event": "The guard enqueue of audit_event is missing.",
    "DROP TRIGGER no_truncate ON audit_leaf; CREATE TRIGGER no_truncate AFTER TRUNCATE ON audit_leaf EXECUTE FUNCTION "
    "audit_refuse(); ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER no_truncate": OTHERWISE.format(
        "no_truncate of audit_leaf"
    ),
    "DROP TRIGGER append_only ON audit_leaf; CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_leaf FOR EACH "
    "ROW WHEN (OLD.index < 0) EXECUTE FUNCTION audit_refuse(); ALTER TABLE audit_leaf ENABLE ALWAYS TRIGGER append_only"
    "": OTHERWISE.format("append_only of audit_leaf"),
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": (
        "The function audit_refuse is not the one in the code."
    ),
    "ALTER FUNCTION audit_enqueue() SECURITY INVOKER": "The function audit_enqueue is not the one in the code.",
    "ALTER FUNCTION audit_refuse() SET search_path = pg_temp": "The function audit_refuse is not the one in the code.",
    "CREATE FUNCTION open_door() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'": (
        "The function open_door has its owner's rights, and the code knows nothing of it."
    ),
    "ALTER FUNCTION audit_refuse() OWNER TO mlops": "The role mlops owns 1 functions, which it can replace.",
    "CREATE TRIGGER quiet BEFORE INSERT ON audit_event EXECUTE FUNCTION audit_refuse()": (
        "The guard quiet of audit_event is none that the code knows."
    ),
    "CREATE RULE quiet AS ON INSERT TO audit_event DO INSTEAD NOTHING": (
        "The table audit_event has rewrite rules, which the code knows nothing of."
    ),
    "ALTER TABLE registry_slot ENABLE ROW LEVEL SECURITY": (
        "The table registry_slot has row security, which the code knows nothing of."
    ),
    "GRANT UPDATE ON audit_event TO mlops": "mlops may UPDATE on audit_event, which it should not.",
    "GRANT UPDATE (leaf) ON audit_event TO mlops": "mlops may UPDATE (leaf) on audit_event, which it should not.",
    "GRANT DELETE ON audit_pending TO PUBLIC": "PUBLIC may DELETE on audit_pending, which it should not.",
    "GRANT TRIGGER ON registry_slot TO mlops": "mlops may TRIGGER on registry_slot, which it should not.",
    "REVOKE INSERT ON audit_event FROM mlops": (
        "mlops may not INSERT on audit_event: run `manage.py migrate` as the migrator."
    ),
    "GRANT CREATE ON SCHEMA public TO mlops": "The role mlops may create schemas, functions or tables.",
    "ALTER TABLE registry_slot OWNER TO mlops": (
        "This process works as mlops, who owns 1 tables: it can switch off what guards its own log."
    ),
}


def as_superuser(statement: str) -> None:
    with databases.acting_as("postgres"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_findings_of_a_fresh_database_are_none() -> None:
    assert checks.findings() == []


@pytest.mark.parametrize("statement", TAMPERING)
def test_findings_name_what_was_tampered_with(statement: str) -> None:
    as_superuser(statement)
    assert checks.findings() == [TAMPERING[statement]]


def test_findings_name_a_governed_table_without_its_guard() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = 'registry_slot'::regclass AND NOT tgisinternal")
        names = sorted(name for (name,) in cursor.fetchall())
    for name in names:
        as_superuser(f"DROP TRIGGER {name} ON registry_slot")
    assert checks.findings() == [f"The guard {name} of registry_slot is missing." for name in names]


def test_findings_name_temporary_tables() -> None:
    as_superuser(f"GRANT TEMPORARY ON DATABASE {connection.settings_dict['NAME']} TO mlops")
    assert checks.findings() == ["The role mlops may make temporary tables, which can stand in for the log's."]


@pytest.mark.parametrize("inherit", ["TRUE", "FALSE"])
@pytest.mark.parametrize("more", [grants.OWNER, grants.SEQUENCER, grants.ERASER, "pg_write_all_data", "postgres"])
def test_findings_name_whom_the_role_could_become(more: str, inherit: str) -> None:
    as_superuser(f"CREATE ROLE odd; GRANT {more} TO odd WITH INHERIT {inherit}")
    with databases.acting_as("odd"):
        found = checks.findings()
    named = ", ".join([grants.ERASER, more] if more == grants.OWNER else [more])
    assert f"The role odd can act as {named}." in found


@pytest.mark.parametrize("power", ["SUPERUSER", "BYPASSRLS", "CREATEROLE", "REPLICATION"])
def test_findings_name_a_role_that_no_guard_holds(power: str) -> None:
    as_superuser(f"CREATE ROLE odd {power}")
    with databases.acting_as("odd"):
        found = checks.findings()
    assert found == ["This process works as odd, a superuser or close to one: no guard holds it."]


def test_check_command_shows_findings_as_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    as_superuser("ALTER TABLE audit_event DISABLE TRIGGER append_only")
    call_command("check", databases=["default"], tags=["database"])
    assert f"(audit.W001) {ASLEEP}" in capsys.readouterr().err
