"""Gives committed events their place in the tree and signs the new tree head, in one transaction.

The set of pending tickets decides what is next, never a cursor: an event that commits late is found like any other.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from audit.models import Checkpoint
from audit.signing import keys, rotation
from audit.tlog import checkpoint, entry, merkle, note, quickentry, tiles
from audit.tlog.errors import TlogError
from audit.tree import lock

BATCH = 4096
_OLDEST = """
    SELECT ticket, xid::text FROM audit_pending WHERE ticket <> ALL(%s::bigint[]) ORDER BY ticket LIMIT %s
"""
# By the tickets, and so by their index: joined with a set whose size nobody knows, the whole log would be read.
_EVENTS = """
    SELECT ticket, leaf, id::text, event, subject_type, subject_id, actor, request
    FROM audit_event WHERE ticket = ANY(%s::bigint[])
"""
# By the whole key for the same reason.
_TAKE_OUT = """
    DELETE FROM audit_pending USING unnest(%s::xid8[], %s::bigint[]) AS placed (xid, ticket)
    WHERE audit_pending.xid = placed.xid AND audit_pending.ticket = placed.ticket
"""


class TreeMismatch(Exception):
    """The stored tree does not match the last signed checkpoint: nothing may be signed until a person has looked."""


class EntryMismatch(Exception):
    """A pending ticket has no event, or one whose bytes are no entry or say other things than its columns."""

    def __init__(self, ticket: int, why: str) -> None:
        super().__init__(f"{why} It gets no place; the events after it do.")
        self.ticket = ticket


@dataclass(frozen=True, slots=True)
class Batch:
    """What one round did: how many events it placed, and the tree's size after it."""

    events: int
    size: int


def sequence(*signers: note.Signer, origin: str, limit: int = BATCH, but_for: Collection[int] = ()) -> Batch:
    """Place the oldest pending events, at most `limit`, and sign the new head. Safe to run twice at once or to kill.

    signers: the log's key, and in a rotation the next one too. Leaves, tiles and checkpoint commit together or not at
    all. but_for: tickets that an EntryMismatch has named, which stay pending.
    Raises TreeMismatch, EntryMismatch, rotation.Stale.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        lock.take()
        rotation.check(signers)
        size, edge = _head()
        cursor.execute(_OLDEST, [_array(but_for), limit])
        oldest = cursor.fetchall()
        if not oldest:
            return Batch(events=0, size=size)
        tickets = [ticket for ticket, _ in oldest]
        cursor.execute(_EVENTS, [_array(tickets)])
        events = {ticket: told for ticket, *told in cursor.fetchall()}
        hashes = merkle.leaf_hashes(_checked(ticket, *events.get(ticket, [None])) for ticket in tickets)
        appended = tiles.append(edge, size, hashes)
        with cursor.copy("COPY audit_leaf (index, ticket, hash) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int8", "bytea"])
            for place, (ticket, digest) in enumerate(zip(tickets, hashes, strict=True), start=size):
                copy.write_row((place, ticket, digest))
        with cursor.copy("COPY audit_tile (level, n, data, root) FROM STDIN") as copy:
            for level, n, data, root in appended.full_tiles:
                copy.write_row((level, n, data, root))
        head = checkpoint.Checkpoint(origin, appended.size, appended.root)
        Checkpoint.objects.create(size=appended.size, note=note.sign(head.text(), *signers).decode())
        cursor.execute(_TAKE_OUT, [_array(xid for _, xid in oldest), _array(tickets)])
        return Batch(events=len(oldest), size=appended.size)


def _checked(ticket: int, leaf: bytes | None, *columns: str) -> bytes:
    """The entry's bytes, once it is known that they are one and say what the columns say: a signature is for ever."""
    if leaf is None:
        raise EntryMismatch(ticket, f"Ticket {ticket} is pending and there is no such event.")
    if _plainly_says(bytes(leaf), *columns):
        return bytes(leaf)
    try:
        told = entry.parse(bytes(leaf))
    except TlogError as error:
        raise EntryMismatch(ticket, f"The event of ticket {ticket} is no entry: {error}") from error
    subject = told["subject"]
    assert isinstance(subject, dict)  # entry.parse has seen to it
    said = (told["id"], told["event"], subject["type"], subject["id"], told["actor"], told["request"])
    if said != columns:
        raise EntryMismatch(ticket, f"The event of ticket {ticket} says other things than its columns.")
    return bytes(leaf)


def _plainly_says(
    leaf: bytes, identity: str, event: str, subject_type: str, subject_id: str, actor: str, request: str
) -> bool:
    """Whether these are an entry that says what its columns say, told at a quarter of the price of parsing it.

    In an entry that `quickentry` recognises quotes do nothing but delimit, so members in their order and columns
    without quotes have one reading. False means only that it has to be parsed.
    """
    if '"' in f"{identity}{event}{subject_type}{subject_id}{actor}{request}" or not quickentry.is_valid(leaf):
        return False
    middle = leaf[leaf.rfind(b'},"event":"') + 1 :]  # The last one: after it come digests and the subject.
    return (
        leaf.startswith(f'{{"actor":"{actor}","at":"'.encode())
        and middle.startswith(f',"event":"{event}","id":"{identity}","request":"{request}","row":'.encode())
        and leaf.endswith(f'"subject":{{"id":"{subject_id}","type":"{subject_type}"}},"v":1}}'.encode())
    )


def _array(values: Iterable[object]) -> str:
    """Numbers as PostgreSQL writes an array: an adapter would look at each of thousands."""
    return f"{{{','.join(map(str, values))}}}"


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
