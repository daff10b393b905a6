"""Compares the database with what the outside remembers of the log, before anything is signed.

A database that was restored from a backup looks whole to itself. Only what stands elsewhere (the published files, the
anchors, the witnesses) knows that the log had gone further: signing on would give two histories one name.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from audit import log
from audit.actors import Actor
from audit.log_events import KeyAdded, Resumed
from audit.models import Checkpoint
from audit.outside import anchoring, witnesses
from audit.signing import keys, rotation
from audit.tlog import checkpoint, note, tiles
from audit.tlog.errors import NoteError, ProofError
from audit.tree import lock, proofs

logger = structlog.get_logger(__name__)

origin = rotation.origin
_RESUMED = re.compile("(.+)~([1-9][0-9]*)")
_MOST_RESUMPTIONS = 64  # that a backup may not know of; each is asked of everybody outside
RUNBOOK = "Nothing is signed until a person has looked: docs/operations.md, 'When the log refuses to go on'."


class Broken(Exception):
    """What stands outside and the database do not tell the same history."""


class Behind(Broken):
    """The outside remembers more entries than the database has: it was restored from a backup, or cut."""


class Forked(Broken):
    """The outside remembers other entries than the database has."""


class CannotResume(Exception):
    """The log does not go on under a new origin."""


class NothingToResume(CannotResume):
    """The database and the outside agree; there is no reason for a new origin."""


class NoOriginLeft(CannotResume):
    """Somebody outside remembers every origin that could come next."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint that somebody else remembers: who, and its bytes as they stand there."""

    where: str
    raw: bytes


def folder(name: str) -> Path:
    """Where the log of an origin is published: the first in LOG_PUBLISH_DIR itself, each later one in its own."""
    _, number = _parts(name)
    return Path(settings.LOG_PUBLISH_DIR) / (f"~{number}" if number > 1 else "")


def check() -> None:
    """Compare everything outside with the database; what cannot be reached is named in the log. Raises Broken."""
    name = origin()
    for kept in remembered(name):
        compare(kept)
    head = newest(name)
    known = witnesses.asked(witnesses.trusted())
    if head is not None:
        judge(head, witnesses.question(head, known))


def remembered(name: str) -> list[Kept]:
    """The newest checkpoint of an origin, from everywhere that has one."""
    found = [Kept(str(path), path.read_bytes()) for path in [folder(name) / "checkpoint"] if path.exists()]
    for url in settings.LOG_ANCHOR_URLS:
        try:
            anchored = anchoring.newest(url, name)
        except anchoring.AnchorAway as problem:
            logger.warning("an anchor cannot be read", url=url, why=str(problem))
            continue
        found += [Kept(url, anchored)] if anchored is not None else []
    return found + _witnessed(name)


def _witnessed(name: str) -> list[Kept]:
    """What the witnesses show and a key of ours signed: what anybody could have written says nothing of the log."""
    own = _own(name)
    found = []
    for witness, raw in witnesses.held(witnesses.asked(witnesses.trusted()), name).items():
        try:
            checkpoint.open_signed(raw, own)
        except NoteError as problem:
            logger.warning("a witness shows what this log never signed", witness=witness, why=str(problem))
            continue
        found.append(Kept(f"the witness {witness}", raw))
    return found


def _own(name: str) -> list[note.Verifier]:
    """Every key of this log as a signer of that origin: an older backup knows neither later keys nor later origins."""
    places = Path(settings.SIGNING_KEY_DIR)
    told = [*places.glob(f"{keys.LOG}.vkey")]
    published = [note.Verifier.parse(line) for path in told for line in path.read_text().splitlines()]
    public = {verifier.public_key for verifier in [*(span.verifier for span in rotation.spans()), *published]}
    public |= {path.read_bytes() for path in places.glob(f"{keys.LOG}*.pub")}
    return [note.Verifier(name, note.ED25519, key) for key in sorted(public)]


def compare(kept: Kept) -> checkpoint.Checkpoint:
    """Refuse what the database does not continue; returns the head that is kept. Raises Behind, Forked."""
    size = _size()
    try:
        head = checkpoint.parse(note.text_of(kept.raw))
    except NoteError as problem:
        raise Forked(f"The checkpoint in {kept.where} cannot be read: {problem} {RUNBOOK}") from problem
    if head.size > size:
        raise Behind(
            f"{kept.where} remembers {head.size} entries, {_believed(kept.raw)}; the database has {size}. {RUNBOOK}"
        )
    try:
        checkpoint.open_signed(kept.raw, rotation.verifiers_at(head.size))
        root = tiles.tree_root(head.size, lambda wanted: proofs.fetch(wanted, head.size))
    except (NoteError, ProofError) as problem:
        raise Forked(f"{kept.where} at size {head.size}, the database at {size}: {problem} {RUNBOOK}") from problem
    if root != head.root:
        raise Forked(
            f"{kept.where} remembers the root {head.root.hex()} at size {head.size}; the database, now at size {size}, "
            f"has {root.hex()} there. {RUNBOOK}"
        )
    return head


def judge(head: Checkpoint, answers: dict[str, witnesses.Answer]) -> None:
    """Refuse where a witness knows better. It may lie: then a person takes it out of the policy. Raises Broken."""
    for name, answer in answers.items():
        match answer:
            case witnesses.Holds(size) if size > _size():
                raise Behind(f"The witness {name} holds {size} entries; the database has {_size()}. {RUNBOOK}")
            case witnesses.SaysForked(why):
                raise Forked(f"The witness {name} refuses the head of size {head.size}: {why} {RUNBOOK}")


def newest(name: str) -> Checkpoint | None:
    """The newest head, if it was signed under this origin."""
    head = Checkpoint.objects.first()
    return head if head and _parsed(head.note.encode()).origin == name else None


def resume(*, actor: Actor, reason: str) -> str:
    """Let the log go on under a new origin, with the entries that it has; returns the origin. Records log.resumed.

    What the outside remembers beyond that stays what it was under the old origin: signed, witnessed, and named in the
    event. Raises NothingToResume, NoOriginLeft.
    """
    old = origin()
    try:
        check()
    except Broken as problem:
        logger.warning("resuming a log that was refused", why=str(problem))
    else:
        raise NothingToResume(f"The database and everything outside agree about {old}; there is nothing to resume.")
    lost = max(
        (kept for kept in remembered(old) if _reads(kept.raw)), key=lambda kept: _parsed(kept.raw).size, default=None
    )
    head = _parsed(lost.raw) if lost else None
    new = _unused(old)
    signing = rotation.active()
    with transaction.atomic(durable=True):
        lock.take()
        event = Resumed(
            old_origin=old,
            new_origin=new,
            restored_size=_size(),
            outside_size=head.size if head else 0,
            outside_root=head.root.hex() if head else "",
            outside_note_digest=hashlib.sha256(lost.raw).hexdigest() if lost else "",
        )
        log.record(event, subject=log.Subject("log", new), actor=actor, reason=reason)
        for key in signing:
            added = note.Verifier(new, note.ED25519, key.public_key)
            event_added = KeyAdded(vkey=added.vkey, from_size=_size())
            log.record(event_added, subject=log.Subject("log", new), actor=actor)
    return new


def verifiers_of(name: str) -> list[note.Verifier]:
    """The keys that sign under an origin."""
    return [verifier for verifier in rotation.verifiers() if verifier.name == name]


def _unused(old: str) -> str:
    """The first origin that nobody outside has heard of: an older backup may not know of the ones before."""
    first, number = _parts(old)
    for following in range(number + 1, number + 1 + _MOST_RESUMPTIONS):
        name = f"{first}~{following}"
        if not remembered(name):
            return name
    raise NoOriginLeft(f"Every origin up to {first}~{number + _MOST_RESUMPTIONS} is remembered outside. {RUNBOOK}")


def _parts(name: str) -> tuple[str, int]:
    """The first origin, and how many the log has had: ``example.org/log~3`` is the third."""
    match = _RESUMED.fullmatch(name)
    return (match[1], int(match[2])) if match else (name, 1)


def _size() -> int:
    head = Checkpoint.objects.first()
    return head.size if head else 0


def _believed(raw: bytes) -> str:
    try:
        checkpoint.open_signed(raw, rotation.verifiers())
    except NoteError:
        return "signed by no key that the database knows of"
    return "signed by this log's key"


def _reads(raw: bytes) -> bool:
    try:
        return bool(_parsed(raw).origin)
    except NoteError:
        return False


def _parsed(raw: bytes) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.text_of(raw))
