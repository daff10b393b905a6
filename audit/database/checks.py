"""Could this process defeat the log? Who it is in the database, what it may do there, which guard does not stand."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.core import checks
from django.db import connection
from django.db.backends.utils import CursorWrapper

from audit.database import grants, installed

_ROLE = """
    SELECT current_user,
        rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication,
        (SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relowner = role.oid),
        (SELECT count(*) FROM pg_proc WHERE proowner = role.oid),
        has_schema_privilege('public', 'CREATE') OR has_database_privilege(current_database(), 'CREATE'),
        has_database_privilege(current_database(), 'TEMPORARY')
    FROM pg_roles role WHERE rolname = current_user
"""
_COULD_BECOME = """
    SELECT rolname FROM pg_roles role WHERE rolname <> %(who)s AND pg_has_role(%(who)s, oid, 'MEMBER') AND (
        rolname = ANY(%(ours)s) OR rolsuper
        OR rolname IN ('pg_write_all_data', 'pg_maintain', 'pg_write_server_files', 'pg_execute_server_program')
        OR EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner = role.oid)
    ) ORDER BY rolname
"""


def findings() -> list[str]:
    """Everything by which the log could be defeated from Django's connection; empty before the first migration."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.audit_event') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return []
        return [*_of_the_role(cursor), *installed.deviations(cursor)]


@checks.register(checks.Tags.database)
def check_database(databases: Sequence[str] | None = None, **options: Any) -> list[checks.CheckMessage]:
    """For ``manage.py check --database default``. Warnings: they must not keep the migration from mending them."""
    if connection.alias not in (databases or ()):
        return []
    hint = "See docs/operations.md, Database roles."
    return [checks.Warning(finding, hint=hint, id="audit.W001") for finding in findings()]


def _of_the_role(cursor: CursorWrapper) -> Iterator[str]:
    cursor.execute(_ROLE)
    role, mighty, owned, functions, creates, temporary = cursor.fetchone()
    if mighty:
        yield f"This process works as {role}, a superuser or close to one: no guard holds it."
    if owned:
        yield f"This process works as {role}, who owns {owned} tables: it can switch off what guards its own log."
    if mighty or owned:
        return  # whatever else it may do follows from this
    if functions:
        yield f"The role {role} owns {functions} functions, which it can replace."
    if creates:
        yield f"The role {role} may create schemas, functions or tables."
    if temporary:
        yield f"The role {role} may make temporary tables, which can stand in for the log's."
    cursor.execute(_COULD_BECOME, {"who": role, "ours": list(grants.ROLES)})
    if more := [name for (name,) in cursor.fetchall()]:
        yield f"The role {role} can act as {', '.join(more)}."
    surplus, missing = grants.differences(cursor)
    for grant in sorted(surplus):
        yield f"{grant.role} may {grant.privilege} on {grant.table}, which it should not."
    for grant in sorted(missing):
        yield f"{grant.role} may not {grant.privilege} on {grant.table}: run `manage.py migrate` as the migrator."
