"""An approval after it was given: suspended, resumed, revoked, expired; the promotion is locked by the caller."""

from collections.abc import Sequence

from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import Event
from audit.models import Governed
from registry import events
from registry.errors import Conflict
from registry.models import PeriodicReview, PromotionRequest
from registry.services.approvals import approvals, reviews, staleness

Approval, State = PromotionRequest.Approval, PromotionRequest.State
Outcome = PeriodicReview.Outcome


def suspend(
    promotion: PromotionRequest, *, cause: str, reason: str, actor: Actor, also: Sequence[Governed] = ()
) -> None:
    """The approval does not count until it is resumed. Records approval.suspended. Raises Conflict."""
    _check(promotion, PromotionRequest.STANDING, "suspended")
    _end(promotion, Approval.SUSPENDED, events.ApprovalSuspended(cause=cause), reason=reason, actor=actor, also=also)


def resume(promotion: PromotionRequest, *, reason: str, actor: Actor) -> None:
    """A suspended approval counts again, as it was given; a review that nobody answered is asked for again.

    Records approval.resumed and review.opened. Raises Conflict.
    """
    _check(promotion, (Approval.SUSPENDED,), "resumed")
    if promotion.state not in PromotionRequest.VALID:
        raise Conflict(
            f"The promotion is {promotion.get_state_display()} by now.", remedy="Submit a new promotion request."
        )
    conditional = approvals.progress(promotion, promotion.decisions.filter(round=promotion.round)).conditional
    given = Approval.CONDITIONAL if conditional else Approval.APPROVED
    _end(promotion, given, events.ApprovalResumed(approval=given), reason=reason, actor=actor)
    reviews.reopen(promotion, actor=actor)


def revoke(promotion: PromotionRequest, *, cause: str, reason: str, actor: Actor) -> None:
    """The approval is taken back for good, and nothing about it is left to review.

    Records approval.revoked and review.completed. Raises Conflict.
    """
    _check(promotion, (*PromotionRequest.STANDING, Approval.SUSPENDED), "revoked")
    if promotion.state == State.APPROVED:
        promotion.state = State.REJECTED
    _end(promotion, Approval.REVOKED, events.ApprovalRevoked(cause=cause), reason=reason, actor=actor)
    reviews.close(promotion, outcome=Outcome.REVOKE, actor=actor)


def expire(promotion: PromotionRequest, *, actor: Actor) -> None:
    """The approval has come to its end; who holds it and never served must ask again.

    Records approval.expired, review.lapsed, and promotion.went_stale for one that never served.
    """
    event, reason = events.ApprovalExpired(cause="its end has come"), "The approval has come to its end."
    _end(promotion, Approval.EXPIRED, event, reason=reason, actor=actor)
    for review in promotion.reviews.filter(state__in=PeriodicReview.OPEN).select_for_update():
        reviews.lapse(review, actor=actor)
    if promotion.state == State.APPROVED:
        staleness.go_stale(promotion, cause="the approval expired", actor=actor)


def supersede(promotion: PromotionRequest, *, by: PromotionRequest, actor: Actor) -> None:
    """The same version was approved anew: the older approval ends, its reviews are answered by the newer one.

    Records promotion.superseded and review.completed.
    """
    reviews.close(promotion, outcome=Outcome.CONTINUE, actor=actor)
    event, reason = events.PromotionSuperseded(by=str(by.pk)), f"Approved anew by the request {by.pk}."
    _end(promotion, Approval.EXPIRED, event, reason=reason, actor=actor)


def _check(promotion: PromotionRequest, allowed: Sequence[str], verb: str) -> None:
    if promotion.approval not in allowed or promotion.state not in PromotionRequest.VALID:
        raise Conflict(
            f"The approval is {promotion.get_approval_display()} and cannot be {verb}.", remedy="Read it again."
        )
    if promotion.valid_until is None or promotion.valid_until <= timezone.now():
        raise Conflict("The approval has expired.", remedy="Submit a new promotion request.")


def _end(
    promotion: PromotionRequest,
    approval: str,
    event: Event,
    *,
    reason: str,
    actor: Actor,
    also: Sequence[Governed] = (),
) -> None:
    promotion.approval, promotion.approval_reason = approval, reason
    promotion.revision += 1
    promotion.save()
    log.record(event, subject=promotion, actor=actor, reason=reason, also=also)
