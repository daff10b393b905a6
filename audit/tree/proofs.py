"""Proofs from the stored tree: that an event is in it, that one head continues another."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from audit.models import Checkpoint, Cosignature, Event
from audit.tlog import proof, tiles
from audit.tlog.spelling import HASH_BYTES

# Not a join: planning one takes longer than both look-ups.
_PLACE = """
    SELECT (SELECT index FROM audit_leaf leaf WHERE leaf.ticket = event.ticket) FROM audit_event event WHERE id = %s
"""
# One round trip for all tiles of a proof. Full tiles are stored; a partial one is made of what is below it.
_TILES = """
    SELECT level, n, data FROM unnest(%s::smallint[], %s::bigint[]) AS full_tile (level, n)
        JOIN audit_tile USING (level, n)
    UNION ALL
    SELECT part.level, part.n, below.data
        FROM unnest(%s::smallint[], %s::bigint[], %s::int[]) AS part (level, n, width), LATERAL (
            SELECT string_agg(hash, '' ORDER BY index) AS data FROM audit_leaf
            WHERE part.level = 0 AND index >= part.n * 256 AND index < part.n * 256 + part.width
            UNION ALL
            SELECT string_agg(root, '' ORDER BY tile.n) FROM audit_tile tile
            WHERE part.level > 0 AND tile.level = part.level - 1
                AND tile.n >= part.n * 256 AND tile.n < part.n * 256 + part.width
        ) below
    WHERE below.data IS NOT NULL
"""


class NotSequenced(Exception):
    """The event has no place in a signed tree yet; ask again after the merge delay."""


def latest() -> Checkpoint | None:
    """The newest signed tree head."""
    return Checkpoint.objects.first()


def heads(sizes: Iterable[int]) -> list[Checkpoint]:
    """The signed tree heads of these sizes, the newest first."""
    return list(Checkpoint.objects.filter(size__in=list(sizes)))


def signed_note(head: Checkpoint) -> str:
    """A head's note with the signature lines of its witnesses after the log's own."""
    return head.note + "".join(cosignatures(head))


def cosignatures(head: Checkpoint) -> list[str]:
    """The signature lines of the witnesses that have seen a head, in the order of their names."""
    return list(Cosignature.objects.filter(size=head.size).order_by("witness").values_list("line", flat=True))


def index_of(event_id: UUID) -> int | None:
    """An event's place in the tree; None until it is sequenced. Raises Event.DoesNotExist."""
    with _cursor() as cursor:
        found = cursor.execute(_PLACE, [event_id]).fetchone()
    if found is None:
        raise Event.DoesNotExist(f"There is no event {event_id}.")
    index: int | None = found[0]
    return index


def inclusion(event_id: UUID, *, head: Checkpoint | None = None) -> proof.TlogProof:
    """The C2SP tlog-proof of one event under a head, the newest by default. Raises NotSequenced, Event.DoesNotExist."""
    index = index_of(event_id)
    head = head or latest()
    if index is None or head is None or index >= head.size:
        raise NotSequenced(f"Event {event_id} is committed but not yet under a signed head.")
    size = head.size
    hashes = tiles.inclusion_proof(index, size, lambda wanted: fetch(wanted, size))
    return proof.TlogProof(index=index, hashes=tuple(hashes), checkpoint=head.note.encode())


def consistency(old: int, new: int) -> list[bytes]:
    """The hashes that prove the tree of size `new` continues the tree of size `old`. Raises ProofError."""
    return tiles.consistency_proof(old, new, lambda wanted: fetch(wanted, new))


def fetch(wanted: Iterable[tuple[int, int]], size: int) -> dict[tuple[int, int], tuple[bytes, ...]]:
    """The hashes of the asked tiles as of a tree size, in one round trip; none of a tile that does not exist."""
    full, parts = [], []
    found: dict[tuple[int, int], tuple[bytes, ...]] = {}
    for level, n in wanted:
        found[level, n] = ()
        width = tiles.width_of(level, n, size)
        if width == tiles.WIDTH:
            full.append((level, n))
        elif width:
            parts.append((level, n, width))
    if full or parts:
        with _cursor() as cursor:
            cursor.execute(_TILES, [*_columns(full, 2), *_columns(parts, 3)], binary=True)
            found |= {(level, n): _hashes(data) for level, n, data in cursor}
    return found


@contextmanager
def _cursor() -> Iterator[psycopg.Cursor[Any]]:
    """The driver's own: Django's would bring kilobytes of hashes as hexadecimal text, and costs a third of a proof."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        yield cursor


def _columns(rows: Sequence[tuple[int, ...]], count: int) -> list[list[int]]:
    return [[row[place] for row in rows] for place in range(count)]


def _hashes(data: bytes) -> tuple[bytes, ...]:
    return tuple([data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES)])
