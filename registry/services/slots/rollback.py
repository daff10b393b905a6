"""The way back, by a person or a rule of theirs: the canary out, the break-glass over, the last champion that holds."""

from audit.actors import Actor
from registry import events
from registry.errors import Conflict, NothingServes
from registry.models import ModelVersion, PromotionRequest, Slot, SlotAssignment
from registry.permissions import require
from registry.roles import Action
from registry.services import refusals
from registry.services.slots import assigning, ending
from registry.services.slots.assigning import Cause, Share


def roll_back(slot: Slot, *, actor: Actor, reason: str) -> SlotAssignment:
    """Take the canary out or, where none runs, go back to the last champion whose approval holds and is fresh.

    Records slot.assigned (and rollout.rolled_back, emergency.ended), or slot.rollback_refused.
    Raises NothingServes, NotPermitted.
    """
    made: list[SlotAssignment] = []

    def work(locked: Slot) -> None:
        require(actor, Action.OPERATE, locked.system)
        made.append(_back(locked, assigning.current(locked), actor, reason))

    def lock() -> Slot:
        return Slot.objects.select_for_update(no_key=True).get(pk=slot.pk)

    refusals.recorded(lock, work, refused=lambda rule: events.RollbackRefused(rule=rule), actor=actor)
    return made[0]


def retreat(slot: Slot, *, leaving: ModelVersion, actor: Actor, reason: str) -> SlotAssignment:
    """Go back from exactly this version, in a slot locked by the caller, where an approved one serves instead.

    Records slot.assigned (and rollout.rolled_back). Raises Conflict where another version would go or a glass is
    broken, NothingServes where nothing approved would serve, NotPermitted.
    """
    require(actor, Action.OPERATE, slot.system)
    now = assigning.current(slot)
    if now is None or leaving.pk not in (now.champion_id, now.canary_id):
        raise Conflict(f"{leaving} no longer serves here.")
    if now.champion_emergency is not None:
        raise Conflict("A break-glass serves here, which only a person ends.")
    if leaving != (now.canary or now.champion):
        raise Conflict(f"The canary {now.canary} would go, and not {leaving}.", remedy="Roll back by hand, twice.")
    if now.canary_promotion is not None and assigning.champion(slot) is None:
        raise NothingServes("No approved version serves beside the canary.", remedy="Promote one, through review.")
    return _back(slot, now, actor, reason)


def _back(slot: Slot, now: SlotAssignment | None, actor: Actor, reason: str) -> SlotAssignment:
    if now is not None and now.canary_promotion is not None:
        ending.take_out(now.canary_promotion, slot, actor=actor, reason=reason)
        return _assign(slot, assigning.champion(slot), actor, reason)
    if now is not None and now.champion_emergency is not None:
        # Whoever serves by a break-glass goes at once, even where nobody is left to serve.
        ending.close_emergency(now.champion_emergency, cause="rolled back", actor=actor, reason=reason)
        return _assign(slot, assigning.displaced(slot), actor, reason)
    target = assigning.last_holder(slot, but=now.champion if now else None)
    if target is None:
        raise NothingServes(
            "There is no earlier version in this slot whose approval holds.", remedy="Promote one, through review."
        )
    if now is not None and now.champion_promotion is not None:
        ending.withdraw(now.champion_promotion, slot, actor=actor, reason=reason)
    return _assign(slot, target, actor, reason)


def _assign(slot: Slot, champion: PromotionRequest | None, actor: Actor, reason: str) -> SlotAssignment:
    return assigning.assign(slot, Share(champion=champion), cause=Cause.ROLLED_BACK, actor=actor, reason=reason)
