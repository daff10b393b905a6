"""A database as a source: a snapshot, a watermark, and nothing but reading."""

from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet
import pytest

from mlops_server import folders
from tests.settings import POSTGRES_DIR
from workers.ingestion import sources
from workers.ingestion.errors import FileTooLarge, SourceInvalid, SourceRefused, SourceUnreachable
from workers.ingestion.sources.reading import Bounds, Delivered


def settings(**changed: Any) -> dict[str, Any]:
    host = str(folders.for_socket(POSTGRES_DIR.resolve()))
    return {"host": host, "database": "a_source", "user": "postgres", "table": "people", **changed}


def read(into: Path, bounds: Bounds, before: dict[str, Any] | None = None, **changed: Any) -> Delivered:
    position = {"before": before or {}}
    return sources.fetch("database", settings(**changed), {"password": "x"}, position, into, bounds)


def rows(delivered: Delivered) -> list[dict[str, Any]]:
    return [row for path in delivered.paths for row in pyarrow.parquet.read_table(path).to_pylist()]


@pytest.fixture
def people(source_database: psycopg.Connection) -> psycopg.Connection:
    source_database.execute("CREATE TABLE people (id int PRIMARY KEY, name text, seen timestamptz)")
    source_database.execute(
        "INSERT INTO people SELECT n, 'p' || n, '2026-01-01'::timestamptz + n * '1 day'::interval "
        "FROM generate_series(1, 3) n"
    )
    return source_database


def test_snapshot_reads_the_whole_table_with_its_types(
    people: psycopg.Connection, tmp_path: Path, bounds: Bounds
) -> None:
    columns = {
        "i smallint": ("1", "int64", "1"),
        "d numeric(10, 2)": ("1.50", "decimal128(10, 2)", "1.50"),
        "n numeric": ("2.5", "double", "2.5"),
        "f float4": ("0.5", "double", "0.5"),
        "b bool": ("true", "bool", "True"),
        "day date": ("'2026-01-02'", "date32[day]", "2026-01-02"),
        "u uuid": ("'00000000-0000-0000-0000-000000000001'", "string", "00000000-0000-0000-0000-000000000001"),
        "j jsonb": ("""'{"a": 1}'""", "string", '{"a":1}'),
        "a int[]": ("'{1,2}'", "string", "[1,2]"),
    }
    people.execute(f"CREATE TABLE odd ({', '.join(columns)})")
    people.execute(f"INSERT INTO odd VALUES ({', '.join(given for given, _, _ in columns.values())})")
    people.execute("INSERT INTO odd VALUES (NULL)")
    found = read(tmp_path, bounds, table="odd")
    table = pyarrow.parquet.read_table(found.paths[0])
    assert [str(field.type) for field in table.schema] == [kind for _, kind, _ in columns.values()]
    first, second = table.to_pylist()
    assert [str(value) for value in first.values()] == [shown for _, _, shown in columns.values()]
    assert set(second.values()) == {None}


def test_snapshot_that_is_the_same_again_is_nothing_new(
    people: psycopg.Connection, tmp_path: Path, bounds: Bounds
) -> None:
    first = read(tmp_path, bounds, key=["id"])
    again = read(tmp_path, bounds, first.position, key=["id"])
    assert (len(rows(first)), again.paths, again.position) == (3, [], first.position)


def test_watermark_reads_what_came_after_and_each_row_once(
    people: psycopg.Connection, tmp_path: Path, bounds: Bounds
) -> None:
    first = read(tmp_path, bounds, watermark="seen", key=["id"])
    # Late, under the watermark that was the last one, and after it.
    people.execute("INSERT INTO people VALUES (7, 'late', '2026-01-04'), (8, 'next', '2026-01-05')")
    assert [row["id"] for row in rows(first)] == [1, 2, 3]
    second = read(tmp_path, bounds, first.position, watermark="seen", key=["id"])
    assert [row["id"] for row in rows(second)] == [7, 8]
    third = read(tmp_path, bounds, second.position, watermark="seen", key=["id"])
    assert (third.paths, third.position) == ([], second.position)


def test_watermark_without_a_key_is_strictly_greater(
    people: psycopg.Connection, tmp_path: Path, bounds: Bounds
) -> None:
    first = read(tmp_path, bounds, watermark="id")
    people.execute("INSERT INTO people VALUES (10, 'ten', NULL)")
    second = read(tmp_path, bounds, first.position, watermark="id")
    assert (first.position, [row["id"] for row in rows(second)]) == ({"watermark": "3"}, [10])
    assert set(rows(second)[0]) == {"id", "name", "seen"}


def test_plan_says_whether_a_row_came_after_the_watermark(
    people: psycopg.Connection, tmp_path: Path, bounds: Bounds
) -> None:
    chosen = settings(watermark="id")
    before = {"before": read(tmp_path, bounds, watermark="id").position}
    assert sources.plan("database", chosen, {}, before, bounds) is None
    people.execute("INSERT INTO people VALUES (10, 'ten', NULL)")
    assert sources.plan("database", chosen, {}, before, bounds) == {}


def test_query_is_read_as_it_stands(people: psycopg.Connection, tmp_path: Path, bounds: Bounds) -> None:
    query = "SELECT id, name FROM people WHERE name LIKE 'p%' -- all of them\n;"
    found = read(tmp_path, bounds, table="", query=query, watermark="id")
    assert rows(found) == [{"id": n, "name": f"p{n}"} for n in (1, 2, 3)]


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone",
        "SELECT 1) AS source WHERE %s::boolean; COMMIT; DELETE FROM people; --",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT nextval('counted')",
    ],
)
def test_query_that_would_write_is_refused(
    query: str, people: psycopg.Connection, tmp_path: Path, bounds: Bounds
) -> None:
    people.execute("CREATE SEQUENCE counted")
    with pytest.raises(SourceUnreachable):
        read(tmp_path, bounds, table="", query=query)
    assert people.execute("SELECT count(*) FROM people").fetchone() == (3,)


def test_names_are_quoted(people: psycopg.Connection, tmp_path: Path, bounds: Bounds) -> None:
    people.execute('CREATE SCHEMA "odd;schema"')
    people.execute('CREATE TABLE "odd;schema"."a""b" ("Per cent%" int)')
    people.execute('INSERT INTO "odd;schema"."a""b" VALUES (1)')
    found = read(tmp_path, bounds, schema="odd;schema", table='a"b', columns=["Per cent%"])
    assert rows(found) == [{"Per cent%": 1}]


def test_rows_past_the_bound_are_refused(people: psycopg.Connection, tmp_path: Path, bounds: Bounds) -> None:
    people.execute("INSERT INTO people SELECT n, md5(n::text), now() FROM generate_series(10, 20000) n")
    small = Bounds(roots=bounds.roots, bytes=100_000)
    with pytest.raises(FileTooLarge, match="more than 100000 bytes"):
        read(tmp_path, small)


def test_statement_that_takes_too_long_is_ended(people: psycopg.Connection, tmp_path: Path, bounds: Bounds) -> None:
    with pytest.raises(SourceUnreachable, match="statement timeout"):
        read(tmp_path, bounds, table="", query="SELECT pg_sleep(5)::text AS slept", statement_seconds=1)


def test_host_that_is_not_allowed_is_refused(tmp_path: Path, bounds: Bounds) -> None:
    with pytest.raises(SourceRefused, match="is no public address"):
        read(tmp_path, bounds, host="169.254.169.254")
    with pytest.raises(SourceRefused, match="lies in no folder"):
        read(tmp_path, bounds, host="/var/run/postgresql")


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"table": ""}, "either a table or a query"),
        ({"query": "SELECT 1"}, "either a table or a query"),
        ({"table": "", "query": "DELETE FROM people"}, "no SELECT"),
        ({"columns": ["id"], "watermark": "seen"}, "leave out seen"),
        ({"port": "5432"}, r"Expected `int`, got `str` - at `\$.port`"),
        ({"pasword": "x"}, "unknown field `pasword`"),
    ],
)
def test_settings_that_cannot_work_are_named(changed: dict[str, Any], why: str) -> None:
    with pytest.raises(SourceInvalid, match=why):
        sources.check("database", settings(**changed), {})


def test_unknown_secret_is_named() -> None:
    with pytest.raises(SourceInvalid, match="no secret called token"):
        sources.check("database", settings(), {"token": "env:X"})
