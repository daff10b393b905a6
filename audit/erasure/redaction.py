"""Erasing what the log sealed (GDPR Art. 17): asked for by one person, approved by another, and itself in the log.

Entries hold commitments only, so every proof goes on to hold; without its salt a commitment cannot be guessed open.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit import log, log_events
from audit.actors import Actor
from audit.erasure import holds
from audit.errors import AlreadyDecided, MustBeKept, NeedsAnother, NotErasable, NotSignedYet, Refusal
from audit.models import Event, Leaf, Redaction, Sealed
from audit.sealed import datakeys, sealing

State = Redaction.State
#: Further rules and rows of whoever knows what the values are about: refuses by raising, in the erasure's transaction.
Also = Callable[[Redaction], object]
# The ground stands in the log for ever and in clear, so it is a provision and has no room for a person's story.
_GROUND = re.compile(r"(?=.*\d)[\w§][\w §().,/-]{2,99}")


class _Shorter(NamedTuple):
    """One person's values of an event before and after; nothing where none are left."""

    person: str
    was: bytes
    becomes: bytes | None


def nothing_else(redaction: Redaction) -> None:
    """No rules but the log's own."""


def request(
    *,
    ground: str,
    actor: Actor,
    event: UUID | None = None,
    fields: Iterable[str] = (),
    person: str = "",
    reason: str = "",
    also: Also = nothing_else,
) -> Redaction:
    """Ask to erase some fields of one event, or everything that is sealed under one person.

    ground: the provision, e.g. ``GDPR Art. 17(1)(b)``; it is public. What must be kept is refused at once, on record.
    Records redaction.requested, and redaction.refused. Raises NotErasable, MustBeKept.
    """
    redaction = Redaction(
        event=event, fields=sorted(set(fields)), person=person, ground=ground.strip(), requested_by=actor.id
    )
    people = _check_request(redaction)
    refusal: Refusal | None = None
    with transaction.atomic(durable=True):
        holds.wait()
        try:
            holds.check(event=event, people=people)
            also(redaction)
        except MustBeKept as error:
            refusal = error
            _settle(redaction, State.REFUSED, by="", refusal=error.detail)
        redaction.save(force_insert=True)
        asked = log_events.RedactionRequested(
            event=str(event) if event else None, fields=redaction.fields, person=person, ground=redaction.ground
        )
        log.record(asked, subject=redaction, actor=actor, reason=reason)
        if refusal:
            _record_refusal(redaction, refusal, actor)
    if refusal:
        raise refusal
    return redaction


def approve(redaction: Redaction, *, actor: Actor, reason: str, also: Also = nothing_else) -> Redaction:
    """Erase, as the second person. A refusal is recorded, then raised; what must be kept refuses the request for good.

    Records redaction.executed; or redaction.refused; or redaction.approval_refused, after which it stays open.
    Raises AlreadyDecided, NotSignedYet, NeedsAnother, NotErasable, MustBeKept, and what `also` raises.
    """
    refusal: Refusal | None = None
    with transaction.atomic(durable=True):
        holds.wait()
        redaction = Redaction.objects.select_for_update().get(pk=redaction.pk)
        try:
            with transaction.atomic():
                _check_approval(redaction, actor)
                also(redaction)
                _execute(redaction, actor, reason)
        except Refusal as error:
            refusal = error
            redaction.refresh_from_db()
            if isinstance(error, MustBeKept):
                _settle(redaction, State.REFUSED, by=actor.id, refusal=error.detail)
                redaction.save()
            _record_refusal(redaction, error, actor)
    if refusal:
        raise refusal
    datakeys.forget(redaction.person)
    return redaction


def refuse(redaction: Redaction, *, actor: Actor, reason: str) -> Redaction:
    """Decide that the values stay. Records redaction.refused. Raises AlreadyDecided, NeedsAnother."""
    with transaction.atomic(durable=True):
        redaction = _open(redaction)
        if redaction.requested_by == actor.id:
            raise NeedsAnother("Nobody decides an own request.", remedy="Withdraw it.")
        _settle(redaction, State.REFUSED, by=actor.id, refusal=reason)
        redaction.save()
        event = log_events.RedactionRefused(rule="Decision")
        log.record(event, subject=redaction, actor=actor, reason=reason)
    return redaction


def withdraw(redaction: Redaction, *, actor: Actor, reason: str = "") -> Redaction:
    """Take one's own request back. Records redaction.withdrawn. Raises AlreadyDecided, NeedsAnother."""
    with transaction.atomic(durable=True):
        redaction = _open(redaction)
        if redaction.requested_by != actor.id:
            raise NeedsAnother("Only who asked withdraws a request.", remedy="Refuse it.")
        _settle(redaction, State.WITHDRAWN, by=actor.id)
        redaction.save()
        log.record(log_events.RedactionWithdrawn(), subject=redaction, actor=actor, reason=reason)
    return redaction


def values(redaction: Redaction) -> list[sealing.Opened]:
    """The values of the event that would go, while they are there; a person's are not opened."""
    if redaction.event is None:
        return []
    opened = sealing.opened(Event.objects.filter(id=redaction.event))
    return [one for one in opened if one.field in redaction.fields]


def _check_request(redaction: Redaction) -> set[str]:
    """Whether there is such a thing to erase; whose values they are."""
    if not _GROUND.fullmatch(redaction.ground):
        raise NotErasable(
            "The ground names no provision.", remedy="Say which, such as 'GDPR Art. 17(1)(b)'; it will be public."
        )
    if bool(redaction.event) == bool(redaction.person) or bool(redaction.person and redaction.fields):
        raise NotErasable("An erasure is of one event's fields or of one person.", remedy="Name one of the two.")
    return _check_there(redaction)


def _check_there(redaction: Redaction) -> set[str]:
    """Whose values they are, which must all be there still."""
    if redaction.event is None:
        if not datakeys.living(redaction.person):
            raise NotErasable("Nothing is sealed under this person, or not any more.")
        return {redaction.person}
    found = values(redaction)
    missing = sorted(set(redaction.fields) - {one.field for one in found})
    if missing or not found:
        what = ", ".join(missing) or "no field"
        raise NotErasable(f"Event {redaction.event} has no sealed value that can be read under: {what}.")
    return {one.person for one in found}


def _check_approval(redaction: Redaction, actor: Actor) -> None:
    if redaction.state != State.REQUESTED:
        raise AlreadyDecided(f"The request was {redaction.state} already.")
    if actor.id == redaction.requested_by:
        raise NeedsAnother("Nobody approves an own request.", remedy="Ask another person to decide.")
    if actor.id == redaction.person or actor.id in {value.person for value in values(redaction)}:
        raise NeedsAnother("Nobody approves the erasure of what is about themselves.", remedy="Ask another person.")


def _check_signed(redaction: Redaction) -> None:
    """The request has its place in the log for good before anything goes."""
    asked = Event.objects.filter(
        subject_type="redaction",
        subject_id=str(redaction.pk),
        event=log_events.RedactionRequested.event_name,
        actor=redaction.requested_by,
    )
    if not Leaf.objects.filter(ticket__in=asked.values("ticket")).exists():
        raise NotSignedYet("The request is not under a signed head yet.", remedy="Ask again in a second.")


def _execute(redaction: Redaction, actor: Actor, reason: str) -> None:
    """Say it in the log, then let the database do it: it checks all this again."""
    _check_signed(redaction)
    holds.check(event=redaction.event, people=_check_there(redaction))
    shorter = list(_shorter(redaction))
    keys = datakeys.living(redaction.person) if redaction.person else []
    _settle(redaction, State.EXECUTED, by=actor.id)
    redaction.save()
    event = log_events.ValuesRedacted(
        event=str(redaction.event) if redaction.event else None,
        fields=redaction.fields,
        person=redaction.person,
        ground=redaction.ground,
        values=len(redaction.fields) or _count(redaction.person),
        keys=keys,
    )
    log.record(event, subject=redaction, actor=actor, reason=reason)
    columns = [list(column) for column in zip(*shorter, strict=True)] or [[], [], []]
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_erase(%s, %s::text[], %s::bytea[], %s::bytea[])", [redaction.pk, *columns])


def _shorter(redaction: Redaction) -> Iterator[_Shorter]:
    """What stays of each person's values in the event."""
    if redaction.event is None:
        return
    event = Event.objects.get(id=redaction.event)
    for row in Sealed.objects.filter(ticket=event.ticket).exclude(content=None).order_by("person"):
        cipher, was = datakeys.usable([row.key]).get(row.key), bytes(row.content or b"")
        if cipher is None:
            continue
        content = sealing.readable(cipher, row, event.id)
        rest = {field: value for field, value in content.items() if field not in redaction.fields}
        if len(rest) < len(content):
            yield _Shorter(row.person, was, sealing.encrypt(cipher, rest, event.id) if rest else None)


def _count(person: str) -> int:
    """In how many events something is sealed under the person; a value each, or more."""
    return Sealed.objects.filter(person=person).exclude(content=None).count()


def _open(redaction: Redaction) -> Redaction:
    redaction = Redaction.objects.select_for_update().get(pk=redaction.pk)
    if redaction.state != State.REQUESTED:
        raise AlreadyDecided(f"The request was {redaction.state} already.")
    return redaction


def _settle(redaction: Redaction, state: str, *, by: str, refusal: str = "") -> None:
    redaction.state, redaction.refusal = state, refusal
    redaction.decided_by, redaction.decided_at = by, timezone.now()
    redaction.revision += 1


def _record_refusal(redaction: Redaction, refusal: Refusal, actor: Actor) -> None:
    kind = log_events.RedactionRefused if redaction.state == State.REFUSED else log_events.ApprovalRefused
    rule = type(refusal).__name__
    log.record(kind(rule=rule), subject=redaction, actor=actor, sealed={"detail": refusal.detail})
