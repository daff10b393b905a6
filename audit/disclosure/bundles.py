"""Evidence packs of any subject: its whole history with the proof that nothing of it is left out."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db import connection, transaction

from audit import log
from audit.actors import Actor
from audit.disclosure import histories
from audit.log_events import HistoryExported
from audit.models import Checkpoint, Cosignature, Event, Leaf
from audit.outside import witnesses
from audit.sealed import sealing
from audit.signing import rotation
from audit.tlog import checkpoint, entry, note, onefile, pack, proof, ranges, tiles
from audit.tlog.completeness import Claim, Completeness
from audit.tlog.histories import key_of
from audit.tree import entries, proofs

MAX_RANGE = 20_000
VERIFIER_FILE = "verify.py"
_TITLES = ("title", "name", "key")
_RANGE = """
    SELECT index, leaf FROM audit_leaf JOIN audit_event USING (ticket) WHERE index >= %s AND index < %s ORDER BY index
"""


class NoHistory(Exception):
    """The log has no event about the subject."""


def export(subject_type: str, subject_id: str, *, open_sealed: bool, actor: Actor) -> bytes:
    """Everything that the log holds about one subject, as a pack; that it left is itself an event of the log.

    open_sealed: with what people wrote and the old and new values of columns, where they have not been erased.
    Records log.history_exported. Raises NoHistory, NotSequenced, ArchiveUnreadable.
    """
    head = newest_head()
    raw = history(subject_type, subject_id, head=head, open_sealed=open_sealed)
    event = HistoryExported(subject_type=subject_type, subject_id=subject_id, size=head.size, opened=open_sealed)
    with transaction.atomic(durable=True):
        log.record(event, subject=log.Subject("log", origin(head)), actor=actor)
    return raw


def history(subject_type: str, subject_id: str, *, head: Checkpoint, open_sealed: bool) -> bytes:
    """The pack of `export`, under a head. Raises NoHistory, NotSequenced, ArchiveUnreadable."""
    # The head was read first: an event that is placed in the meantime is beyond it, and so not missed.
    events = list(Event.objects.filter(subject_type=subject_type, subject_id=subject_id).order_by("ticket"))
    if not events:
        raise NoHistory(f"The log has no event about {subject_type} {subject_id}.")
    require_placed(events, head)
    verifier = published_verifier(head)
    given = pack.Pack(
        origin=origin(head),
        about=pack.About(subject_type, subject_id, _title(events) or subject_id),
        entries=proven([*events, *([verifier[0]] if verifier else [])], head),
        records=list(_changes(events)) if open_sealed else [],
        disclosures=list(disclosures(events)) if open_sealed else [],
        keys=head_keys(head),
        files={VERIFIER_FILE: verifier[1]} if verifier else {},
        completeness=completeness([(subject_type, subject_id)], head),
    )
    target = io.BytesIO()
    pack.write(target, given)
    return target.getvalue()


def newest_head() -> Checkpoint:
    """The newest signed head. Raises NotSequenced where there is none yet."""
    head = proofs.latest()
    if head is None:
        raise proofs.NotSequenced("Nothing is under a signed head yet.")
    return head


def require_placed(events: Sequence[Event], head: Checkpoint) -> None:
    """Raises NotSequenced unless every one of these events is under the head."""
    tickets = {event.ticket for event in events}
    if Leaf.objects.filter(ticket__in=tickets, index__lt=head.size).count() < len(tickets):
        raise proofs.NotSequenced("The newest events are not under a signed head yet.")


def proven(events: Iterable[Event], head: Checkpoint) -> list[pack.ProvenEntry]:
    """The entries of events with their proofs, each once. Raises ArchiveUnreadable."""
    known = {event.ticket: event for event in events}
    fetch, signed = _Tree(head.size).fetch, note_of(head)
    found = []
    for index, ticket in Leaf.objects.filter(ticket__in=known).order_by("index").values_list("index", "ticket"):
        hashes = tiles.inclusion_proof(index, head.size, fetch)
        file = proof.TlogProof(index, tuple(hashes), signed)
        found.append(pack.ProvenEntry(index, _bytes(index, known[ticket].leaf), file.format()))
    return found


def completeness(subjects: Iterable[tuple[str, str]], head: Checkpoint) -> Completeness | None:
    """What proves that a pack with all events about these subjects has them all.

    None where the histories were fixed too long ago, so that the range would be longer than a pack should be.
    """
    fixed, ordered = histories.newest(head), sorted(set(subjects), key=lambda subject: key_of(*subject))
    first = fixed.size if fixed else 0
    if head.size - first > MAX_RANGE:
        return None
    leaves: Mapping[tuple[str, str], tuple[Any, ...]] = histories.prove(ordered, fixed) if fixed else {}
    return Completeness(
        first,
        tuple(between(first, head.size)),
        tuple(range_proof(first, head.size, head)),
        fixed.index if fixed else None,
        tuple(Claim(*subject, leaves.get(subject, ())) for subject in ordered),
    )


def between(first: int, end: int) -> list[bytes]:
    """The bytes of the entries from `first` up to `end`, old ones from the archive. Raises ArchiveUnreadable."""
    with connection.cursor() as cursor:
        cursor.execute(_RANGE, [first, end])
        return [_bytes(index, leaf) for index, leaf in cursor.fetchall()]


def range_proof(first: int, end: int, head: Checkpoint) -> list[bytes]:
    """The proof that these are exactly the log's entries there. Raises ProofError for a range that is none."""
    return ranges.prove_from_tiles(first, end, head.size, _Tree(head.size).fetch)


def disclosures(events: Iterable[Event], *, columns: bool = True) -> Iterator[pack.Disclosure]:
    """Sealed values that have not been erased. columns: the old and new values of columns too, not words alone."""
    for one in sealing.opened(events):
        if columns or "/" not in one.field:
            yield pack.Disclosure(field=one.field, salt=one.salt, value=one.value)


def published_verifier(head: Checkpoint) -> tuple[Event, bytes] | None:
    """The one-file verifier that the log published last, with the event that holds its digest.

    None where none was published under this head, or where this server's own is another: then it would be unproven.
    """
    published = Event.objects.filter(event="log.verifier_published").order_by("-ticket").first()
    if published is None or not Leaf.objects.filter(ticket=published.ticket, index__lt=head.size).exists():
        return None
    raw = onefile.build()
    (told,) = entries.raw([published])
    return (published, raw) if _data(told).get("digest") == hashlib.sha256(raw).hexdigest() else None


def note_of(head: Checkpoint) -> bytes:
    """A head's signed note, with the lines of those witnesses whose keys the trust policy names."""
    return "".join([head.note, *(line for line, _ in _cosigned(head))]).encode()


def head_keys(head: Checkpoint) -> dict[str, note.Verifier]:
    """The public keys that signed the note of a head, by file name; for reference, a verifier brings its own."""
    lines = {(line.name, line.key_id) for line in note.parse(head.note.encode())[1]}
    signed = [key for key in rotation.verifiers() if (key.name, key.key_id) in lines]
    names = ["log.vkey", *(f"log.{number}.vkey" for number in range(2, len(signed) + 1))]
    witnessed = {f"witness.{number}.vkey": key for number, (_, key) in enumerate(_cosigned(head), start=1)}
    return {**dict(zip(names, signed, strict=False)), **witnessed}


def _cosigned(head: Checkpoint) -> list[tuple[str, note.Verifier]]:
    trust = witnesses.trusted()
    known = {each.key.name: each.key for each in trust.witnesses.values()} if trust else {}
    rows = Cosignature.objects.filter(size=head.size, witness__in=known).order_by("witness")
    return [(line, known[name]) for name, line in rows.values_list("witness", "line")]


def origin(head: Checkpoint) -> str:
    """The name under which the log signed a head."""
    return checkpoint.parse(note.text_of(head.note.encode())).origin


def _changes(events: Iterable[Event]) -> Iterator[pack.Record]:
    """The commitments to old and new values: each entry holds the digest of its own."""
    seen = {bytes(event.changes) for event in events if event.changes}
    yield from (pack.Record("changes", raw) for raw in sorted(seen))


def _title(events: Sequence[Event]) -> str | None:
    """What the oldest entry that gives the subject a title, a name or a key calls it."""
    texts = (data.get(name) for data in map(_data, entries.raw(events)) for name in _TITLES)
    return next((text for text in texts if isinstance(text, str) and text), None)


def _data(raw: bytes) -> dict[str, Any]:
    data = entry.parse(raw)["data"]
    assert isinstance(data, dict)
    return data


def _bytes(index: int, leaf: bytes | memoryview | None) -> bytes:
    if leaf is not None:
        return bytes(leaf)
    n, place = divmod(index, tiles.WIDTH)
    archived = entries.bundle(n)
    if archived is None:
        raise entries.ArchiveUnreadable(f"The bytes of entry {index} are neither in the database nor in the archive.")
    return archived[place]


class _Tree:
    """The tiles of a tree, each read once: hundreds of proofs share most of them."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._read: dict[tuple[int, int], Sequence[bytes]] = {}

    def fetch(self, wanted: list[tuple[int, int]]) -> Mapping[tuple[int, int], Sequence[bytes]]:
        missing = [place for place in wanted if place not in self._read]
        self._read |= proofs.fetch(missing, self._size)
        return self._read
