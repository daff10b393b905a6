"""Entries as `log.record` writes them, made in bulk: into the queue as the application does, or as a finished tree."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from audit.events import timestamp
from audit.tlog import checkpoint, merkle, note, tiles

ACTOR = "person:01890a5d-ac96-774b-bcce-b302099a8057"
SUBJECTS = 1_000
CHUNK = 16_384
_COLUMNS = "ticket, leaf, id, event, subject_type, subject_id, actor, at, request"
_TYPES = ["int8", "bytea", "uuid", "text", "text", "text", "text", "timestamptz", "text"]
_LEAF = (
    f'{{"actor":"{ACTOR}","at":"%s","data":{{"digest":"%s","title":"Note %s"}},"event":"note.written","id":"%s",'
    '"request":"%s","row":null,"rows":{},"sealed":{},"subject":{"id":"%s","type":"benchmark"},"v":1}'
)


class Row(NamedTuple):
    """What goes into audit_event."""

    ticket: int
    leaf: bytes
    id: UUID
    event: str
    subject_type: str
    subject_id: str
    actor: str
    at: datetime
    request: str


def row(ticket: int) -> Row:
    """One event of its own, about one of a thousand subjects, and about no governed row."""
    at, identity, request, subject = datetime.now(UTC), _uuid7(), str(uuid4()), str(ticket % SUBJECTS)
    digest = hashlib.sha256(b"%d" % ticket).hexdigest()
    leaf = _LEAF % (timestamp(at), digest, ticket, identity, request, subject)
    return Row(ticket, leaf.encode(), identity, "note.written", "benchmark", subject, ACTOR, at, request)


def leaves(count: int) -> Iterator[bytes]:
    """The entries' bytes alone."""
    return (row(ticket).leaf for ticket in range(1, count + 1))


def enqueue(connection: psycopg.Connection, count: int) -> None:
    """Let that many events commit; the trigger puts them into the pending set."""
    (last,) = connection.execute("SELECT coalesce(max(ticket), 0) FROM audit_event").fetchone() or (0,)
    for first in range(last + 1, last + count + 1, CHUNK):
        _copy(connection, "audit_event", _COLUMNS, _TYPES, map(row, range(first, min(first + CHUNK, last + count + 1))))
    sequence = "pg_get_serial_sequence('audit_event', 'ticket')"
    with psycopg.connect(connection.info.dsn, user="postgres", autocommit=True) as owner:
        owner.execute(f"SELECT setval({sequence}, %s)", [last + count])


def fill(superuser: psycopg.Connection, count: int, signer: note.Signer, *, every: int = 1) -> list[UUID]:
    """A sequenced and signed log of that size. Returns the ids of the events stored: of every so many a row.

    every: above 1, only a leaf hash stands for the others, which is all that a proof reads.
    """
    superuser.execute("ALTER TABLE audit_event DISABLE TRIGGER enqueue")
    edge: list[list[bytes]] = []
    ids: list[UUID] = []
    for first in range(0, count, CHUNK):
        places = range(first, min(first + CHUNK, count))
        rows = {place: row(place + 1) for place in places if place % every == 0}
        hashes = [merkle.leaf_hash(rows[place].leaf if place in rows else b"%d" % place) for place in places]
        grown = tiles.append(edge, first, hashes)
        edge = grown.edge
        _copy(superuser, "audit_event", _COLUMNS, _TYPES, rows.values())
        placed = [(place, place + 1, digest) for place, digest in zip(places, hashes, strict=True)]
        _copy(superuser, "audit_leaf", "index, ticket, hash", ["int8", "int8", "bytea"], placed)
        _copy(superuser, "audit_tile", "level, n, data, root", ["int2", "int8", "bytea", "bytea"], grown.full_tiles)
        ids += [one.id for one in rows.values()]
    superuser.execute("ALTER TABLE audit_event ENABLE ALWAYS TRIGGER enqueue")
    head = checkpoint.Checkpoint(signer.verifier.name, count, tiles.root_of_edge(edge, count))
    superuser.execute(
        "INSERT INTO audit_checkpoint (size, note) VALUES (%s, %s)", [count, note.sign(head.text(), signer).decode()]
    )
    for table in ("audit_event", "audit_leaf", "audit_tile"):
        superuser.execute(f"VACUUM ANALYZE {table}")
    return ids


def _copy(
    connection: psycopg.Connection, table: str, columns: str, types: list[str], rows: Iterable[Sequence[object]]
) -> None:
    statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type]
        copy.set_types(types)
        for one in rows:
            copy.write_row(one)


def _uuid7() -> UUID:
    return UUID(int=time.time_ns() // 1_000_000 << 80 | 7 << 76 | 2 << 62 | uuid4().int & 0x3FFFFFFFFFFFFFFF)
