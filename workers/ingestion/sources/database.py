"""A PostgreSQL database: one snapshot, read-only, row by row through a cursor on the server, into Parquet."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import psycopg
from psycopg import sql

from workers.ingestion.errors import FileTooLarge, SourceInvalid, SourceUnreachable
from workers.ingestion.sources import reading, tables
from workers.ingestion.sources.reading import Bounds, Delivered, Position, Progress, Secrets

SECRETS: frozenset[str] | None = frozenset({"password"})
ROWS_AT_ONCE = 5_000
MOST_TIES = 10_000
#: Columns of ours beside those that are kept: both as the database spells them, to be compared by it the next time.
_WATERMARK, _KEY = "__watermark", "__key"


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Either a table with columns, or a query. watermark: a column that only grows; key: what tells two rows apart."""

    host: str
    database: str
    user: str
    port: int = 5432
    schema: str = "public"
    table: str = ""
    columns: list[str] = []
    query: str = ""
    watermark: str = ""
    key: list[str] = []
    sslmode: Literal["prefer", "require", "verify-ca", "verify-full"] = "prefer"
    statement_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 600


def check(settings: Mapping[str, Any]) -> None:
    """Raises SourceInvalid."""
    known = reading.typed(settings, Settings)
    if bool(known.table) == bool(known.query):
        raise SourceInvalid("A database source names either a table or a query.", "Give one of the two.")
    if known.query and known.columns:
        raise SourceInvalid("A query names its own columns.", "Leave columns out.")
    if known.query and not known.query.lstrip().lower().startswith(("select", "with")):
        raise SourceInvalid("The query is no SELECT.", "Sources only read: begin it with SELECT or WITH.")
    missing = sorted({known.watermark, *known.key} - {"", *known.columns}) if known.columns else []
    if missing:
        raise SourceInvalid(f"The columns leave out {', '.join(missing)}.", "Watermark and key must be read.")


def format(settings: Mapping[str, Any]) -> str:
    """Parquet, which keeps the types of the database."""
    return "parquet"


def plan(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> Position | None:
    """Nothing to fix; None where a watermark column has no row that was not read."""
    known = reading.typed(settings, Settings)
    if not known.watermark or "watermark" not in position.get("before", {}):
        return {}
    with _session(known, secrets, bounds) as connection:
        statement, values = _statement(known, position)
        asked = sql.SQL("SELECT EXISTS ({})").format(statement)
        (is_new,) = connection.execute(asked, values).fetchone() or (False,)
    return {} if is_new else None


def read(
    settings: Mapping[str, Any],
    secrets: Secrets,
    position: Position,
    into: Path,
    bounds: Bounds,
    progress: Progress,
) -> Delivered:
    """The whole table as it stands, or the rows that came after the watermark."""
    known = reading.typed(settings, Settings)
    target = into / "rows.parquet"
    with _session(known, secrets, bounds) as connection:
        taken = _Taken(known, position)
        statement, values = _statement(known, position)
        with connection.cursor(name="source", scrollable=False) as cursor:
            cursor.itersize = ROWS_AT_ONCE
            cursor.execute(statement, values)
            with tables.Writer(target, cursor.description or (), bounds, hidden=(_WATERMARK, _KEY)) as writer:
                while rows := cursor.fetchmany(ROWS_AT_ONCE):
                    taken.add(rows)
                    writer.add(rows)
                    progress(0.5, f"read {taken.rows} rows")
    before = position.get("before", {})
    after = taken.position()
    if taken.rows == 0 or (not known.watermark and after["digest"] == before.get("digest")):
        return Delivered([], "parquet", {**before}, {"rows": 0})
    return Delivered([target], "parquet", after, {"rows": taken.rows})


def acknowledge(settings: Mapping[str, Any], secrets: Secrets, position: Position, bounds: Bounds) -> None:
    """A database is not told."""


class _Taken:
    """How far the rows that were read lead: the last watermark with the keys that bear it, or a digest of them all."""

    def __init__(self, known: Settings, position: Position) -> None:
        self.known, self.rows = known, 0
        self.before = position.get("before", {})
        self.watermark, self.keys = self.before.get("watermark"), list(self.before.get("keys", []))
        self.digest = hashlib.sha256()

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        self.rows += len(rows)
        for row in rows:
            if self.known.watermark:
                self._follow(*row[-2:])
            else:
                self.digest.update(repr(row).encode())

    def _follow(self, watermark: str, key: list[str]) -> None:
        if watermark != self.watermark:
            self.watermark, self.keys = watermark, []
        if self.known.key:
            self.keys.append(key)
        if len(self.keys) > MOST_TIES:
            raise FileTooLarge(
                f"More than {MOST_TIES} rows share one watermark.", "Use a finer column, such as a sequence."
            )

    def position(self) -> Position:
        if not self.known.watermark:
            return {"digest": self.digest.hexdigest()}
        if self.watermark is None:
            return {}
        return {"watermark": self.watermark, **({"keys": self.keys} if self.known.key else {})}


@contextmanager
def _session(known: Settings, secrets: Secrets, bounds: Bounds) -> Iterator[psycopg.Connection]:
    """One snapshot in which nothing can be written. The address that was checked is the one that is connected to."""
    options = (
        "-c default_transaction_read_only=on -c timezone=UTC -c datestyle=ISO "
        f"-c statement_timeout={known.statement_seconds * 1000} -c lock_timeout=10000"
    )
    try:
        with psycopg.connect(
            **_place(known, bounds),
            user=known.user,
            password=secrets.get("password", ""),
            dbname=known.database,
            sslmode=known.sslmode,
            connect_timeout=10,
            options=options,
            application_name="mlops source",
            passfile="/nonexistent",  # of the worker's own credentials none is lent
        ) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            yield connection
    except psycopg.Error as error:
        raise SourceUnreachable(
            f"The database refused: {_words(error)}.", "Check host, user, secret, table and columns."
        ) from error


def _place(known: Settings, bounds: Bounds) -> dict[str, Any]:
    """A socket in an allowed folder, or checked addresses under the host's name, which its certificate is for."""
    if known.host.startswith("/"):
        return {"host": str(reading.inside(known.host, bounds)), "port": known.port}
    found = reading.reachable(known.host, known.port, bounds)
    return {"host": ",".join([known.host] * len(found)), "hostaddr": ",".join(found), "port": known.port}


def _words(error: psycopg.Error) -> str:
    """What the server said, without the row that its detail may quote."""
    said = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    return said.rstrip(".")


def _statement(known: Settings, position: Position) -> tuple[sql.Composed, list[Any]]:
    """The one statement that is run, every name quoted. Always with a value, so that the server takes one only."""
    watermark = _quoted(known.watermark)
    names = sql.SQL(", ").join(map(_quoted, known.columns)) if known.columns else sql.SQL("*")
    shown = sql.SQL("{}, {}::text AS {}, {} AS {}").format(
        names, watermark, _quoted(_WATERMARK), _key(known), _quoted(_KEY)
    )
    where, values = _new(known, position)
    order = [watermark] if known.watermark else []
    order += [_quoted(one) for one in known.key]
    return sql.SQL("SELECT {} FROM {} WHERE {}{}").format(
        shown if known.watermark else names,
        _from(known),
        where,
        sql.SQL(" ORDER BY {}").format(sql.SQL(", ").join(order)) if order else sql.SQL(""),
    ), values


def _from(known: Settings) -> sql.Composable:
    if known.table:
        return _quoted(known.schema, known.table)
    # On lines of its own, so that a comment at its end hides nothing of ours.
    return sql.SQL("(\n{}\n) AS source").format(sql.SQL(known.query.rstrip().rstrip(";").replace("%", "%%")))


def _new(known: Settings, position: Position) -> tuple[sql.Composable, list[Any]]:
    """Which rows were not read yet. With a key, rows that come late under the last watermark are still found."""
    before = position.get("before", {})
    column = _quoted(known.watermark)
    if not known.watermark:
        return sql.SQL("%s::boolean"), [True]
    if "watermark" not in before:
        return sql.SQL("{} IS NOT NULL AND %s::boolean").format(column), [True]
    if not known.key:
        return sql.SQL("{} > %s").format(column), [before["watermark"]]
    unseen = sql.SQL(
        "({column} > %s OR ({column} = %s AND {key} NOT IN "
        "(SELECT ARRAY(SELECT jsonb_array_elements_text(one)) FROM jsonb_array_elements(%s::jsonb) AS one)))"
    ).format(column=column, key=_key(known))
    keys = msgspec.json.encode(before.get("keys", [])).decode()
    return unseen, [before["watermark"], before["watermark"], keys]


def _key(known: Settings) -> sql.Composed:
    names = sql.SQL(", ").join(sql.SQL("{}::text").format(_quoted(one)) for one in known.key)
    return sql.SQL("ARRAY[{}]::text[]").format(names)


def _quoted(*names: str) -> sql.Identifier:
    """A name as the statement needs it, in which a percent sign would begin a value."""
    return sql.Identifier(*(name.replace("%", "%%") for name in names))
