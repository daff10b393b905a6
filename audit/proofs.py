"""Proofs from the stored tree: that an event is in it, that one head continues another."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from audit.models import Checkpoint, Event, Leaf, Tile
from audit.tlog import proof, tiles


class NotSequenced(Exception):
    """The event has no place in a signed tree yet; ask again after the merge delay."""


def latest() -> Checkpoint | None:
    """The newest signed tree head."""
    return Checkpoint.objects.first()


def inclusion(event_id: UUID, *, head: Checkpoint | None = None) -> proof.TlogProof:
    """The C2SP tlog-proof of one event under a head, the newest by default. Raises NotSequenced, Event.DoesNotExist."""
    ticket = Event.objects.values_list("ticket", flat=True).get(id=event_id)
    index = Leaf.objects.filter(ticket=ticket).values_list("index", flat=True).first()
    head = head or latest()
    if index is None or head is None or index >= head.size:
        raise NotSequenced(f"Event {event_id} is committed but not yet under a signed head.")
    hashes = tiles.inclusion_proof(index, head.size, lambda wanted: fetch(wanted, head.size))
    return proof.TlogProof(index=index, hashes=tuple(hashes), checkpoint=head.note.encode())


def consistency(old: int, new: int) -> list[bytes]:
    """The hashes that prove the tree of size `new` continues the tree of size `old`."""
    return tiles.consistency_proof(old, new, lambda wanted: fetch(wanted, new))


def fetch(wanted: Iterable[tuple[int, int]], size: int) -> dict[tuple[int, int], tuple[bytes, ...]]:
    """The hashes of the asked tiles as of a tree size, partial ones taken from the level below."""
    return {(level, n): _tile(level, n, size) for level, n in wanted}


def _tile(level: int, n: int, size: int) -> tuple[bytes, ...]:
    width = min(tiles.WIDTH, size // tiles.WIDTH**level - n * tiles.WIDTH)
    if width == tiles.WIDTH:
        data = Tile.objects.values_list("data", flat=True).filter(level=level, n=n).first()
        if data is not None:
            return tuple(bytes(data[start : start + 32]) for start in range(0, len(data), 32))
    first = n * tiles.WIDTH
    table, column, place = ("audit_leaf", "hash", "index") if level == 0 else ("audit_tile", "root", "n")
    level_clause = "" if level == 0 else f"level = {level - 1} AND "
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {table} WHERE {level_clause}{place} >= %s AND {place} < %s ORDER BY {place}",
            [first, first + width],
        )
        return tuple(bytes(row[0]) for row in cursor.fetchall())
