"""The ends of what serves: a rollout, a promotion taken out, a break-glass; the slot is locked by the caller."""

from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.models import Emergency, PromotionRequest, Rollout, Slot

State = PromotionRequest.State


def take_out(promotion: PromotionRequest, slot: Slot, *, actor: Actor, reason: str) -> None:
    """End the rollout of a canary; its promotion needs a new request. Records rollout.rolled_back and `withdraw`'s."""
    withdraw(promotion, slot, actor=actor, reason=reason)
    rollout = Rollout.objects.select_for_update().filter(slot=slot, state=Rollout.State.RUNNING).first()
    if rollout is not None:
        rollout.state, rollout.revision = Rollout.State.ROLLED_BACK, rollout.revision + 1
        rollout.save()
        log.record(events.RolloutRolledBack(), subject=rollout, actor=actor, reason=reason)


def withdraw(promotion: PromotionRequest, slot: Slot, *, actor: Actor, reason: str) -> None:
    """What was rolled back is no longer a place to roll back to. Records promotion.rolled_back."""
    promotion = PromotionRequest.objects.select_for_update(no_key=True).get(pk=promotion.pk)
    promotion.state, promotion.revision = State.ROLLED_BACK, promotion.revision + 1
    promotion.save()
    log.record(events.PromotionRolledBack(slot=slot.key), subject=promotion, actor=actor, reason=reason)


def close_emergency(emergency: Emergency, *, cause: str, actor: Actor, reason: str = "") -> None:
    """A break-glass lets nothing serve any more. Does nothing for one that ended. Records emergency.ended."""
    emergency = Emergency.objects.select_for_update().get(pk=emergency.pk)
    if emergency.state != Emergency.State.ACTIVE:
        return
    emergency.state, emergency.revision = Emergency.State.ENDED, emergency.revision + 1
    emergency.ended_at = timezone.now()
    emergency.save()
    log.record(events.EmergencyEnded(cause=cause), subject=emergency, actor=actor, reason=reason)
