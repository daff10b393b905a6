"""Holds: while one is open nothing new comes into its slot and no rollout moves on; the way back stays open."""

from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import AlreadyExists, Conflict, OnHold
from registry.models import Hold, Slot
from registry.permissions import require
from registry.roles import ROLES_FOR, Action
from registry.services import refusals
from registry.services.rows import match_revision


def place(slot: Slot, *, reason: str, actor: Actor) -> Hold:
    """Stop promotions into a slot and the steps of its rollout; what serves goes on serving.

    Records slot_hold.placed, or slot_hold.refused about the slot. Raises NotPermitted, AlreadyExists for a second one
    of the same person.
    """
    made: list[Hold] = []

    def work(locked: Slot) -> None:
        require(actor, Action.PAUSE, locked.system)
        if _open(locked, actor.id) is not None:
            raise AlreadyExists("Your hold on this slot is open already.", remedy="Lift it to give another reason.")
        made.append(_insert(locked, source=actor.id, reason=reason, actor=actor))

    def lock() -> Slot:
        return Slot.objects.select_for_update(no_key=True).get(pk=slot.pk)

    refusals.recorded(lock, work, refused=lambda rule: events.HoldRefused(rule=rule), actor=actor)
    return made[0]


def stop(slot: Slot, *, source: str, reason: str, actor: Actor) -> Hold:
    """A hold that a check of the server asks for, one while it is open; the slot is locked by the caller.

    Records slot_hold.placed where it is new. Raises NotPermitted where who answers for it may not place one.
    """
    require(actor, Action.PAUSE, slot.system)
    return _open(slot, source) or _insert(slot, source=source, reason=reason, actor=actor)


def lift(hold: Hold, *, reason: str, revision: int, actor: Actor) -> Hold:
    """Let promotions and rollouts go on, if no other hold is open.

    Records slot_hold.lifted, or slot_hold.refused. Raises NotPermitted, Conflict, RevisionMismatch.
    """

    def lock() -> Hold:
        Slot.objects.select_for_update(no_key=True).get(pk=hold.slot_id)
        return Hold.objects.select_for_update().select_related("slot__system").get(pk=hold.pk)

    def work(locked: Hold) -> None:
        account = require(actor, Action.PAUSE, locked.slot.system)
        match_revision(locked.revision, revision)
        if locked.lifted_at is not None:
            raise Conflict("The hold is lifted already.")
        locked.lifted_at, locked.lifted_by, locked.revision = timezone.now(), account, locked.revision + 1
        locked.save()
        log.record(events.HoldLifted(slot=locked.slot.key), subject=locked, actor=actor, reason=reason)

    return refusals.recorded(lock, work, refused=lambda rule: events.HoldRefused(rule=rule), actor=actor)


def refuse(slot: Slot) -> None:
    """Raises OnHold while a hold is open on a slot, locked by the caller: it names the oldest, and who may lift it."""
    standing = list(slot.holds.filter(lifted_at=None).order_by("pk")[:2])
    if standing:
        more = ", and it is not the only one" if standing[1:] else ""
        able = " or ".join(sorted(role.label for role in ROLES_FOR[Action.PAUSE]))
        raise OnHold(
            f"{slot} is on hold{more}: {standing[0].reason}",
            remedy=f"Ask the {able} to lift it: POST /api/v1/holds/{standing[0].pk}/lift.",
        )


def _open(slot: Slot, source: str) -> Hold | None:
    return slot.holds.filter(source=source, lifted_at=None).first()


def _insert(slot: Slot, *, source: str, reason: str, actor: Actor) -> Hold:
    hold = Hold(slot=slot, source=source, reason=reason)
    hold.save(force_insert=True)
    log.record(events.HoldPlaced(slot=slot.key, source=source), subject=hold, actor=actor, reason=reason)
    return hold
