"""Databases for tests: migrated once into a template, then copied, which takes a fraction of a second."""

import contextlib
import itertools
import os
from collections.abc import Iterator

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from mlops_server import embedded
from tests.settings import POSTGRES_DIR

TEMPLATE = "template_mlops"
numbers = itertools.count(1)


def url(database: str) -> str:
    return embedded.Postgres(POSTGRES_DIR).url(database)


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
        with used(unfinished):
            call_command("migrate", interactive=False, verbosity=0)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        administrator.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(TEMPLATE)))
    administrator.execute("SELECT pg_advisory_unlock(1)")


def _create(administrator: psycopg.Connection, name: str, *, template: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
    names = (sql.Identifier(part) for part in (name, template, embedded.OWNER))
    administrator.execute(statement.format(*names))


def _administrator() -> psycopg.Connection:
    return psycopg.connect(embedded.Postgres(POSTGRES_DIR).url("postgres", role="postgres"), autocommit=True)


def _point_django_at(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
