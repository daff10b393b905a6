"""Which keys sign the log, as its own events say: opened under one, another added, an old one retired at a size.

While two are active, heads have a line of each, so that who knows only the old key and who knows only the new one can
both go on. A retired key verifies the heads up to its size for ever, and signs none beyond it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog
from django.conf import settings
from django.db import transaction

from audit import actors, log
from audit.actors import Actor
from audit.events import Event, Json
from audit.log_events import KeyAdded, KeyRetired, LogOpened, Resumed
from audit.models import Checkpoint
from audit.models import Event as Recorded
from audit.signing import keys
from audit.tlog import canonical, note
from audit.tree import entries, lock

logger = structlog.get_logger(__name__)

_NAMING = [kind.event_name for kind in (LogOpened, Resumed)]
NAMES = [kind.event_name for kind in (LogOpened, KeyAdded, KeyRetired, Resumed)]


class RotationRefused(Exception):
    """This key cannot be added or retired now; the message says why, and what to do first."""


class Stale(Exception):
    """The keys or the origin changed since the signers were loaded: load them again, nothing was signed."""


@dataclass(frozen=True, slots=True)
class Span:
    """One key's time: it signs heads larger than `from_size`, and none beyond `at_size` once that is set."""

    verifier: note.Verifier
    from_size: int
    at_size: int | None = None


def origin() -> str:
    """The name that the log signs under now: what it was opened or last resumed with; before that LOG_ORIGIN."""
    names = [str(data["new_origin"]) if event == Resumed.event_name else _named(data) for event, data in told(*_NAMING)]
    return names[-1] if names else str(settings.LOG_ORIGIN)


def spans() -> list[Span]:
    """Every key that the log's events name, in their order; a log that has said nothing yet has none."""
    found: dict[str, Span] = {}
    for event, data in told(*NAMES):
        match event:
            case LogOpened.event_name | KeyAdded.event_name:
                vkey, size = str(data["vkey"]), data.get("from_size", 0)
                assert isinstance(size, int)
                found[vkey] = Span(note.Verifier.parse(vkey), size)
            case KeyRetired.event_name:
                _close(found, [str(data["vkey"])], data["at_size"])
            case Resumed.event_name:  # nobody signs under the old origin any more; new keys are named after this event
                _close(found, [vkey for vkey, span in found.items() if span.at_size is None], data["restored_size"])
    return list(found.values())


def active() -> list[note.Verifier]:
    """The keys that sign the next head."""
    return [span.verifier for span in spans() if span.at_size is None]


def verifiers() -> list[note.Verifier]:
    """Every key that ever signed a head, for old checkpoints too. Raises KeyMissing before the log is opened."""
    return [span.verifier for span in spans()] or [_first(keys.public(keys.LOG))]


def verifiers_at(size: int) -> list[note.Verifier]:
    """The keys that may have signed a head of that size: neither one that came later, nor one that was retired."""
    found = spans()
    fitting = [span for span in found if span.from_size < size and (span.at_size is None or size <= span.at_size)]
    return [span.verifier for span in fitting] if found else verifiers()


def signers() -> list[note.Signer]:
    """The active keys that this process can use; only the sequencer may ask. Raises KeyMissing if there is none.

    Writes the verifier keys of all that ever signed beside the key files, for auditors.
    """
    own = {keys.raw_public(key): key for key in keys.log_keys()}
    wanted = active() or [_first(keys.raw_public(keys.log_keys()[-1]))]
    found = [note.Signer(each.name, own[each.public_key]) for each in wanted if each.public_key in own]
    lost = [each.vkey for each in wanted if each.public_key not in own]
    if not found:
        raise keys.KeyMissing(
            f"The log is signed by {', '.join(lost)}, and this process has no such key. Give it the key, or if it is "
            "lost, name another: manage.py rotate_log_key --as USER --reason ..."
        )
    if lost:
        logger.warning("a key of the log is not here; heads lack its line until it is retired", keys=lost)
    keys.publish(keys.LOG, *dict.fromkeys(each.vkey for each in [*(span.verifier for span in spans()), *wanted]))
    return found


def check(signing: Sequence[note.Signer]) -> None:
    """Under the lock, before a signature: whether these keys are still the ones. Raises Stale.

    A log whose events name no key yet takes any.
    """
    allowed = {verifier.vkey for verifier in active()}
    refused = [signer.vkey for signer in signing if signer.vkey not in allowed]
    if refused and spans():
        raise Stale(f"The key {', '.join(refused)} does not sign this log any more. Nothing was signed.")


def revision() -> int:
    """A number that grows with every event about keys and origins."""
    newest = Recorded.objects.filter(event__in=NAMES).order_by("-ticket").values_list("ticket", flat=True).first()
    return newest or 0


def open_log() -> None:
    """Record the first key, once; the sequencer does it at its start."""
    with transaction.atomic(durable=True):
        lock.take()
        if not spans():
            first = _first(keys.raw_public(keys.log_keys()[-1]))
            _record(LogOpened(vkey=first.vkey), origin=first.name, actor=actors.system("sequencer"))


def add(*, actor: Actor, reason: str) -> str:
    """Let another key sign beside the active ones; returns its verifier key. Records log.key_added.

    The key is one that this process can use and the log never named; where the keys are files, it is made now.
    The event comes under a head that the old key signs too: the old key vouches for the new one.
    Raises RotationRefused, KeyUnusable.
    """
    with transaction.atomic(durable=True):
        lock.take()
        standing = active()
        if not standing:
            raise RotationRefused("The log has no key yet. Start the sequencer first: it opens the log with one.")
        named = {span.verifier.public_key for span in spans()}
        fresh = [raw for raw in map(keys.raw_public, keys.log_keys()) if raw not in named]
        if len(fresh) > 1:
            raise RotationRefused(f"{len(fresh)} keys are new to the log. Leave one of them; add the others later.")
        public = fresh[0] if fresh else keys.raw_public(keys.new_log_key())
        added = note.Verifier(standing[-1].name, note.ED25519, public)
        _record(KeyAdded(vkey=added.vkey, from_size=_size()), origin=added.name, actor=actor, reason=reason)
    return added.vkey


def retire(*, actor: Actor, reason: str) -> str:
    """End the oldest active key at the present size; returns its verifier key. Records log.key_retired.

    Raises RotationRefused if it is the only one, or if the next has not signed a head yet.
    """
    with transaction.atomic(durable=True):
        lock.take()  # no head is being signed now, so none beyond this size has the old key's line
        standing = active()
        if len(standing) < 2:
            raise RotationRefused("The log has one key. Add the next first: manage.py rotate_log_key --as USER ...")
        oldest, newest = standing[0], standing[-1]
        if not _has_signed(newest):
            raise RotationRefused(f"{newest.vkey} has signed no head yet. Wait until the sequencer used it.")
        event = KeyRetired(vkey=oldest.vkey, at_size=_size())
        _record(event, origin=oldest.name, actor=actor, reason=reason)
    return oldest.vkey


def told(*names: str) -> list[tuple[str, dict[str, Json]]]:
    """Name and data of the log's events about itself, in the order in which they were recorded."""
    events = list(Recorded.objects.filter(event__in=names).order_by("ticket").only("ticket", "event", "leaf"))
    return [(event.event, _data(raw)) for event, raw in zip(events, entries.raw(events), strict=True)]


def _data(leaf: bytes) -> dict[str, Json]:
    value = canonical.decode(leaf)
    assert isinstance(value, dict)
    data = value["data"]
    assert isinstance(data, dict)
    return data


def _named(data: dict[str, Json]) -> str:
    return note.Verifier.parse(str(data["vkey"])).name


def _close(found: dict[str, Span], vkeys: Sequence[str], size: Json) -> None:
    assert isinstance(size, int)
    for vkey in vkeys:
        if vkey in found:
            found[vkey] = replace(found[vkey], at_size=size)


def _first(public: bytes) -> note.Verifier:
    return note.Verifier(origin(), note.ED25519, public)


def _size() -> int:
    head = Checkpoint.objects.first()
    return head.size if head else 0


def _has_signed(verifier: note.Verifier) -> bool:
    head = Checkpoint.objects.first()
    if head is None:
        return False
    _, signatures = note.parse(head.note.encode())
    return any((line.name, line.key_id) == (verifier.name, verifier.key_id) for line in signatures)


def _record(event: Event, *, origin: str, actor: Actor, reason: str = "") -> None:
    log.record(event, subject=log.Subject("log", origin), actor=actor, reason=reason)
