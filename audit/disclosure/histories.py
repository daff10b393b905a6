"""Fixes, now and then, how many events every subject has, so that a pack can prove that it holds them all."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models.functions import Collate

from audit import log
from audit.actors import Actor
from audit.log_events import HistoriesFixed
from audit.models import Checkpoint, Event, History, Leaf
from audit.tlog import checkpoint, entry, histories, note
from audit.tlog.histories import Map, Placed, State, key_of
from audit.tree import entries, proofs

EVERY_ENTRIES = 1024
_LOCK = 0x6D6C6F70734849
_BATCH = 5000
_PLACED = """
    SELECT subject_type, subject_id, index, hash FROM audit_leaf JOIN audit_event USING (ticket)
    WHERE index >= %s AND index < %s ORDER BY index
"""
_ANYTHING_NEW = """
    SELECT EXISTS (SELECT FROM audit_leaf JOIN audit_event USING (ticket)
    WHERE index >= %s AND index < %s AND event <> %s)
"""
_KNOWN = """
    SELECT subject_type, subject_id, count, last_index, digest
    FROM audit_history JOIN unnest(%s::text[], %s::text[]) AS wanted (subject_type, subject_id)
    USING (subject_type, subject_id)
"""
_STORE = """
    INSERT INTO audit_history (subject_type, subject_id, count, last_index, digest)
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bytea[])
    ON CONFLICT (subject_type, subject_id)
    DO UPDATE SET count = EXCLUDED.count, last_index = EXCLUDED.last_index, digest = EXCLUDED.digest
"""


class HistoriesMismatch(Exception):
    """The table of histories is not what the log last fixed: nothing is fixed until a person has looked.

    It holds nothing that cannot be computed again: once its owner has emptied it, the next round begins at entry 0.
    """


@dataclass(frozen=True, slots=True)
class Fixed:
    """The root over the histories of the first `size` entries; the log has it in entry `index`, once that is placed."""

    index: int | None
    size: int
    root: bytes
    subjects: int


def due(*, entries: int = EVERY_ENTRIES) -> bool:
    """Whether so many entries have come since the histories were last fixed."""
    head, last = proofs.latest(), _newest()
    return head is not None and head.size - (last.size if last else 0) >= entries


def fix(*, actor: Actor) -> Fixed | None:
    """Bring every subject's history up to the newest signed head and fix their root in the log.

    Records log.histories_fixed; does nothing, and returns None, where nothing else has happened since the last time.
    Needs the right to write audit_history, which the sequencer's role has. Raises HistoriesMismatch.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # A statement of its own, as in the sequencer: what its last holder committed must be seen.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        head, since = proofs.latest(), _resumable_size()
        if head is None or not _anything_new(since, head.size):
            return None
        for first in range(since, head.size, _BATCH):
            _take_in(first, min(first + _BATCH, head.size))
        whole = Map(_stored())
        log.record(
            HistoriesFixed(size=head.size, root=whole.root.hex(), subjects=whole.subjects),
            subject=log.Subject("log", _origin(head)),
            actor=actor,
        )
        return Fixed(None, head.size, whole.root, whole.subjects)


def newest(head: Checkpoint) -> Fixed | None:
    """What was last fixed under a head."""
    return _newest(head.size)


def prove(subjects: Iterable[tuple[str, str]], fixed: Fixed) -> dict[tuple[str, str], tuple[Placed, ...]]:
    """For each subject its leaves of the map that was fixed last. Raises NotSequenced where a newer one was since."""
    wanted = {subject: key_of(*subject) for subject in subjects}
    whole = Map(_stored(), wanted.values())
    if whole.root != fixed.root:
        raise proofs.NotSequenced("The histories were fixed a moment ago and await their place in the log.")
    return {subject: tuple(whole.prove(*subject)) for subject in wanted}


def _resumable_size() -> int:
    """From where on entries are not counted yet; 0 where the table is empty."""
    last = _newest()
    if last is None or not History.objects.exists():
        return 0
    if Map(_stored()).root != last.root:
        raise HistoriesMismatch(
            f"The table audit_history is not what the log fixed at size {last.size}: rows were changed there. "
            "Find out by whom; then empty it as its owner, and the next round computes it from the log."
        )
    return last.size


def _anything_new(first: int, end: int) -> bool:
    """Whether there is another event than fixing histories: an idle log must not grow by its own clock."""
    with connection.cursor() as cursor:
        cursor.execute(_ANYTHING_NEW, [first, end, histories.EVENT])
        (found,) = cursor.fetchone()
        return bool(found)


def _take_in(first: int, end: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_PLACED, [first, end])
        placed = cursor.fetchall()
        if len(placed) != end - first:
            raise HistoriesMismatch(f"Of the entries from {first} up to {end}, {len(placed)} have an event.")
        keys = sorted({(subject_type, subject_id) for subject_type, subject_id, *_ in placed})
        cursor.execute(_KNOWN, [[kind for kind, _ in keys], [name for _, name in keys]])
        known = histories.Histories(_state(*row) for row in cursor.fetchall())
        for subject_type, subject_id, index, leaf_hash in placed:
            known.add(subject_type, subject_id, index, bytes(leaf_hash))
        columns = [(one.type, one.id, one.count, one.last, one.digest) for one in known.states()]
        cursor.execute(_STORE, [list(column) for column in zip(*columns, strict=True)])


def _stored() -> Iterator[State]:
    """Every subject's state, in the order of the map: that of the bytes, which is what the collation C means."""
    ordered = History.objects.order_by(Collate("subject_type", "C"), Collate("subject_id", "C"))
    for row in ordered.values_list("subject_type", "subject_id", "count", "last_index", "digest").iterator():
        yield _state(*row)


def _state(subject_type: str, subject_id: str, count: int, last: int, digest: bytes | memoryview) -> State:
    return State(subject_type, subject_id, count, last, bytes(digest))


def _newest(size: int | None = None) -> Fixed | None:
    """The last fixing event; with a size, the last among so many entries."""
    for event in Event.objects.filter(event=histories.EVENT).order_by("-ticket"):
        index = Leaf.objects.filter(ticket=event.ticket).values_list("index", flat=True).first()
        if size is None or (index is not None and index < size):
            return _fixed(index, entries.raw([event])[0])
    return None


def _fixed(index: int | None, leaf: bytes) -> Fixed:
    data = entry.parse(leaf)["data"]
    assert isinstance(data, Mapping)
    return Fixed(index, int(str(data["size"])), bytes.fromhex(str(data["root"])), int(str(data["subjects"])))


def _origin(head: Checkpoint) -> str:
    return checkpoint.parse(note.text_of(head.note.encode())).origin
