"""Databases for tests: migrated once into a template, then copied, which takes a fraction of a second.

Roles are as in production, and so is who may do what. Django's connection works as the application; since its login is
a superuser's, it can take on another role for what another process does, within the same transaction.
"""

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from audit.database import grants
from audit.sealed import datakeys
from mlops_server import embedded
from tests.settings import POSTGRES_DIR

SERVER = embedded.Postgres(POSTGRES_DIR)
TEMPLATE = "template_mlops"
numbers = itertools.count(1)


def url(database: str, *, role: str = grants.APPLICATION) -> str:
    """Where a process of that role works; ``postgres`` is the superuser."""
    return SERVER.url(database, role=role)


def superuser(database: str) -> psycopg.Connection:
    """Who can do anything to a database, guards included: for tests that tamper. Each statement commits."""
    return psycopg.connect(url(database, role="postgres"), autocommit=True)


@contextlib.contextmanager
def acting_as(role: str) -> Iterator[None]:
    """Django's connection works in another role as long as the block, in whatever transaction it is."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    try:
        yield
    finally:
        # An error that spoils the transaction ends it, and with it the role.
        if connection.connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")


def by_owner(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """Do it as the owner of the tables, as an operator's command does."""
    with acting_as(grants.OWNER):
        return call(*arguments, **options)


def clone() -> str:
    """A new migrated database; its name."""
    name = f"test_{os.getpid()}_{next(numbers)}"
    with _administrator() as administrator:
        _make_template(administrator)
        _create(administrator, name, template=TEMPLATE)
    return name


def drop(name: str) -> None:
    with _administrator() as administrator:
        administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def used(name: str) -> Iterator[None]:
    """Django's connection goes to this database as long as the block."""
    assert not connection.in_atomic_block, "Take out the mark `django_db`: it and another database exclude one another."
    before = connection.settings_dict["NAME"]
    _point_django_at(name)
    try:
        yield
    finally:
        _point_django_at(before)


def _make_template(administrator: psycopg.Connection) -> None:
    """The first process that asks migrates, the others wait; an attempt that failed leaves no template behind."""
    administrator.execute("SELECT pg_advisory_lock(1)")
    if not administrator.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
        unfinished = f"{TEMPLATE}_{os.getpid()}"
        _create(administrator, unfinished, template="template1")
        with superuser(unfinished) as connected:
            connected.execute(embedded.ROLES_SQL.read_bytes())
        with used(unfinished), acting_as(grants.OWNER):
            call_command("migrate", interactive=False, verbosity=0)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        administrator.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(TEMPLATE)))
    administrator.execute("SELECT pg_advisory_unlock(1)")


def _create(administrator: psycopg.Connection, name: str, *, template: str) -> None:
    """A copy has its template's contents, not the template's own owner and rights."""
    for statement in (
        "CREATE DATABASE {name} TEMPLATE {template} OWNER {owner}",
        "REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
    ):
        names = {"name": name, "template": template, "owner": grants.OWNER}
        parts = {part: sql.Identifier(value) for part, value in names.items()}
        administrator.execute(sql.SQL(statement).format(**parts))


def _administrator() -> psycopg.Connection:
    return superuser("postgres")


def _point_django_at(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
    datakeys._known.clear()  # a process keeps them; another database has others under the same ids
