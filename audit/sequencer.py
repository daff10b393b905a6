"""Gives committed events their place in the tree and signs the new tree head, in one transaction.

The set of pending tickets decides what is next, never a cursor: an event that commits late is found like any other.
"""

from dataclasses import dataclass

from django.db import connection, transaction

from audit import keys
from audit.models import Checkpoint
from audit.tlog import checkpoint, entry, merkle, note, tiles
from audit.tlog.errors import TlogError

ADVISORY_LOCK = 0x6D6C6F70734C4F47
BATCH = 4096
_TAKE = """
    WITH taken AS (
        DELETE FROM audit_pending WHERE (xid, ticket) IN
            (SELECT xid, ticket FROM audit_pending ORDER BY ticket LIMIT %s)
        RETURNING ticket
    )
    SELECT ticket, leaf, id::text, event, subject_type, subject_id, actor, request
    FROM taken LEFT JOIN audit_event USING (ticket) ORDER BY ticket
"""


class TreeMismatch(Exception):
    """The stored tree does not match the last signed checkpoint: nothing may be signed until a person has looked."""


class EntryMismatch(Exception):
    """A pending ticket has no event, or one whose bytes are no entry or say other things than its columns."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one round did: how many events it placed, and the tree's size after it."""

    events: int
    size: int


def sequence(signer: note.Signer, *, origin: str, limit: int = BATCH) -> Batch:
    """Place the oldest pending events, at most `limit`, and sign the new head. Safe to run twice at once or to kill.

    Leaves, tiles and checkpoint commit together or not at all. Raises TreeMismatch, EntryMismatch.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # The lock is a statement of its own so that every later snapshot sees what its last holder committed.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
        size, edge = _head()
        cursor.execute(_TAKE, [limit])
        taken = cursor.fetchall()
        if not taken:
            return Batch(events=0, size=size)
        hashes = [merkle.leaf_hash(_checked(*row)) for row in taken]
        appended = tiles.append(edge, size, hashes)
        with cursor.copy("COPY audit_leaf (index, ticket, hash) FROM STDIN") as copy:
            for place, ((ticket, *_), digest) in enumerate(zip(taken, hashes, strict=True), start=size):
                copy.write_row((place, ticket, digest))
        with cursor.copy("COPY audit_tile (level, n, data, root) FROM STDIN") as copy:
            for level, n, data, root in appended.full_tiles:
                copy.write_row((level, n, data, root))
        head = checkpoint.Checkpoint(origin, appended.size, appended.root)
        Checkpoint.objects.create(size=appended.size, note=note.sign(head.text(), signer).decode())
        return Batch(events=len(taken), size=appended.size)


def _checked(ticket: int, leaf: bytes | None, *columns: str) -> bytes:
    """The entry's bytes, once it is known that they are one and say what the columns say: a signature is for ever."""
    if leaf is None:
        raise EntryMismatch(f"Ticket {ticket} is pending and there is no such event. Nothing is signed.")
    try:
        told = entry.parse(bytes(leaf))
    except TlogError as error:
        raise EntryMismatch(f"The event of ticket {ticket} is no entry: {error} Nothing is signed.") from error
    subject = told["subject"]
    assert isinstance(subject, dict)  # entry.parse has seen to it
    said = (told["id"], told["event"], subject["type"], subject["id"], told["actor"], told["request"])
    if said != columns:
        raise EntryMismatch(f"The event of ticket {ticket} says other things than its columns. Nothing is signed.")
    return bytes(leaf)


def log_signer(origin: str) -> note.Signer:
    """The log's key under its origin's name, its public half published; only the sequencer's process may hold it."""
    signer = note.Signer(origin, keys.private(keys.LOG))
    keys.publish(keys.LOG, signer.vkey)
    return signer


def _head() -> tuple[int, list[list[bytes]]]:
    """The last signed size and the right edge that stands in the tables, checked against each other."""
    last = Checkpoint.objects.first()
    if last is None:
        return 0, []
    edge = right_edge(last.size)
    signed = checkpoint.parse(note.text_of(last.note.encode()))
    if tiles.root_of_edge(edge, last.size) != signed.root:
        raise TreeMismatch(
            f"The stored tree of size {last.size} does not match its signed checkpoint. Nothing is signed. "
            "Compare with a backup and the witnesses, and follow docs/operations.md."
        )
    return last.size, edge


def right_edge(size: int) -> list[list[bytes]]:
    """The hashes of the partial tile at every level for a tree of that size."""
    edge: list[list[bytes]] = []
    level, width = 0, size
    with connection.cursor() as cursor:
        while width:
            first = width - width % tiles.WIDTH
            if level == 0:
                cursor.execute(
                    "SELECT hash FROM audit_leaf WHERE index >= %s AND index < %s ORDER BY index", [first, width]
                )
            else:
                cursor.execute(
                    "SELECT root FROM audit_tile WHERE level = %s AND n >= %s AND n < %s ORDER BY n",
                    [level - 1, first, width],
                )
            edge.append([bytes(row[0]) for row in cursor.fetchall()])
            level, width = level + 1, width // tiles.WIDTH
    return edge
