"""One stretch of the log, compared in every column: what a worker process does. No Django in here.

All workers read in one exported snapshot, so that what happens meanwhile is no finding.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple, TypeAlias

import orjson
import psycopg

from audit.tlog import note, tiles
from audit.watch import bundles, heads, pyramid
from audit.watch.findings import Finding, differs
from audit.watch.said import Said
from audit.watch.seals import Committed, Erased, Seals

WIDTH = tiles.WIDTH
LENGTH = 1 << 14  # entries in one span: a perfect subtree of whole tiles
_BLOCK = 2048  # entries at a time, so that memory stays flat
_ENTRIES = """
    SELECT leaf.index, leaf.ticket, leaf.hash, event.leaf, event.changes, event.at,
        event.id::text, event.event, event.subject_type, event.subject_id, event.actor, event.request
    FROM audit_leaf leaf LEFT JOIN audit_event event ON event.ticket = leaf.ticket
    WHERE leaf.index >= %s AND leaf.index < %s ORDER BY leaf.index
"""
_TILES = "SELECT n, data, root FROM audit_tile WHERE level = 0 AND n >= %s AND n < %s"
_COLUMNS = ("at", "id", "event", "subject_type", "subject_id", "actor", "request")
Columns: TypeAlias = tuple[Any, ...]


class View(NamedTuple):
    """The one state of the database that every worker sees."""

    conninfo: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the workers must know. tables: of the rows that are a type's own subjects. No keys: nothing is opened."""

    tables: Mapping[str, str]
    keys: tuple[note.Verifier, ...] = ()
    witnesses: tuple[note.Verifier, ...] = ()
    installation_keys: tuple[bytes, ...] = ()
    erased: Erased = field(default_factory=Erased)
    archive: str = ""


class Span(NamedTuple):
    """Entries from `first`, a multiple of LENGTH, up to `last`."""

    view: View
    known: Known
    first: int
    last: int


@dataclass(slots=True)
class Checked:
    """What a span holds: roots of its tiles, its own root, hashes of a last tile that is not full, heads, digests."""

    first: int
    last: int
    said: Said
    entries: int = 0
    values: int = 0
    used: dict[int, datetime] = field(default_factory=dict)
    roots: list[bytes] = field(default_factory=list)
    root: bytes = b""
    signed: list[heads.Head] = field(default_factory=list)
    unknown_witnesses: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)


def of(view: View, known: Known, size: int, *, first: int = 0) -> Iterator[Span]:
    """The spans of a log of that size, from the one that holds entry `first` on."""
    for start in range(first - first % LENGTH, size, LENGTH):
        yield Span(view, known, start, min(start + LENGTH, size))


def check(span: Span) -> Checked:
    """Look at every entry, tile and head of a span."""
    connection = connected(span.view)
    checked = Checked(span.first, span.last, Said(span.known.tables))
    hashes = _Entries(connection, span, checked).check()
    rows = pyramid.over(hashes)
    _tiles(connection, span, hashes, rows, checked)
    checked.signed, findings, checked.unknown_witnesses = heads.read(
        connection, span.known, (span.first, span.last), rows
    )
    checked.findings += findings
    checked.root = pyramid.root(rows, len(hashes))
    return checked


class _Entries:
    """The entries of one span."""

    def __init__(self, connection: psycopg.Connection[Any], span: Span, checked: Checked) -> None:
        self.connection, self.span, self.checked = connection, span, checked
        self.archive = bundles.Archive(connection, span.known.archive)
        self.seals = Seals(connection, span.known.installation_keys, span.known.erased)
        self.hashes: list[bytes] = []

    def check(self) -> list[bytes]:
        """The stored leaf hashes, each compared with its event; where one is missing, the one that its tile holds."""
        for first in range(self.span.first, self.span.last, _BLOCK):
            last = min(first + _BLOCK, self.span.last)
            with self.connection.cursor(binary=True) as cursor:
                rows = cursor.execute(_ENTRIES, [first, last]).fetchall()
            if len(rows) < last - first:
                rows = self._filled(rows, first, last)
            self._block(rows)
        self.checked.values, self.checked.used = self.seals.values, self.seals.used
        return self.hashes

    def _block(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Runs millions of times: what is right passes by one comparison of tuples."""
        take, committed = self.checked.said.take, {}
        for row in rows:
            index, ticket, leaf_hash, raw, changes = row[:5]
            self.hashes.append(leaf_hash)
            if raw is None and (raw := self._elsewhere(row)) is None:
                continue
            if (computed := sha256(b"\x00" + raw).digest()) != leaf_hash:
                self.checked.findings.append(self._differing(index, ticket, leaf_hash, computed))
            found = read(raw)
            if found is None:
                self.checked.findings.append(Finding("audit_event", str(ticket), "leaf", "a log entry", "none"))
                continue
            told, said = found
            if row[5:] != said or changes is not None or "changes" in told:
                self.checked.findings += columns(ticket, found, changes, row[5:])
            take(told, index)
            if changes is not None or told["sealed"]:
                committed[ticket] = Committed(told["id"], row[5], commitments(told, changes))
        self.checked.entries += len(rows)
        if committed and self.span.known.installation_keys:
            self.checked.findings += self.seals.check(committed)

    def _differing(self, index: int, ticket: int, stored: bytes, computed: bytes) -> Finding:
        """Which of the two was changed, the entry or its hash, is for the tile to say, once it is full."""
        if bundles.tile_hashes(self.connection, index, index + 1).get(index) == computed:
            return differs("audit_leaf", index, "hash", expected=computed, actual=stored)
        expected = f"bytes whose leaf hash is {stored.hex()}, as in audit_leaf {index}"
        return Finding("audit_event", str(ticket), "leaf", expected, f"bytes with the hash {computed.hex()}")

    def _elsewhere(self, row: tuple[Any, ...]) -> bytes | None:
        """The bytes of an entry that the row does not have: from the archive, or lost."""
        index, ticket = row[0], row[1]
        if ticket is None:
            return None  # `_filled` has said so
        if row[5] is None:
            expected = f"the event of entry {index}"
            self.checked.findings.append(Finding("audit_event", str(ticket), "", expected, "missing"))
            return None
        raw, finding = self.archive.entry(index)
        if finding:
            self.checked.findings.append(finding)
        return raw

    def _filled(self, rows: Sequence[tuple[Any, ...]], first: int, last: int) -> list[tuple[Any, ...]]:
        """With what the tiles say in the place of leaves that are missing."""
        there = {row[0]: row for row in rows}
        stored = bundles.tile_hashes(self.connection, first, last)
        missing = [index for index in range(first, last) if index not in there]
        expected = "the places of entries, without a gap"
        self.checked.findings += [
            Finding("audit_leaf", f"{start} to {end}" if end > start else str(start), "index", expected, "missing")
            for start, end in _runs(missing)
        ]
        nothing = (None,) * (2 + len(_COLUMNS))
        return [
            there.get(index) or (index, None, stored.get(index, bytes(32)), *nothing) for index in range(first, last)
        ]


def read(raw: bytes) -> tuple[dict[str, Any], Columns] | None:
    """The entry in these bytes, and what its event's columns must be; None for what no writer of ours wrote.

    Whether the bytes are canonical, the tree knows.
    """
    try:
        told = orjson.loads(raw)
        subject = told["subject"]
        if type(told["sealed"]) is not dict or type(told.get("rows", {})) is not dict or "row" not in told:
            return None
        at = datetime.fromisoformat(told["at"])
        names = (told["id"], told["event"], subject["type"], subject["id"], told["actor"], told["request"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return told, (at, *names)


def columns(
    ticket: int, found: tuple[Mapping[str, Any], Columns], changes: bytes | None, actual: Columns
) -> Iterator[Finding]:
    """Compare the document of changes, and the columns that events are found by, with the entry."""
    told, expected = found
    for name, should, value in zip(_COLUMNS, expected, actual, strict=True):
        if should != value:
            yield differs("audit_event", ticket, name, expected=should, actual=value)
    digest = sha256(changes).hexdigest() if changes is not None else None
    if digest != told.get("changes"):
        yield differs("audit_event", ticket, "changes", expected=told.get("changes"), actual=digest)


def commitments(told: Mapping[str, Any], changes: bytes | None) -> dict[str, str]:
    """Every commitment of an entry by field: to words, and to old and new values of columns."""
    found: dict[str, str] = dict(told["sealed"])
    if changes is not None and hashlib.sha256(changes).hexdigest() == told.get("changes"):
        for label, changed in orjson.loads(changes).items():
            for column, sides in changed.items():
                for side, commitment in sides.items():
                    found[f"{label}.{column}.{side}"] = commitment
    return found


_connections: dict[View, psycopg.Connection[Any]] = {}


def connected(view: View) -> psycopg.Connection[Any]:
    """This process's connection into the snapshot, kept from one span to the next."""
    if view not in _connections:
        connection = psycopg.connect(view.conninfo)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(f"SET TRANSACTION SNAPSHOT '{view.snapshot}'")
        connection.execute("SET LOCAL TimeZone = 'UTC'")
        _connections[view] = connection
    return _connections[view]


def leave(view: View) -> None:
    """Close this process's connection, if it has one."""
    connection = _connections.pop(view, None)
    if connection is not None:
        connection.close()


def _tiles(
    connection: psycopg.Connection[Any],
    span: Span,
    hashes: Sequence[bytes],
    rows: Sequence[Sequence[bytes]],
    checked: Checked,
) -> None:
    """Every full tile of the lowest level: its hashes, and their root."""
    first, count = span.first // WIDTH, (span.last - span.first) // WIDTH
    with connection.cursor(binary=True) as cursor:
        stored = {n: rest for n, *rest in cursor.execute(_TILES, [first, first + count])}
    checked.roots = list(rows[8][:count]) if count else []
    for number, root in enumerate(checked.roots):
        row = hashes[number * WIDTH : (number + 1) * WIDTH]
        checked.findings += bundles.compare_tile((0, first + number), stored.get(first + number), row, root)


def _runs(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers in a row, as first and last."""
    start = 0
    for end in range(1, len(places) + 1):
        if end == len(places) or places[end] != places[end - 1] + 1:
            yield places[start], places[end - 1]
            start = end
