"""What ends by the clock: approvals, reviews that nobody answered, break-glass; each slot follows at once."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.actors import Actor
from audit.events import timestamp
from registry.models import Emergency, Incident, PeriodicReview, PromotionRequest, Slot
from registry.services import sweeping
from registry.services.approvals import reviews, standing
from registry.services.slots import consequences, incidents

Approval, Cause = PromotionRequest.Approval, PeriodicReview.Cause
RUNNING = (*PromotionRequest.STANDING, Approval.SUSPENDED)


def expire_due(*, actor: Actor) -> sweeping.Swept:
    """End each approval whose time is over. Records approval.expired, review.lapsed, slot.assigned."""
    over = PromotionRequest.objects.filter(approval__in=RUNNING, valid_until__lte=timezone.now())
    return sweeping.each(over.filter(state__in=PromotionRequest.VALID), lambda pk: _expire(pk, actor))


def lapse_due(*, actor: Actor) -> sweeping.Swept:
    """Act on each review that nobody answered: its approval is suspended; an after-review becomes an incident.

    Records review.lapsed, approval.suspended, slot.assigned, incident.reported.
    """
    unanswered = PeriodicReview.objects.filter(state__in=PeriodicReview.OPEN, lapses_at__lte=timezone.now())
    # The end of an approval is its own: `expire_due` lapses what waited for it.
    return sweeping.each(unanswered.exclude(cause=Cause.EXPIRING), lambda pk: _lapse(pk, actor))


def end_due(*, actor: Actor) -> sweeping.Swept:
    """End each break-glass whose time is over. Records emergency.ended, slot.assigned."""
    over = Emergency.objects.filter(state=Emergency.State.ACTIVE, ends_at__lte=timezone.now())
    return sweeping.each(over, lambda pk: _end(pk, actor))


def _expire(pk: UUID, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        slot = _free(PromotionRequest.objects.values_list("slot", flat=True).get(pk=pk))
        due = PromotionRequest.objects.filter(pk=pk, approval__in=RUNNING, valid_until__lte=timezone.now())
        promotion = due.select_for_update(no_key=True, skip_locked=True).first() if slot else None
        if slot is None or promotion is None:
            return False
        standing.expire(promotion, actor=actor)
        consequences.act(slot, actor=actor)
    return True


def _lapse(pk: UUID, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        found = PeriodicReview.objects.select_related("promotion", "emergency").get(pk=pk)
        slot = _free(reviews.about(found).slot_id)
        promotion = _locked(found)
        open_ = PeriodicReview.objects.filter(pk=pk, state__in=PeriodicReview.OPEN, lapses_at__lte=timezone.now())
        review = open_.select_for_update(skip_locked=True).first() if slot else None
        if slot is None or review is None:
            return False
        reviews.lapse(review, actor=actor)
        if promotion is not None and promotion.approval in PromotionRequest.STANDING:
            reason = f"Nobody reviewed it in time: {review.get_cause_display()}."
            standing.suspend(promotion, cause=f"review lapsed: {review.cause}", reason=reason, actor=actor)
            consequences.act(slot, actor=actor)
        if review.emergency is not None:
            _unreviewed(slot, review.emergency, actor)
    return True


def _end(pk: UUID, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        slot = _free(Emergency.objects.values_list("slot", flat=True).get(pk=pk))
        return slot is not None and consequences.act(slot, actor=actor) is not None


def _unreviewed(slot: Slot, emergency: Emergency, actor: Actor) -> None:
    incidents.found(
        slot,
        incidents.Finding(
            source="after-review",
            title=f"Nobody reviewed the break-glass in {slot}"[:200],
            detail=f"{emergency.model_version} served without approval from {timestamp(emergency.opened_at)} on.",
            severity=Incident.Severity.MAJOR,
        ),
        actor=actor,
    )


def _free(pk: UUID) -> Slot | None:
    """The slot, locked; None where somebody else works on it: the next round comes in a minute."""
    return Slot.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()


def _locked(review: PeriodicReview) -> PromotionRequest | None:
    rows = PromotionRequest.objects.select_for_update(no_key=True)
    return rows.get(pk=review.promotion_id) if review.promotion_id else None
