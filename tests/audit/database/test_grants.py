"""The database lets each role do what stands here and nothing else: every table, role and verb, tried for real."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg import sql

from audit.database import grants
from tests import databases, recorded

READ, WRITE = {"SELECT"}, {"SELECT", "INSERT"}
READERS = {"mlops": READ, "mlops_sequencer": READ, "mlops_eraser": READ, "mlops_reader": READ, "mlops_migrator": set()}
APPLICATION_WRITES, SEQUENCER_WRITES = READERS | {"mlops": WRITE}, READERS | {"mlops_sequencer": WRITE}
GOVERNED = READERS | {"mlops": {"SELECT", "INSERT", "UPDATE"}}
LOG: dict[str, dict[str, set[str]]] = {
    "audit_event": SEQUENCER_WRITES | {"mlops": WRITE, "mlops_eraser": {"SELECT", "UPDATE leaf"}},
    "audit_pending": READERS | {"mlops_sequencer": {"SELECT", "DELETE"}},
    "audit_leaf": SEQUENCER_WRITES,
    "audit_tile": SEQUENCER_WRITES,
    "audit_checkpoint": SEQUENCER_WRITES,
    "audit_cosignature": SEQUENCER_WRITES,
    "audit_data_key": APPLICATION_WRITES | {"mlops_eraser": {"SELECT", "UPDATE"}},
    "audit_sealed": APPLICATION_WRITES | {"mlops_eraser": {"SELECT", "UPDATE content"}},
    "audit_archived_bundle": READERS | {"mlops_eraser": WRITE},
    "audit_history": READERS | {"mlops_sequencer": {"SELECT", "INSERT", "UPDATE"}},
    "audit_hold": GOVERNED,
    "audit_redaction": GOVERNED,
    "audit_verification": APPLICATION_WRITES,
}
ORDINARY: dict[str, set[str]] = {role: set() for role in READERS} | {"mlops": {"SELECT", "INSERT", "UPDATE", "DELETE"}}
VERBS = {
    "SELECT": "SELECT FROM {table}",
    "INSERT": "INSERT INTO {table} SELECT * FROM {table} WHERE false",
    "DELETE": "DELETE FROM {table} WHERE false",
    "TRUNCATE": "TRUNCATE {table}",
    "DISABLE TRIGGER": "ALTER TABLE {table} DISABLE TRIGGER ALL",
    "ADD TRIGGER": "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION audit_refuse()",
    "ADD RULE": "CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING",
    "ALTER": "ALTER TABLE {table} ADD COLUMN mine integer",
    "OWN": "ALTER TABLE {table} OWNER TO {role}",
    "REFER": "CREATE TABLE mine (other bigint REFERENCES {table})",
    "DROP": "DROP TABLE {table} CASCADE",
}


def may(role: str, statement: str) -> bool:
    """Whether the database lets this role do it; nothing stays of it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL ROLE {role}")
            cursor.execute(statement)
            transaction.set_rollback(True)
    except ProgrammingError as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            return False
        raise
    return True


def rights(role: str, table: str) -> set[str]:
    """The verbs that succeed; UPDATE where it does on every column."""
    found = {verb for verb, text in VERBS.items() if may(role, text.format(table=table, role=role))}
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    updated = {f"UPDATE {name}" for name in columns if may(role, f'UPDATE {table} SET "{name}" = DEFAULT WHERE false')}
    return found | ({"UPDATE"} if len(updated) == len(columns) else updated)


def tables() -> Iterator[str]:
    with connection.cursor() as cursor:
        yield from connection.introspection.table_names(cursor)


@pytest.mark.django_db
@pytest.mark.parametrize("role", READERS)
def test_role_may_do_with_the_log_what_it_needs_and_nothing_else(role: str) -> None:
    found = {table: rights(role, table) for table in tables() if table.startswith("audit_")}
    assert found == {table: who[role] for table, who in LOG.items()}


@pytest.mark.django_db
@pytest.mark.parametrize("role", READERS)
def test_role_may_take_no_guard_from_a_governed_table(role: str) -> None:
    governed = {model._meta.db_table for model in recorded.governed()} - LOG.keys()
    assert len(governed) > 20
    assert {table: rights(role, table) for table in governed} == dict.fromkeys(governed, ORDINARY[role])


@pytest.mark.django_db
def test_application_works_with_every_other_table_and_only_reads_the_list_of_migrations() -> None:
    others = {table for table in tables() if table not in LOG}
    with connection.cursor() as cursor:
        surplus, missing = grants.differences(cursor)
    found = {table: rights("mlops", table) for table in others}
    assert (surplus, missing) == (set(), set())
    assert found == dict.fromkeys(others, ORDINARY["mlops"]) | {"django_migrations": {"SELECT"}}


FORBIDDEN = (
    "SET ROLE mlops_owner",
    "SET ROLE mlops_sequencer",
    "SET ROLE mlops_eraser",
    "SET SESSION AUTHORIZATION mlops_owner",
    "SET session_replication_role = replica",
    "ALTER ROLE mlops SUPERUSER",
    "GRANT mlops_owner TO mlops",
    "REASSIGN OWNED BY mlops_owner TO mlops",
    "ALTER DEFAULT PRIVILEGES FOR ROLE mlops_owner GRANT ALL ON TABLES TO mlops",
    "CREATE TEMPORARY TABLE audit_pending (ticket bigint)",
    "CREATE TABLE mine (id bigint)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION audit_enqueue() SECURITY INVOKER",
    "DROP FUNCTION audit_refuse() CASCADE",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION audit_refuse()",
    "SELECT setval(pg_get_serial_sequence('audit_event', 'ticket'), 1)",
    "SELECT nextval(pg_get_serial_sequence('audit_event', 'ticket'))",
    "COPY audit_event TO PROGRAM 'true'",
    "ALTER SYSTEM SET fsync = off",
    "SELECT pg_read_file('postgresql.conf')",
)


def test_application_finds_no_way_round(live_database: str) -> None:
    """By the login that the web has, not by a role that a test takes on."""
    let_through = []
    with psycopg.connect(databases.url(live_database), autocommit=True) as session:
        for statement in FORBIDDEN:
            try:
                session.execute(statement.encode())
                let_through.append(statement)
            except psycopg.errors.InsufficientPrivilege:
                pass
    assert let_through == []


def test_logins_are_the_roles_of_their_processes(live_database: str) -> None:
    found = {}
    for role in (grants.APPLICATION, grants.SEQUENCER, grants.READER, grants.MIGRATOR):
        with psycopg.connect(databases.url(live_database, role=role)) as session:
            found[role] = session.execute("SELECT session_user, current_user").fetchone()
    assert found == {
        "mlops": ("mlops", "mlops"),
        "mlops_sequencer": ("mlops_sequencer", "mlops_sequencer"),
        "mlops_reader": ("mlops_reader", "mlops_reader"),
        "mlops_migrator": ("mlops_migrator", "mlops_owner"),
    }


@pytest.mark.django_db
def test_functions_with_their_owners_rights_are_the_applications_to_call() -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT proname, pg_get_userbyid(proowner), array_agg(coalesce(rolname, 'PUBLIC') ORDER BY rolname)
            FROM pg_proc CROSS JOIN aclexplode(coalesce(proacl, acldefault('f', proowner)))
            LEFT JOIN pg_roles ON pg_roles.oid = grantee
            WHERE pronamespace = 'public'::regnamespace AND prosecdef GROUP BY pg_proc.oid ORDER BY proname
        """)
        assert cursor.fetchall() == [
            ("audit_archive", "mlops_eraser", ["mlops_eraser"]),
            ("audit_enqueue", "mlops_owner", ["mlops_owner"]),
            ("audit_erase", "mlops_eraser", ["mlops", "mlops_eraser"]),
            ("audit_rewrap", "mlops_eraser", ["mlops_eraser"]),
        ]


def test_settle_mends_what_was_granted_and_put_to_sleep(live_database: str) -> None:
    name = sql.Identifier("audit_event")
    with databases.superuser(live_database) as tampering:
        tampering.execute(sql.SQL("GRANT ALL ON {} TO mlops, PUBLIC, mlops_reader").format(name))
        tampering.execute(sql.SQL("REVOKE SELECT ON {} FROM mlops_sequencer").format(name))
        tampering.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(name))
    with databases.acting_as(grants.OWNER):
        grants.settle(connection)
        grants.settle(connection)
    with connection.cursor() as cursor:
        differences = grants.differences(cursor)
        cursor.execute("SELECT DISTINCT tgenabled FROM pg_trigger WHERE tgrelid = 'audit_event'::regclass")
        assert (differences, cursor.fetchall()) == ((set(), set()), [("A",)])
