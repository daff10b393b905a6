"""Reviews answered: by whom, to what effect, and what a look alone cannot mend."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, RevisionMismatch, Stale
from registry.models import Emergency, PeriodicReview, Signature, User
from registry.roles import Role
from registry.services import people, signing
from registry.services.approvals import reviews
from registry.services.slots import assigning, emergencies, reviewing
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    """A house whose policy wants a look every six months."""
    approval = houses.policy_document("any")["approval"]
    return houses.build(approval={**approval, "review_every": "P6M", "re_review_within": "P10D"})


def answered(review: PeriodicReview, by: User, outcome: str = "continue", **changes: Any) -> PeriodicReview:
    said = {"reason": "Nothing has changed.", "revision": review.revision, "credentials": factories.credentials(by)}
    return reviewing.complete(review, outcome=outcome, **{**said, **changes}, actor=acting(by))


def periodic(house: House) -> PeriodicReview:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    return promotion.reviews.get(cause="periodic")


def after_emergency(house: House) -> tuple[Emergency, PeriodicReview]:
    emergency = emergencies.open(
        house.slot,
        version=houses.measured(house),
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )
    return emergency, PeriodicReview.objects.get(emergency=emergency)


def test_completed_promotion_schedules_its_reviews(house: House) -> None:
    review = periodic(house)
    promotion = review.promotion
    assert promotion is not None
    expiring = promotion.reviews.get(cause="expiring")
    assert (review.state, review.lapses_at - review.due_at) == ("scheduled", timedelta(days=10))
    assert 179 < (review.due_at - timezone.now()).days < 185
    assert (expiring.due_at, expiring.lapses_at) == (promotion.valid_until - timedelta(days=30), promotion.valid_until)  # type: ignore[operator]


def test_continue_is_signed_on_record_and_schedules_the_next(house: House) -> None:
    review = answered(periodic(house), house.reviewer)
    told, made = recorded.newest(review), Signature.objects.get(subject_type="review")
    assert (review.state, review.outcome, review.completed_by) == ("completed", "continue", house.reviewer)
    assert (told["event"], told["data"]["outcome"]) == ("review.completed", "continue")
    assert told["row"] == rows.digest(recorded.fresh(review))
    assert signing.genuine(made, stated=reviewing.stated(review, "continue", made.role, made.reason))
    assert review.promotion.reviews.filter(cause="periodic", state="scheduled").count() == 1  # type: ignore[union-attr]


def test_revoke_takes_the_version_out_of_its_slot(house: House) -> None:
    review = answered(periodic(house), house.reviewer, "revoke")
    serving = assigning.current(house.slot)
    assert serving is not None
    assert (review.promotion.approval, serving.champion) == ("revoked", None)  # type: ignore[union-attr]
    assert not review.promotion.reviews.filter(state__in=PeriodicReview.OPEN).exists()  # type: ignore[union-attr]


@pytest.mark.parametrize("cause", ["stale", "expiring"])
def test_continue_of_what_a_look_cannot_mend_is_refused_and_on_record(house: House, cause: str) -> None:
    serving = houses.champion(house)
    assert serving.champion is not None
    factories.evidence_set(serving.champion)
    review = PeriodicReview.objects.get(cause=cause)
    with pytest.raises(Stale, match="a look alone does not mend that"):
        answered(review, house.reviewer)
    assert recorded.newest(review)["data"] == {"rule": "Stale"}
    assert recorded.fresh(review).state != "completed"


def test_renewal_completes_the_reviews_of_the_approval_it_replaces(house: House) -> None:
    serving = houses.champion(house)
    assert serving.champion is not None
    factories.evidence_set(serving.champion, auc=0.86)
    renewed = houses.renewed(house, serving.champion)
    old = recorded.fresh(serving.champion_promotion)  # type: ignore[arg-type]
    states = set(old.reviews.values_list("state", "outcome"))
    assert (renewed.cause, renewed.champion, old.approval) == ("renewed", serving.champion, "expired")
    assert states == {("completed", "continue")}
    assert recorded.newest(old)["data"] == {"by": str(renewed.champion_promotion_id)}


def test_answer_by_who_trained_the_version_is_refused_and_on_record(house: House) -> None:
    review = periodic(house)
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)
    with pytest.raises(DutyConflict):
        answered(review, house.engineer)
    assert recorded.newest(review)["data"] == {"rule": "DutyConflict"}


def test_answer_by_an_operator_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        answered(periodic(house), house.operator)


def test_answer_of_an_old_revision_is_refused(house: House) -> None:
    with pytest.raises(RevisionMismatch):
        answered(periodic(house), house.reviewer, revision=9)


def test_answer_that_is_none_is_refused(house: House) -> None:
    with pytest.raises(Invalid, match="continue or revoke"):
        answered(periodic(house), house.reviewer, "perhaps")


def test_second_answer_is_refused(house: House) -> None:
    review = answered(periodic(house), house.reviewer)
    with pytest.raises(Conflict, match="nothing to answer"):
        answered(review, house.validator)


def test_after_review_by_who_broke_the_glass_is_refused(house: House) -> None:
    people.grant(house.operator, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)
    _, review = after_emergency(house)
    with pytest.raises(DutyConflict, match="You broke the glass"):
        answered(review, house.operator)


def test_after_review_that_says_no_ends_the_break_glass(house: House) -> None:
    emergency, review = after_emergency(house)
    answered(review, house.reviewer, "revoke")
    serving = assigning.current(house.slot)
    assert serving is not None
    assert (recorded.fresh(emergency).state, serving.champion) == ("ended", None)


def test_after_review_lets_the_glass_be_broken_again(house: House) -> None:
    emergency, review = after_emergency(house)
    emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    answered(review, house.reviewer)
    assert after_emergency(house)[0].state == "active"


def test_after_review_that_lapsed_is_answered_late_and_frees_the_slot(house: House) -> None:
    emergency, review = after_emergency(house)
    emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    PeriodicReview.objects.filter(pk=review.pk).update(state="lapsed")
    assert answered(review, house.reviewer).state == "completed"
    assert after_emergency(house)[0].state == "active"


def test_extend_moves_the_lapse_once(house: House) -> None:
    review = periodic(house)
    longer = reviews.extend(review, days=5, reason="Holidays.", revision=1, actor=acting(house.reviewer))
    assert (longer.lapses_at - review.lapses_at, longer.extended) == (timedelta(days=5), True)
    assert recorded.newest(review)["event"] == "review.extended"
    with pytest.raises(Conflict, match="extended already"):
        reviews.extend(review, days=5, reason="More.", revision=2, actor=acting(house.reviewer))
    assert recorded.newest(review)["data"] == {"rule": "Conflict"}


@pytest.mark.parametrize("days", [0, 15])
def test_extend_by_more_than_two_weeks_is_refused(house: House, days: int) -> None:
    with pytest.raises(Invalid):
        reviews.extend(periodic(house), days=days, reason="More.", revision=1, actor=acting(house.reviewer))


def test_extend_of_an_after_review_is_refused(house: House) -> None:
    _, review = after_emergency(house)
    with pytest.raises(Conflict, match="put off"):
        reviews.extend(review, days=3, reason="Busy.", revision=1, actor=acting(house.reviewer))
