"""Somebody who may do anything to a database: changes rows behind every guard, and puts them back as they were."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import psycopg
from psycopg import sql

Superuser: TypeAlias = psycopg.Connection[Any]
#: By type, another value than the one given; `{c}` is the column.
OTHER = {
    "text": "left({c}, -1) || CASE right({c}, 1) WHEN 'x' THEN 'y' ELSE 'x' END",
    "character varying": "left({c}, -1) || CASE right({c}, 1) WHEN 'x' THEN 'y' ELSE 'x' END",
    "uuid": "gen_random_uuid()",
    "boolean": "NOT {c}",
    "smallint": "{c} + 71",
    "integer": "{c} + 71",
    "bigint": "{c} + 1000003",
    "double precision": "{c} + 1",
    "numeric": "{c} + 1",
    "timestamp with time zone": "{c} + interval '1 day'",
    "jsonb": "jsonb_build_array({c})",
    "bytea": "set_byte({c}, 40 % octet_length({c}), get_byte({c}, 40 % octet_length({c})) # 1)",
    "ARRAY": "array_append({c}, NULL)",
    "xid8": "'1'::xid8",
}
#: What stands where there was nothing.
FROM_NOTHING = {
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "now()",
    "bytea": "'\\x00'",
    "boolean": "true",
    "jsonb": "'[]'",
    "ARRAY": "'{}'",
    "xid8": "'1'::xid8",
    "text": "'x'",
    "character varying": "'x'",
}


def columns(connection: Superuser, table: str) -> dict[str, str]:
    """Every column of a table with its type, from the database's own catalogue: a new one is there by itself."""
    found = connection.execute(
        """SELECT column_name::text, data_type::text FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position""",
        [table],
    )
    return dict(found.fetchall())


def unique(connection: Superuser, table: str, *, primary: bool = False) -> list[str]:
    """The columns of the primary key, or of every unique index."""
    found = connection.execute(
        """SELECT DISTINCT attname::text FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
        WHERE indrelid = %s::regclass AND indisunique AND (indisprimary OR NOT %s)""",
        [table, primary],
    )
    return [name for (name,) in found]


def tables(connection: Superuser) -> list[str]:
    """Every table of the log."""
    found = connection.execute(
        r"SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relname LIKE 'audit\_%' ORDER BY 1"
    )
    return [table for (table,) in found]


@contextlib.contextmanager
def changed(connection: Superuser, table: str, *names: str, where: str = "true") -> Iterator[dict[str, Any]]:
    """One row has other values in these columns as long as the block; yields the row as it was."""
    types = columns(connection, table)
    sets = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), _other(name, types[name])) for name in names
    )
    with _replaced(connection, table, where) as (place, before):
        _do(connection, table, sql.SQL("UPDATE {} SET {} WHERE ctid = {}").format(sql.Identifier(table), sets, place))
        yield before


@contextlib.contextmanager
def deleted(connection: Superuser, table: str, *, where: str = "true") -> Iterator[dict[str, Any]]:
    """One row is gone as long as the block; yields it."""
    with _replaced(connection, table, where) as (place, before):
        _do(connection, table, sql.SQL("DELETE FROM {} WHERE ctid = {}").format(sql.Identifier(table), place))
        yield before


@contextlib.contextmanager
def inserted(connection: Superuser, table: str, *, where: str = "true") -> Iterator[dict[str, Any]]:
    """A copy of a row, other in what must be unique, stands there as long as the block; yields it."""
    types = columns(connection, table)
    keys = unique(connection, table)
    values = [_other(name, kind) if name in keys else sql.Identifier(name) for name, kind in types.items()]
    with _replaced(connection, table, where) as (place, _):
        words = sql.SQL("INSERT INTO {} SELECT {} FROM {} WHERE ctid = {} RETURNING to_jsonb({}.*)")
        name = sql.Identifier(table)
        yield _do(connection, table, words.format(name, sql.SQL(", ").join(values), name, place, name))[0]


@contextlib.contextmanager
def rewritten(connection: Superuser, *statements: tuple[str, str]) -> Iterator[None]:
    """Each table changed by a statement of its own, as long as the block."""
    with contextlib.ExitStack() as attacks:
        for table, statement in statements:
            attacks.enter_context(_replaced(connection, table, "true"))
            _do(connection, table, sql.SQL(statement).format())
        yield


@contextlib.contextmanager
def _replaced(connection: Superuser, table: str, where: str) -> Iterator[tuple[sql.Composable, dict[str, Any]]]:
    """The place of one row; at the end the whole table is as it was."""
    name, copy = sql.Identifier(table), sql.Identifier(f"saved_{table}")
    connection.execute(sql.SQL("CREATE TEMPORARY TABLE {} AS SELECT * FROM {}").format(copy, name))
    words = sql.SQL("SELECT ctid::text, to_jsonb(one) FROM {} one WHERE {} LIMIT 1")
    try:
        found = connection.execute(words.format(name, sql.SQL(where))).fetchone()
        assert found is not None, f"The world has no row in {table} where {where}."
        yield sql.SQL("{}::tid").format(sql.Literal(found[0])), found[1]
    finally:
        _do(
            connection,
            table,
            sql.SQL("DELETE FROM {}").format(name),
            sql.SQL("INSERT INTO {} SELECT * FROM {}").format(name, copy),
        )
        connection.execute(sql.SQL("DROP TABLE {}").format(copy))


def _do(connection: Superuser, table: str, *statements: sql.Composed) -> tuple[Any, ...]:
    """No trigger of the table fires meanwhile; afterwards each is as it was, so that only the rows can tell."""
    name = sql.Identifier(table)
    with connection.transaction():
        guards = connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
        ).fetchall()
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(name))
        found: tuple[Any, ...] = ()
        for statement in statements:
            cursor = connection.execute(statement)
            found = (cursor.fetchone() or ()) if cursor.description else ()
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER ALL").format(name))
        for (guard,) in guards:
            words = sql.SQL("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}")
            connection.execute(words.format(name, sql.Identifier(guard)))
    return found


def _other(name: str, kind: str) -> sql.Composed:
    column = sql.Identifier(name).as_string(None)
    other, nothing = OTHER[kind].replace("{c}", column), FROM_NOTHING.get(kind, "1")
    empty = f"WHEN {column} = '' THEN 'x'" if kind in ("text", "character varying") else ""
    return sql.SQL("CASE WHEN {} IS NULL THEN {} {} ELSE {} END").format(
        *(sql.SQL(part) for part in (column, nothing, empty, other))
    )


def names(found: Iterable[Any]) -> set[str]:
    """The tables that findings name."""
    return {one.table for one in found}
