"""Publishes the log as files (C2SP tlog-tiles): bundles, tiles, then the checkpoint, each whole or not at all.

Every step may be repeated and may be cut off: what stands there is compared, never replaced. Only the checkpoint is,
and only by one that continues it. Nothing is published that the files themselves do not prove.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from audit.models import Checkpoint, Cosignature, Event, Leaf
from audit.outside import anchoring, complaints, continuity, published, witnesses
from audit.signing import rotation
from audit.tlog import checkpoint, merkle, note, policy, tiles
from audit.tlog.errors import NoteError
from audit.tree import entries, proofs

logger = structlog.get_logger(__name__)

REFUSED_SECONDS = 10.0
STEP = 8192  # entries in memory at a time, more only if one signed head added more


class NotPublishable(Exception):
    """The database's entries do not lead to its own signed head; publishing them would spread the damage."""


@dataclass(frozen=True, slots=True)
class Published:
    """How far the published log reaches, and why not further, if it does not."""

    size: int
    files: int = 0
    waiting: str = ""


def run(stop: threading.Event, doubt: threading.Event) -> None:
    """Publish until `stop`; sets `doubt` when the outside disagrees, so that nothing more is signed either."""
    rests, trouble = witnesses.Rests(), complaints.Complaints(logger)
    while not stop.is_set():
        pause = settings.PUBLISH_SECONDS
        try:
            _round(rests, trouble)
        except (OperationalError, InterfaceError) as problem:
            trouble.say("the publisher waits for the database", problem, warning=True)
            connection.close()
        except continuity.Broken as problem:
            doubt.set()
            trouble.say("nothing is published: the outside disagrees", problem)
            pause = REFUSED_SECONDS
        except Exception as problem:  # noqa: BLE001 - this thread must not die unseen, whatever an anchor's library raises
            trouble.say(f"nothing is published: {type(problem).__name__}", problem)
            pause = REFUSED_SECONDS
        stop.wait(pause)
    connection.close()


def _round(rests: witnesses.Rests, trouble: complaints.Complaints) -> None:
    done = publish(rests)
    if done.waiting:
        trouble.say("nothing is published: too few cosignatures", NotPublishable(done.waiting), warning=True)
        return
    trouble.end("the publisher works again")
    if done.files:
        logger.info("published", size=done.size, files=done.files)


def publish(rests: witnesses.Rests | None = None) -> Published:
    """Bring the published files up to the newest head. Safe to repeat, to kill, and to run twice at once.

    Raises continuity.Behind, continuity.Forked (then nothing may be signed either), NotPublishable, OSError.
    """
    name = continuity.origin()
    folder = published.Folder(continuity.folder(name))
    with folder.alone():
        shown = folder.checkpoint()
        before = continuity.compare(continuity.Kept(str(folder.root), shown)).size if shown is not None else 0
        head = continuity.newest(name)
        if head is None or head.size < before:
            return Published(before)
        _check_signed(head)
        trust = witnesses.trusted()
        continuity.judge(head, witnesses.collect(head, witnesses.asked(trust), rests or witnesses.Rests()))
        signed = cosigned(head, trust)
        if signed is None:
            return Published(before, waiting=f"the quorum of witnesses: {trust.demand() if trust else ''}")
        if signed == shown:
            return Published(before)
        try:
            files = write_tree(folder, before, head.size)
        except published.OtherBytes as problem:
            raise continuity.Forked(f"{problem} {continuity.RUNBOOK}") from problem
        _anchor(signed)
        folder.show(signed)
    return Published(head.size, files)


def _check_signed(head: Checkpoint) -> None:
    try:
        checkpoint.open_signed(head.note.encode(), rotation.verifiers_at(head.size))
    except NoteError as problem:
        raise NotPublishable(
            f"The database's newest head, of size {head.size}, is not the log's: {problem}"
        ) from problem


def cosigned(head: Checkpoint, trust: policy.Policy | None) -> bytes | None:
    """The head's note with the lines of the witnesses that the policy names; None while they are no quorum."""
    if trust is None:
        return head.note.encode()
    keys = {known.key.name: known.key for known in trust.witnesses.values()}
    stored = Cosignature.objects.filter(size=head.size, witness__in=keys).order_by("witness")
    lines = [(keys[name], line) for name, line in stored.values_list("witness", "line")]
    good = [(key, line) for key, line in lines if _verifies(head, key, line)]
    signed = head.note.encode() + "".join(line for _, line in good).encode()
    return signed if trust.is_reached([key for key, _ in good]) else None


def _verifies(head: Checkpoint, key: note.Verifier, line: str) -> bool:
    """It did when it was stored; a row that was changed since must not stop the log."""
    try:
        note.open_note(f"{note.text_of(head.note.encode())}\n{line}".encode(), [key])
    except NoteError as problem:
        logger.warning("a stored cosignature does not verify", size=head.size, witness=key.name, why=str(problem))
        return False
    return True


def _anchor(signed: bytes) -> None:
    """Before the checkpoint, so that no published one is without; an anchor that is away gets the next one."""
    for url in settings.LOG_ANCHOR_URLS:
        try:
            anchoring.keep(url, signed)
        except anchoring.AnchorDiffers as problem:
            raise continuity.Forked(f"{problem} {continuity.RUNBOOK}") from problem
        except anchoring.AnchorAway as problem:
            logger.warning("an anchor was not written", url=url, why=str(problem))


def write_tree(folder: published.Folder, old: int, new: int) -> int:
    """Write what the tree has beyond the size `old`; returns how many files were new.

    In steps that end at signed heads: the tree is computed from the entries and must have the signed root before a
    file of it is written. Raises NotPublishable, published.OtherBytes.
    """
    start = old - old % tiles.WIDTH
    edge = _edge(start)
    written = 0
    for size, root in _steps(old, new):
        leaves = _leaves(start, size)
        grown = tiles.append(edge, start, merkle.leaf_hashes(leaves))
        if grown.root != root:
            raise NotPublishable(
                f"The entries up to {size} have the root {grown.root.hex()}; the signed one is {root.hex()}. "
                "Nothing of it is published. Run the self-check."
            )
        full = len(leaves) - len(leaves) % tiles.WIDTH
        written += _write_full(folder, start, leaves[:full], grown.full_tiles)
        rest, start = leaves[full:], start + full
        edge = [[], *grown.edge[1:]] if start else []
    written += _write_partial(folder, new, rest, grown.edge)
    return written


def _steps(old: int, new: int) -> Iterator[tuple[int, bytes]]:
    """Sizes of signed heads from above `old` to `new`, about STEP apart, with their roots; `new` at least."""
    size = old
    while size < new or size == old:
        heads = Checkpoint.objects.filter(size__gt=size, size__lte=new).order_by("size")
        near = heads.filter(size__lte=size + STEP).last() or heads.first() or Checkpoint.objects.get(size=new)
        size = near.size
        yield size, checkpoint.parse(note.text_of(near.note.encode())).root
        if size == new:
            return


def _leaves(first: int, end: int) -> list[bytes]:
    tickets = list(
        Leaf.objects.filter(index__gte=first, index__lt=end).order_by("index").values_list("ticket", flat=True)
    )
    events = Event.objects.filter(ticket__in=tickets).only("ticket", "leaf").in_bulk(tickets)
    missing = [ticket for ticket in tickets if ticket not in events]
    if missing or len(tickets) != end - first:
        raise NotPublishable(f"Entries between {first} and {end} are not in the database; tickets {missing[:10]}.")
    return entries.raw(events[ticket] for ticket in tickets)


def _edge(size: int) -> list[list[bytes]]:
    """The right edge of the stored tree at a size."""
    levels = range(-(-size.bit_length() // 8))
    wanted = [(level, (size >> 8 * level) // tiles.WIDTH) for level in levels]
    found = proofs.fetch(wanted, size)
    return [list(found.get(place, ())) for place in wanted]


def _write_full(folder: published.Folder, start: int, leaves: list[bytes], full: list[tiles.FullTile]) -> int:
    written = 0
    for first in range(0, len(leaves), tiles.WIDTH):
        path = tiles.bundle_path((start + first) // tiles.WIDTH)
        written += folder.store(path, tiles.encode_bundle(leaves[first : first + tiles.WIDTH]))
    for tile in full:
        written += folder.store(tiles.tile_path(tile.level, tile.n), tile.data)
    return written


def _write_partial(folder: published.Folder, size: int, rest: list[bytes], edge: list[list[bytes]]) -> int:
    written = 0
    if rest:
        written += folder.store(tiles.bundle_path(size // tiles.WIDTH, len(rest)), tiles.encode_bundle(rest))
    for level, hashes in enumerate(edge):
        if hashes:
            n = (size >> 8 * level) // tiles.WIDTH
            written += folder.store(tiles.tile_path(level, n, len(hashes)), tiles.encode_tile(hashes))
    return written
