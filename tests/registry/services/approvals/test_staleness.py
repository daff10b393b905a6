"""What moves under a decision: an open request goes stale at once, what serves is reviewed within a grace."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from audit import rows
from registry.errors import Conflict, Stale
from registry.models import AISystem, PeriodicReview, PromotionRequest, SlotAssignment
from registry.roles import Role
from registry.services import systems
from registry.services.approvals import staleness
from registry.services.policies import policies
from registry.services.slots import rollouts
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db


def tier_changes(house: House) -> None:
    officer = factories.person(Role.RISK_OFFICER)
    system = AISystem.objects.get(pk=house.system.pk)
    changes = {"risk_tier": "minimal"}
    systems.update(system, changes=changes, revision=system.revision, actor=acting(officer))


def policy_is_superseded(house: House) -> None:
    document = houses.policy_document(house.policy.name, version=2)
    factories.in_force(policies.propose(document, actor=acting(factories.person(Role.POLICY_ADMIN))))


def another_takes_the_slot(house: House) -> None:
    houses.champion(house)


def evidence_arrives(house: House) -> None:
    request = PromotionRequest.objects.filter(slot=house.slot).first()
    assert request is not None
    factories.evidence_set(request.model_version, auc=0.86)


MOVES = [tier_changes, policy_is_superseded, another_takes_the_slot, evidence_arrives]
GROUNDS = [tier_changes, policy_is_superseded, evidence_arrives]


def named(move: Callable[[House], None]) -> str:
    return move.__name__


@pytest.mark.parametrize("move", MOVES, ids=named)
def test_request_in_review_goes_stale_at_once(house: House, move: Callable[[House], None]) -> None:
    request = houses.validated(house)
    move(house)
    told = recorded.newest(request)
    assert (told["event"], told["row"]) == ("promotion.went_stale", rows.digest(recorded.fresh(request)))
    assert not request.tasks.filter(closed_at=None).exists()
    with pytest.raises(Conflict):
        houses.signed(recorded.fresh(request), house.reviewer, meaning="review")


@pytest.mark.parametrize("move", MOVES, ids=named)
def test_approval_that_never_served_goes_stale_at_once(house: House, move: Callable[[House], None]) -> None:
    request = houses.approved(house)
    move(house)
    with pytest.raises(Stale):
        rollouts.execute(recorded.fresh(request), actor=acting(house.operator))
    assert (recorded.fresh(request).state, recorded.fresh(request).approval) == ("stale", "none")
    assert recorded.newest(request)["data"] == {"rule": "Stale"}


@pytest.mark.parametrize("move", GROUNDS, ids=named)
def test_champion_goes_on_serving_and_is_to_be_reviewed(house: House, move: Callable[[House], None]) -> None:
    serving = houses.champion(house)
    move(house)
    promotion = recorded.fresh(serving.champion_promotion)  # type: ignore[arg-type]
    review = PeriodicReview.objects.get(cause="stale")
    assert (promotion.approval, promotion.stale_since is not None) == ("approved", True)
    assert (review.promotion, review.state, review.lapses_at - review.created_at > timedelta(days=13)) == (
        promotion,
        "due",
        True,
    )
    assert SlotAssignment.objects.filter(slot=house.slot).count() == 1
    assert "promotion.grounds_moved" in recorded.names(promotion)


def test_second_move_opens_no_second_review(house: House) -> None:
    houses.champion(house)
    evidence_arrives(house)
    tier_changes(house)
    assert PeriodicReview.objects.filter(cause="stale").count() == 1


def test_canary_whose_grounds_moved_cannot_take_more(house: House) -> None:
    houses.champion(house)
    started = houses.executed(house)
    policy_is_superseded(house)
    with pytest.raises(Stale, match="Its grounds have moved"):
        houses.advanced(house, started)


def test_past_champion_whose_grounds_moved_is_reviewed_by_nobody(house: House) -> None:
    first = houses.champion(house)
    houses.champion(house)
    assert first.champion is not None
    factories.evidence_set(first.champion, auc=0.86)
    promotion = recorded.fresh(first.champion_promotion)  # type: ignore[arg-type]
    assert (promotion.stale_since is not None, promotion.reviews.filter(cause="stale").exists()) == (True, False)
    assert staleness.aged(promotion) is not None


def test_policy_that_does_not_name_the_evidence_leaves_the_champion_alone() -> None:
    approval = houses.policy_document("any")["approval"]
    house = houses.build(approval={**approval, "stale_when": ["policy_digest"]})
    serving = houses.champion(house)
    evidence_arrives(house)
    promotion = recorded.fresh(serving.champion_promotion)  # type: ignore[arg-type]
    assert (promotion.stale_since, staleness.aged(promotion)) == (None, None)


def test_draft_and_blocked_requests_wait_for_what_moves(house: House) -> None:
    blocked = houses.submitted(house, auc=0.7)
    factories.evidence_set(blocked.model_version, auc=0.9)
    assert recorded.fresh(blocked).state == "blocked"


def test_moved_of_a_fresh_request_is_nothing(house: House) -> None:
    assert staleness.moved(houses.submitted(house)) is None


def test_aged_of_what_serves_is_nothing(house: House) -> None:
    houses.champion(house)
    serving = houses.champion(house)
    assert serving.champion_promotion is not None
    assert staleness.aged(recorded.fresh(serving.champion_promotion)) is None
