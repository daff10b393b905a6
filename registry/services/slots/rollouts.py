"""How an approved version takes over its slot: by canary steps, or at once where nobody holds it."""

from collections.abc import Callable

from audit import log
from audit.actors import Actor
from registry import events
from registry.errors import Conflict
from registry.models import PromotionRequest, Rollout, Slot, SlotAssignment
from registry.permissions import require
from registry.roles import Action
from registry.services import refusals
from registry.services.approvals import approvals, reviews, staleness, standing
from registry.services.rows import match_revision
from registry.services.slots import assigning, ending, holds
from registry.services.slots.assigning import Cause, Share

Approval, State = PromotionRequest.Approval, PromotionRequest.State
Work = Callable[[PromotionRequest, Slot], SlotAssignment]


def execute(promotion: PromotionRequest, *, actor: Actor, reason: str = "") -> SlotAssignment:
    """Bring an approved version into its slot: by canary steps, or at once where nobody's approval holds beside it.

    A version that serves and was approved anew goes on under the new approval. A break-glass ends, and whom it
    displaced serves again beside the canary. Records rollout.started and slot.assigned (and promotion.completed), or
    rollout.refused. Raises Conflict, OnHold, Stale, NotPermitted.
    """
    return _guarded(promotion, actor, lambda locked, slot: _begin(locked, slot, actor, reason))


def advance(rollout: Rollout, *, actor: Actor, revision: int, reason: str = "") -> SlotAssignment:
    """Give the canary its next share; the last step makes it the champion.

    Records rollout.advanced or rollout.promoted, and slot.assigned. Raises Conflict, OnHold, RevisionMismatch, Stale.
    """

    def step(promotion: PromotionRequest, slot: Slot) -> SlotAssignment:
        row = _running(Rollout.objects.select_for_update().get(pk=rollout.pk), revision)
        if assigning.champion(slot) is None:
            raise Conflict(
                "The champion's approval has ended, and the canary goes out with it.",
                remedy="Submit a new promotion request: its gates compare with what serves then.",
            )
        row.step, row.revision = row.step + 1, row.revision + 1
        return _take_step(row, promotion, slot, actor, reason)

    return _guarded(rollout.promotion, actor, step)


def _guarded(promotion: PromotionRequest, actor: Actor, work: Work) -> SlotAssignment:
    """Check person and approval inside the locks of slot and promotion, then do the work or record the refusal."""
    made: list[SlotAssignment] = []

    def lock() -> PromotionRequest:
        Slot.objects.select_for_update(no_key=True).get(pk=promotion.slot_id)
        return PromotionRequest.objects.select_for_update(no_key=True).get(pk=promotion.pk)

    def checked(locked: PromotionRequest) -> None:
        require(actor, Action.OPERATE, locked.slot.system)
        holds.refuse(locked.slot)
        staleness.require_fresh(locked)
        made.append(work(locked, locked.slot))

    refusals.recorded(lock, checked, refused=lambda rule: events.RolloutRefused(rule=rule), actor=actor)
    return made[0]


def _begin(promotion: PromotionRequest, slot: Slot, actor: Actor, reason: str) -> SlotAssignment:
    if promotion.state != State.APPROVED:
        raise Conflict(f"The promotion is {promotion.get_state_display()}; only an approved one can be executed.")
    if Rollout.objects.filter(slot=slot, state=Rollout.State.RUNNING).exists():
        raise Conflict("Another rollout runs in this slot.", remedy="Finish it or roll it back first.")
    rollout = Rollout(promotion=promotion, slot=slot, steps=_steps(promotion, slot))
    event = events.RolloutStarted(slot=slot.key, model_version=str(promotion.model_version_id), steps=rollout.steps)
    rollout.save(force_insert=True)
    log.record(event, subject=rollout, actor=actor, reason=reason)
    return _take_step(rollout, promotion, slot, actor, reason)


def _steps(promotion: PromotionRequest, slot: Slot) -> list[int]:
    """A version needs no canary beside itself, nor where no approved version could answer; a broken glass is none."""
    champion = assigning.displaced(slot)
    if champion is None or champion.model_version_id == promotion.model_version_id:
        return [100]
    return approvals.canary_steps(promotion)


def _take_step(rollout: Rollout, promotion: PromotionRequest, slot: Slot, actor: Actor, reason: str) -> SlotAssignment:
    percent = rollout.steps[rollout.step]
    if percent == 100:
        return _complete(rollout, promotion, slot, actor, reason)
    started = rollout.step == 0
    _end_emergency(slot, actor)
    rollout.save()
    if started:
        _execute(promotion, slot, actor)
    else:
        log.record(events.RolloutAdvanced(percent=percent), subject=rollout, actor=actor, reason=reason)
    share = Share(champion=assigning.displaced(slot), canary=promotion, percent=percent)
    cause = Cause.CANARY_STARTED if started else Cause.CANARY_ADVANCED
    return assigning.assign(slot, share, cause=cause, actor=actor, reason=reason)


def _execute(promotion: PromotionRequest, slot: Slot, actor: Actor) -> None:
    promotion.state, promotion.revision = State.EXECUTING, promotion.revision + 1
    promotion.save()
    log.record(events.PromotionExecuting(slot=slot.key), subject=promotion, actor=actor)


def _complete(rollout: Rollout, promotion: PromotionRequest, slot: Slot, actor: Actor, reason: str) -> SlotAssignment:
    now = assigning.current(slot)
    renewed = now is not None and now.champion_id == promotion.model_version_id and now.champion_promotion is not None
    rollout.state = Rollout.State.PROMOTED
    rollout.save()
    log.record(events.RolloutPromoted(), subject=rollout, actor=actor, reason=reason)
    _end_emergency(slot, actor)
    promotion.state, promotion.revision = State.COMPLETED, promotion.revision + 1
    promotion.save()
    cause = Cause.RENEWED if renewed else Cause.PROMOTED
    assignment = assigning.assign(slot, Share(champion=promotion), cause=cause, actor=actor, reason=reason)
    event = events.PromotionCompleted(slot=slot.key, slot_revision=slot.revision)
    log.record(event, subject=promotion, actor=actor)
    _supersede(promotion, slot, actor)
    reviews.schedule(promotion, actor=actor)
    return assignment


def _end_emergency(slot: Slot, actor: Actor) -> None:
    now = assigning.current(slot)
    if now is not None and now.champion_emergency is not None:
        ending.close_emergency(now.champion_emergency, cause="an approved version took the slot", actor=actor)


def _supersede(promotion: PromotionRequest, slot: Slot, actor: Actor) -> None:
    """Earlier approvals of this version for this slot end: there is one, the newest."""
    earlier = slot.promotions.filter(
        model_version=promotion.model_version_id,
        state=State.COMPLETED,
        approval__in=[*PromotionRequest.STANDING, Approval.SUSPENDED],
    ).exclude(pk=promotion.pk)
    for old in earlier.order_by("pk").select_for_update(no_key=True):
        standing.supersede(old, by=promotion, actor=actor)


def _running(rollout: Rollout, revision: int) -> Rollout:
    match_revision(rollout.revision, revision)
    if rollout.state != Rollout.State.RUNNING:
        raise Conflict(f"The rollout is {rollout.get_state_display()}; it cannot advance.")
    return rollout
