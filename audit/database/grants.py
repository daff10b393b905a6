"""Which database role may do what: no process that changes governed rows can rewrite what the log says about them.

`mlops_server/roles.sql` makes the roles, once; `settle` gives each what stands here, after every migration.
"""

from typing import NamedTuple

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql

OWNER = "mlops_owner"
MIGRATOR = "mlops_migrator"
APPLICATION = "mlops"
SEQUENCER = "mlops_sequencer"
ERASER = "mlops_eraser"
READER = "mlops_reader"
ROLES = (OWNER, MIGRATOR, APPLICATION, SEQUENCER, ERASER, READER)
PUBLIC = "PUBLIC"

INSERT, UPDATE, DELETE = "INSERT", "UPDATE", "DELETE"
#: Who may do more than read a table of the log. A new table that is not listed here may only be read.
LOG: dict[str, dict[str, tuple[str, ...]]] = {
    "audit_event": {APPLICATION: (INSERT,), SEQUENCER: (INSERT,), ERASER: ("UPDATE (leaf)",)},
    "audit_pending": {SEQUENCER: (DELETE,)},
    "audit_leaf": {SEQUENCER: (INSERT,)},
    "audit_tile": {SEQUENCER: (INSERT,)},
    "audit_checkpoint": {SEQUENCER: (INSERT,)},
    "audit_cosignature": {SEQUENCER: (INSERT,)},
    "audit_data_key": {APPLICATION: (INSERT,), ERASER: (UPDATE,)},
    "audit_sealed": {APPLICATION: (INSERT,), ERASER: ("UPDATE (content)",)},
    "audit_archived_bundle": {ERASER: (INSERT,)},
    "audit_history": {SEQUENCER: (INSERT, UPDATE)},
    # These are governed: a change without its event does not commit.
    "audit_hold": {APPLICATION: (INSERT, UPDATE)},
    "audit_redaction": {APPLICATION: (INSERT, UPDATE)},
    "audit_verification": {APPLICATION: (INSERT,)},
}
#: Functions with their owner's rights that are the eraser's; the others are the tables' owner's.
ERASING = ("audit_archive", "audit_erase", "audit_rewrap")
#: Those of them that a person asks the application for; to wrap keys anew and to archive is an operator's work.
ASKED_FOR = ("audit_erase",)
READERS = (APPLICATION, SEQUENCER, ERASER, READER)
#: Any other table: rows, and nothing that could take a guard away.
ORDINARY = ("SELECT", INSERT, UPDATE, DELETE)
#: Who forges the list of migrations makes the next one leave out a guard.
READ_ONLY = ("django_migrations",)

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_ACTUAL = """
    WITH rights AS (
        SELECT relname, relowner, acl.* FROM pg_class, aclexplode(coalesce(relacl, acldefault('r', relowner))) acl
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
        UNION ALL
        SELECT relname, relowner, acl.grantor, acl.grantee, format('%s (%s)', privilege_type, attname), is_grantable
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl) acl
        WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
    )
    SELECT relname, coalesce(rolname, 'PUBLIC'), privilege_type
    FROM rights LEFT JOIN pg_roles ON pg_roles.oid = grantee WHERE grantee <> relowner
"""
_DEFINERS = """
    SELECT pg_proc.oid::regprocedure::text, proname, prorettype = 'trigger'::regtype, pg_get_userbyid(proowner)
    FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
"""
# A trigger that is merely enabled sleeps while `session_replication_role` is set, which a superuser may.
_SLEEPY = """
    SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal AND tgenabled <> 'A'
        AND (relname LIKE 'audit\\_%' OR tgname LIKE 'pgtrigger\\_%')
"""
_LOCK = 0x6D6C6F70734752


class Grant(NamedTuple):
    """One right of one role on one table."""

    table: str
    role: str
    privilege: str


def wanted(tables: set[str]) -> set[Grant]:
    """Every right there should be on these tables. A table of the log that is not listed above may only be read."""
    found = set()
    for table in tables:
        if table.startswith("audit_"):
            found |= {Grant(table, role, "SELECT") for role in READERS}
            found |= {Grant(table, role, each) for role, more in LOG.get(table, {}).items() for each in more}
        else:
            privileges = ORDINARY[:1] if table in READ_ONLY else ORDINARY
            found |= {Grant(table, APPLICATION, privilege) for privilege in privileges}
    return found


def differences(cursor: CursorWrapper) -> tuple[set[Grant], set[Grant]]:
    """The rights that somebody has too many, and those that are missing.

    On a table of the log nobody else has any; on other tables the grants of roles that are not ours are left alone.
    """
    cursor.execute(_TABLES)
    should = wanted({table for (table,) in cursor.fetchall()})
    cursor.execute(_ACTUAL)
    have = {Grant(*row) for row in cursor.fetchall()}
    ours = {grant for grant in have if grant.table.startswith("audit_") or grant.role in (*ROLES, PUBLIC)}
    return ours - should, should - ours


def settle(connection: BaseDatabaseWrapper) -> None:
    """Give every role exactly its rights, and wake every guard; the session's role owns the tables. Twice is once."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        surplus, missing = differences(cursor)
        for grant in sorted(surplus):
            cursor.execute(_statement("REVOKE {} ON {} FROM {}", grant))
        for grant in sorted(missing):
            cursor.execute(_statement("GRANT {} ON {} TO {}", grant))
        _settle_functions(cursor)
    wake(connection)


def wake(connection: BaseDatabaseWrapper) -> None:
    """Every guard fires in every session."""
    with connection.cursor() as cursor:
        cursor.execute(_SLEEPY)
        for table, trigger in cursor.fetchall():
            statement = sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}")
            cursor.execute(statement.format(sql.Identifier(table), sql.Identifier(trigger)))


def missing_roles(cursor: CursorWrapper) -> list[str]:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES)])
    there = {name for (name,) in cursor.fetchall()}
    return [role for role in ROLES if role not in there]


def _settle_functions(cursor: CursorWrapper) -> None:
    """What runs with its owner's rights is called by the application alone, and what erases has an owner of its own."""
    cursor.execute(_DEFINERS)
    for signature, name, is_trigger, owner in cursor.fetchall():
        cursor.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        if not is_trigger:
            right = "GRANT EXECUTE ON FUNCTION {} TO {}" if name in ASKED_FOR else "REVOKE ALL ON FUNCTION {} FROM {}"
            cursor.execute(right.format(signature, APPLICATION))
        if name in ERASING and owner != ERASER:
            cursor.execute(f"GRANT CREATE ON SCHEMA public TO {ERASER}")  # the new owner must have it at this moment
            cursor.execute(f"ALTER FUNCTION {signature} OWNER TO {ERASER}")
            cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM {ERASER}")


def _statement(template: str, grant: Grant) -> sql.Composed:
    role = sql.SQL(PUBLIC) if grant.role == PUBLIC else sql.Identifier(grant.role)
    return sql.SQL(template).format(sql.SQL(grant.privilege), sql.Identifier(grant.table), role)
