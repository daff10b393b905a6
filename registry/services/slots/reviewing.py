"""A review answered by a person who had no part in the version; an approval that it ends acts on its slot at once."""

from django.views.decorators.debug import sensitive_variables

from audit.actors import Actor
from registry import events, records
from registry.errors import Conflict, Invalid, Stale
from registry.models import PeriodicReview, PromotionRequest, Slot
from registry.permissions import require
from registry.roles import Action
from registry.services import refusals, signing
from registry.services.approvals import approvals, reviews, standing
from registry.services.rows import match_revision
from registry.services.signing import Credentials, Signer, Stated
from registry.services.slots import consequences, ending

Cause, Outcome = PeriodicReview.Cause, PeriodicReview.Outcome
_MEANINGS = {Cause.EMERGENCY: "after_review"}


@sensitive_variables("credentials")
def complete(
    review: PeriodicReview, *, outcome: str, reason: str, credentials: Credentials, revision: int, actor: Actor
) -> PeriodicReview:
    """Answer a review, signed: the approval goes on, or is revoked and its slot acts; a break-glass may end early.

    Grounds that have moved, and an approval that ends, are not continued by a review: that takes a new request.
    Records review.completed (and approval.revoked, slot.assigned), or review.refused. Raises NotPermitted,
    DutyConflict, SignatureRejected, Invalid, Conflict, Stale, RevisionMismatch.
    """
    signer = refusals.proven(actor, credentials)

    def lock() -> PeriodicReview:
        Slot.objects.select_for_update(no_key=True).get(pk=reviews.about(review).slot_id)
        if review.promotion_id:
            PromotionRequest.objects.select_for_update(no_key=True).get(pk=review.promotion_id)
        return PeriodicReview.objects.select_for_update().get(pk=review.pk)

    def work(locked: PeriodicReview) -> None:
        require(actor, Action.DECIDE, reviews.about(locked).model_version.model.system)
        proven = signer()
        _check(locked, outcome, revision)
        _answer(locked, proven, outcome=outcome, reason=reason, actor=actor)
        consequences.act(reviews.about(locked).slot, actor=actor)

    done = refusals.recorded(lock, work, refused=lambda rule: events.ReviewRefused(rule=rule), actor=actor)
    done.refresh_from_db()
    return done


def _answer(review: PeriodicReview, signer: Signer, *, outcome: str, reason: str, actor: Actor) -> None:
    signing.person(actor)
    role = reviews.check_reviewer(review, actor)
    signature = signing.keep(signing.signature(signer, stated(review, outcome, role, reason)), actor=actor)
    reviews.settle(review, outcome=outcome, actor=actor, reason=reason, signature=signature)
    if review.promotion is not None:
        _decide(review, review.promotion, outcome, reason, actor)
    elif outcome == Outcome.REVOKE and review.emergency is not None:
        ending.close_emergency(review.emergency, cause="the after-review ended it", actor=actor, reason=reason)


def _decide(review: PeriodicReview, promotion: PromotionRequest, outcome: str, reason: str, actor: Actor) -> None:
    if outcome == Outcome.REVOKE:
        standing.revoke(promotion, cause=f"review: {review.cause}", reason=reason, actor=actor)
    else:
        reviews.schedule_next(promotion, actor=actor)


def stated(review: PeriodicReview, outcome: str, role: str, reason: str) -> Stated:
    """What a reviewer states; unusable on any other review."""
    return Stated(
        kind="review",
        subject="review",
        identity=review.pk,
        record_digest=records.digest(records.review(review)),
        verdict=outcome,
        role=role,
        meaning=_MEANINGS.get(Cause(review.cause), "re_review"),
        reason=reason,
    )


def _check(review: PeriodicReview, outcome: str, revision: int) -> None:
    match_revision(review.revision, revision)
    if outcome not in Outcome.values:
        raise Invalid(f"A review ends with {' or '.join(Outcome.values)}, not {outcome!r}.", remedy="Choose one.")
    late = (review.cause, review.state) == (Cause.EMERGENCY, PeriodicReview.State.LAPSED)
    if review.state not in PeriodicReview.OPEN and not late:
        raise Conflict(f"The review is {review.get_state_display()}; there is nothing to answer.")
    if review.promotion is None or outcome == Outcome.REVOKE:
        return
    if review.cause in (Cause.STALE, Cause.EXPIRING):
        raise Stale(
            f"This review was opened because {review.get_cause_display()}: a look alone does not mend that.",
            remedy="Submit a promotion request for the version that serves; its approval answers this review.",
        )
    approvals.require_valid(review.promotion)
