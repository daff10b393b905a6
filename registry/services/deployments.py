"""What a slot serves: one function writes it, and only for a version whose approval holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import Conflict, NothingServes, RegistryError, Stale
from registry.models import PromotionRequest, Rollout, Slot, SlotAssignment
from registry.permissions import require
from registry.roles import Action
from registry.services import approvals, staleness
from registry.services.systems import match_revision


@dataclass(frozen=True, slots=True)
class Share:
    """What a slot shall serve: a champion, and perhaps a canary with its share in percent."""

    champion: PromotionRequest | None
    canary: PromotionRequest | None = None
    percent: int = 0


def execute(promotion: PromotionRequest, *, actor: Actor, reason: str = "") -> SlotAssignment:
    """Bring an approved version into its slot: by canary steps, or at once where no champion holds a valid approval.

    Records rollout.started and slot.assigned (and promotion.completed), or rollout.refused. Raises Conflict, Stale.
    """
    return _guarded(promotion, Action.OPERATE, actor, lambda locked, slot: _begin(locked, slot, actor, reason))


def advance(rollout: Rollout, *, actor: Actor, revision: int, reason: str = "") -> SlotAssignment:
    """Give the canary its next share; the last step makes it the champion.

    Records rollout.advanced or rollout.promoted, and slot.assigned. Raises Conflict, RevisionMismatch, Stale.
    """

    def step(promotion: PromotionRequest, slot: Slot) -> SlotAssignment:
        row = _running(Rollout.objects.select_for_update().get(pk=rollout.pk), revision)
        row.step, row.revision = row.step + 1, row.revision + 1
        return _take_step(row, promotion, slot, actor, reason)

    return _guarded(rollout.promotion, Action.OPERATE, actor, step)


def roll_back(slot: Slot, *, actor: Actor, reason: str) -> SlotAssignment:
    """Take the canary out or, where none runs, go back to the last champion whose approval still holds.

    Records slot.assigned (and rollout.rolled_back), or slot.rollback_refused. Raises NothingServes, NotPermitted.
    """
    refusal: RegistryError | None = None
    with transaction.atomic(durable=True):
        slot = Slot.objects.select_for_update().get(pk=slot.pk)
        try:
            require(actor, Action.OPERATE, slot.system)
            with transaction.atomic():
                assignment = _back(slot, slot.assignments.first(), actor, reason)
        except RegistryError as error:
            refusal = error
            log.record(events.RollbackRefused(rule=type(error).__name__), subject=slot, actor=actor, reason=reason)
    if refusal:
        raise refusal
    return assignment


def at(slot: Slot, moment: datetime) -> SlotAssignment | None:
    """What the slot served at that time, and by which promotion."""
    return slot.assignments.filter(since__lte=moment).first()


def _guarded(promotion: PromotionRequest, action: Action, actor: Actor, work: Any) -> SlotAssignment:
    """Check person and approval inside the locks of slot and promotion, then do the work or record the refusal."""
    refusal: RegistryError | None = None
    with transaction.atomic(durable=True):
        slot = Slot.objects.select_for_update().get(pk=promotion.slot_id)
        promotion = PromotionRequest.objects.select_for_update().get(pk=promotion.pk)
        try:
            require(actor, action, slot.system)
            approvals.require_valid(promotion)
            with transaction.atomic():
                assignment: SlotAssignment = work(promotion, slot)
        except RegistryError as error:
            refusal = error
            log.record(events.RolloutRefused(rule=type(error).__name__), subject=promotion, actor=actor)
    if refusal:
        raise refusal
    return assignment


def _begin(promotion: PromotionRequest, slot: Slot, actor: Actor, reason: str) -> SlotAssignment:
    if promotion.state != PromotionRequest.State.APPROVED:
        raise Conflict(f"The promotion is {promotion.get_state_display()}; only an approved one can be executed.")
    moved = staleness.moved(promotion)
    if moved:
        raise Stale(moved, remedy="Submit a new promotion request for this version.")
    if Rollout.objects.filter(slot=slot, state=Rollout.State.RUNNING).exists():
        raise Conflict("Another rollout runs in this slot.", remedy="Finish it or roll it back first.")
    champion = _champion(slot)
    steps = approvals.canary_steps(promotion) if champion else [100]
    rollout = Rollout(promotion=promotion, slot=slot, steps=steps)
    event = events.RolloutStarted(slot=slot.key, model_version=str(promotion.model_version_id), steps=steps)
    rollout.save(force_insert=True)
    log.record(event, subject=rollout, actor=actor, reason=reason)
    return _take_step(rollout, promotion, slot, actor, reason)


def _take_step(rollout: Rollout, promotion: PromotionRequest, slot: Slot, actor: Actor, reason: str) -> SlotAssignment:
    percent = rollout.steps[rollout.step]
    if percent < 100:
        started = rollout.step == 0
        share = Share(champion=_champion(slot), canary=promotion, percent=percent)
        cause = SlotAssignment.Cause.CANARY_STARTED if started else SlotAssignment.Cause.CANARY_ADVANCED
        rollout.save()
        if not started:
            log.record(events.RolloutAdvanced(percent=percent), subject=rollout, actor=actor, reason=reason)
        return _assign(slot, share, cause=cause, actor=actor, reason=reason)
    rollout.state = Rollout.State.PROMOTED
    rollout.save()
    log.record(events.RolloutPromoted(), subject=rollout, actor=actor, reason=reason)
    cause = SlotAssignment.Cause.PROMOTED
    assignment = _assign(slot, Share(champion=promotion), cause=cause, actor=actor, reason=reason)
    promotion.state, promotion.revision = PromotionRequest.State.COMPLETED, promotion.revision + 1
    promotion.save()
    event = events.PromotionCompleted(slot=slot.key, slot_revision=slot.revision)
    log.record(event, subject=promotion, actor=actor)
    return assignment


def _back(slot: Slot, current: SlotAssignment | None, actor: Actor, reason: str) -> SlotAssignment:
    cause = SlotAssignment.Cause.ROLLED_BACK
    if current is not None and current.canary_promotion is not None:
        _end_rollout(slot, actor, reason)
        _withdraw(slot, current.canary_promotion, actor, reason)
        return _assign(slot, Share(champion=_champion(slot)), cause=cause, actor=actor, reason=reason)
    holder = current.champion_promotion if current else None
    for earlier in slot.assignments.select_related("champion_promotion"):
        promotion = earlier.champion_promotion
        if promotion is not None and promotion != holder and approvals.problem(promotion) is None:
            if holder is not None:
                _withdraw(slot, holder, actor, reason)
            return _assign(slot, Share(champion=promotion), cause=cause, actor=actor, reason=reason)
    raise NothingServes(
        "There is no earlier version in this slot whose approval holds.", remedy="Promote one, through review."
    )


def _end_rollout(slot: Slot, actor: Actor, reason: str) -> None:
    rollout = Rollout.objects.select_for_update().get(slot=slot, state=Rollout.State.RUNNING)
    rollout.state, rollout.revision = Rollout.State.ROLLED_BACK, rollout.revision + 1
    rollout.save()
    log.record(events.RolloutRolledBack(), subject=rollout, actor=actor, reason=reason)


def _withdraw(slot: Slot, promotion: PromotionRequest, actor: Actor, reason: str) -> None:
    """What was rolled back is no longer a place to roll back to."""
    promotion = PromotionRequest.objects.select_for_update().get(pk=promotion.pk)
    promotion.state, promotion.revision = PromotionRequest.State.ROLLED_BACK, promotion.revision + 1
    promotion.save()
    log.record(events.PromotionRolledBack(slot=slot.key), subject=promotion, actor=actor, reason=reason)


def _assign(slot: Slot, share: Share, *, cause: str, actor: Actor, reason: str) -> SlotAssignment:
    """The one place that writes what a slot serves; it checks every approval again, in the slot's lock."""
    for promotion in filter(None, (share.champion, share.canary)):
        approvals.require_valid(promotion)
        if promotion.slot_id != slot.pk:
            raise Stale(
                f"The approval is for {promotion.slot}, not for {slot}.", remedy="Submit a request for this slot."
            )
    slot.revision += 1
    slot.save()
    assignment = SlotAssignment(
        slot=slot,
        revision=slot.revision,
        champion=share.champion.model_version if share.champion else None,
        champion_promotion=share.champion,
        canary=share.canary.model_version if share.canary else None,
        canary_promotion=share.canary,
        canary_percent=share.percent,
        since=timezone.now(),
        cause=cause,
        actor=actor.id,
        reason=reason,
    )
    assignment.save(force_insert=True)
    log.record(_assigned(assignment), subject=slot, actor=actor, reason=reason, also=[assignment])
    return assignment


def _assigned(row: SlotAssignment) -> events.SlotAssigned:
    def text(value: Any) -> str | None:
        return str(value) if value else None

    return events.SlotAssigned(
        revision=row.revision,
        cause=row.cause,
        champion=text(row.champion_id),
        champion_promotion=text(row.champion_promotion_id),
        canary=text(row.canary_id),
        canary_promotion=text(row.canary_promotion_id),
        canary_percent=row.canary_percent,
    )


def _champion(slot: Slot) -> PromotionRequest | None:
    """Who holds the slot, if the approval holds too: an expired champion answers nothing and stands in nobody's way."""
    current = slot.assignments.first()
    promotion = current.champion_promotion if current else None
    return promotion if promotion and approvals.problem(promotion) is None else None


def _running(rollout: Rollout, revision: int) -> Rollout:
    match_revision(rollout.revision, revision)
    if rollout.state != Rollout.State.RUNNING:
        raise Conflict(f"The rollout is {rollout.get_state_display()}; it cannot advance.")
    return rollout
