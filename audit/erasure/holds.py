"""Legal holds: what must be kept, why, and what they stand over."""

import re
from collections.abc import Iterable
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from audit import log, log_events
from audit.actors import Actor
from audit.errors import AlreadyDecided, HoldInForce, NotErasable
from audit.models import Hold

#: Taken by whoever erases and by whoever places or releases a hold, so that neither overlooks the other.
LOCK = 0x6D6C6F7073455241
_ACTOR = re.compile(r"(person|service):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def place(
    *, ground: str, actor: Actor, subject_type: str = "", subject_id: str = "", person: str = "", reason: str = ""
) -> Hold:
    """Keep what is about one subject, one type of subjects, or one person; with none of them, everything.

    It waits for an erasure that is under way. Records hold.placed. Raises NotErasable where it says too little.
    """
    _check_scope(ground, subject_type, subject_id, person)
    hold = Hold(subject_type=subject_type, subject_id=subject_id, person=person, ground=ground, placed_by=actor.id)
    event = log_events.HoldPlaced(subject_type=subject_type, subject_id=subject_id, person=person)
    with transaction.atomic(durable=True):
        hold.save(force_insert=True)
        log.record(event, subject=hold, actor=actor, reason=reason)
    return hold


def release(hold: Hold, *, actor: Actor, reason: str) -> Hold:
    """End a hold, once. Records hold.released. Raises AlreadyDecided."""
    with transaction.atomic(durable=True):
        hold = Hold.objects.select_for_update().get(pk=hold.pk)
        if hold.released_at is not None:
            raise AlreadyDecided("The hold was released already.")
        hold.released_at, hold.released_by, hold.revision = timezone.now(), actor.id, hold.revision + 1
        hold.save()
        log.record(log_events.HoldReleased(), subject=hold, actor=actor, reason=reason)
    return hold


def wait() -> None:
    """Until no erasure and no change of a hold is under way; none begins before this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def over(*, event: UUID | None, people: Iterable[str]) -> list[Hold]:
    """The holds over these people's values in one event, or in all events where none is given."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_holds_over(%s, %s)", [event, sorted(people)])
        found = [identity for (identity,) in cursor.fetchall()]
    return list(Hold.objects.filter(pk__in=found))


def check(*, event: UUID | None, people: Iterable[str]) -> None:
    """Raises HoldInForce with the grounds where any hold stands over them."""
    found = over(event=event, people=people)
    if found:
        grounds = "; ".join(f"{hold} ({hold.ground})" for hold in found)
        raise HoldInForce(f"It must be kept: {grounds}.", remedy="Ask again when the hold is released.")


def _check_scope(ground: str, subject_type: str, subject_id: str, person: str) -> None:
    if not ground.strip():
        raise NotErasable("A hold needs its ground.", remedy="Name the duty to keep, with its source.")
    if person and not _ACTOR.fullmatch(person):
        raise NotErasable(f"{person!r} names nobody.", remedy="Name a person as actors are named: person:<uuid>.")
    if person and subject_type:
        raise NotErasable("A hold covers a subject or a person.", remedy="Place two holds.")
    if subject_id and not subject_type:
        raise NotErasable("A subject's id says nothing without its type.", remedy="Name both.")
