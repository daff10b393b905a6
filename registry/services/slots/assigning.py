"""The one place that writes what a slot serves: only what an approval, or a break-glass, lets serve at this moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import Stale
from registry.models import Emergency, ModelVersion, PromotionRequest, Slot, SlotAssignment
from registry.services.approvals import approvals, staleness
from registry.services.slots import warrants

Cause = SlotAssignment.Cause
#: A break-glass is nobody's champion to be compared with, so it makes no request stale.
PASSING = (Cause.EMERGENCY, Cause.EMERGENCY_ENDED)


@dataclass(frozen=True, slots=True)
class Share:
    """What a slot shall serve: a champion, by an approval or a break-glass, and perhaps a canary's share in percent."""

    champion: PromotionRequest | Emergency | None
    canary: PromotionRequest | None = None
    percent: int = 0


def assign(slot: Slot, share: Share, *, cause: str, actor: Actor, reason: str) -> SlotAssignment:
    """Write what the slot, locked by the caller, serves from now on; every warrant is checked again, in the lock.

    Requests that were compared with another champion go stale. Records slot.assigned. Raises Stale.
    """
    for arm in (share.champion, share.canary):
        if arm is not None:
            _check(arm, slot)
    before = current(slot)
    slot.revision += 1
    slot.save()
    assignment = SlotAssignment(
        slot=slot, revision=slot.revision, cause=cause, actor=actor.id, reason=reason, **_arms(share)
    )
    # A clock that goes backwards must not put a change before the one it follows.
    assignment.since = max(timezone.now(), before.since) if before else timezone.now()
    assignment.save(force_insert=True)
    log.record(_assigned(assignment), subject=slot, actor=actor, reason=reason, also=[assignment])
    if cause not in PASSING:
        staleness.mark_slot(slot, actor=actor)
    return assignment


def current(slot: Slot) -> SlotAssignment | None:
    """What the slot serves by its newest row, whether or not it still may."""
    rows = slot.assignments.select_related(
        "champion", "canary", "champion_promotion", "canary_promotion", "champion_emergency"
    )
    return rows.first()


def at(slot: Slot, moment: datetime) -> SlotAssignment | None:
    """What the slot served at that time, and by which promotion; from the very moment of its change on."""
    return slot.assignments.filter(since__lte=moment).first()


def champion(slot: Slot) -> PromotionRequest | None:
    """Who holds the slot by an approval that holds: any other champion stands in nobody's way."""
    now = current(slot)
    promotion = now.champion_promotion if now else None
    return promotion if promotion and approvals.problem(promotion) is None else None


def last_holder(slot: Slot, *, but: ModelVersion | None = None) -> PromotionRequest | None:
    """The last champion, of another version than `but`, whose approval holds and is fresh."""
    seen = set()
    for row in slot.assignments.exclude(champion_promotion=None).select_related("champion_promotion").iterator(50):
        promotion = row.champion_promotion
        if promotion is None or promotion.pk in seen or promotion.model_version_id == (but and but.pk):
            continue
        seen.add(promotion.pk)
        if approvals.problem(promotion) is None and staleness.aged(promotion) is None:
            return promotion
    return None


def displaced(slot: Slot) -> PromotionRequest | None:
    """Who would serve if no glass were broken: the champion, where its approval holds, goes on; else `last_holder`."""
    now, before = current(slot), slot.assignments.filter(champion_emergency=None).first()
    promotion = before.champion_promotion if before else None
    if promotion is not None and approvals.problem(promotion) is None:
        return promotion
    return last_holder(slot, but=now.champion if now else None)


def _check(arm: PromotionRequest | Emergency, slot: Slot) -> None:
    found = warrants.problem(arm)
    if found:
        raise Stale(found, remedy="Submit a new promotion request for this version.")
    if arm.slot_id != slot.pk:
        raise Stale(f"It was approved for {arm.slot}, not for {slot}.", remedy="Submit a request for this slot.")


def _arms(share: Share) -> dict[str, Any]:
    by_emergency = isinstance(share.champion, Emergency)
    return {
        "champion": share.champion.model_version if share.champion else None,
        "champion_promotion": None if by_emergency else share.champion,
        "champion_emergency": share.champion if by_emergency else None,
        "canary": share.canary.model_version if share.canary else None,
        "canary_promotion": share.canary,
        "canary_percent": share.percent,
    }


def _assigned(row: SlotAssignment) -> events.SlotAssigned:
    def text(value: Any) -> str | None:
        return str(value) if value else None

    return events.SlotAssigned(
        revision=row.revision,
        cause=row.cause,
        champion=text(row.champion_id),
        champion_promotion=text(row.champion_promotion_id),
        champion_emergency=text(row.champion_emergency_id),
        canary=text(row.canary_id),
        canary_promotion=text(row.canary_promotion_id),
        canary_percent=row.canary_percent,
    )
