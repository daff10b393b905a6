"""Lifecycle, approval and deployment of a version, each for itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import ModelVersion, PromotionRequest
from registry.services import axes
from registry.services.slots import rollback
from tests import factories, houses
from tests.factories import acting

NOW = timezone.now()
State, Approval = PromotionRequest.State, PromotionRequest.Approval


def stands(version: ModelVersion) -> tuple[str, list[str], list[str]]:
    found = axes.of([version])[version.pk]
    return found.lifecycle, [one.status for one in found.approval], [one.status for one in found.deployment]


def test_a_new_version_has_neither_approval_nor_slot(house: houses.House) -> None:
    assert stands(houses.measured(house)) == ("registered", [], [])


def test_a_request_in_review_says_so(house: houses.House) -> None:
    assert stands(houses.submitted(house).model_version) == ("registered", ["in_review"], [])


def test_a_champion_serves_under_its_approval_since_it_came(house: houses.House) -> None:
    assignment = houses.champion(house)
    assert assignment.champion is not None
    assert stands(assignment.champion) == ("registered", ["approved"], ["serving"])
    (deployed,) = axes.of([assignment.champion])[assignment.champion.pk].deployment
    assert (deployed.slot, deployed.since, deployed.until) == (house.slot.key, assignment.since, None)


def test_a_champion_beside_a_canary_has_served_since_before_the_canary_came(house: houses.House) -> None:
    first = houses.champion(house)
    second = houses.executed(house)
    assert first.champion is not None
    assert second.canary is not None
    assert stands(second.canary) == ("registered", ["approved"], ["canary"])
    assert axes.of([first.champion])[first.champion.pk].deployment[0].since == first.since


def test_a_replaced_champion_is_superseded_and_a_withdrawn_one_rolled_back(house: houses.House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    assert first.champion is not None
    assert second.champion is not None
    assert stands(first.champion)[2] == ["superseded"]
    rollback.roll_back(house.slot, actor=acting(house.operator), reason="It drifts.")
    assert (stands(first.champion)[2], stands(second.champion)[2]) == (["serving"], ["rolled_back"])


@pytest.mark.parametrize(
    ("state", "approval", "days", "word"),
    [
        (State.BLOCKED, Approval.NONE, None, "none"),
        (State.CHANGES_REQUESTED, Approval.NONE, None, "in_review"),
        (State.REJECTED, Approval.NONE, None, "rejected"),
        (State.COMPLETED, Approval.CONDITIONAL, 90, "conditionally_approved"),
        (State.COMPLETED, Approval.APPROVED, 29, "expiring"),
        (State.COMPLETED, Approval.APPROVED, -1, "expired"),
        (State.COMPLETED, Approval.SUSPENDED, 90, "suspended"),
        (State.COMPLETED, Approval.REVOKED, 90, "revoked"),
        (State.ROLLED_BACK, Approval.APPROVED, 90, "none"),
    ],
)
def test_status_of_a_request_follows_approval_state_and_time(
    state: str, approval: str, days: int | None, word: str
) -> None:
    until = None if days is None else NOW + timedelta(days=days)
    assert axes.status(PromotionRequest(state=state, approval=approval, valid_until=until), NOW) == word


def test_axes_of_three_versions_take_as_many_queries_as_of_one(house: houses.House) -> None:
    one, two, three = (houses.champion(house).champion for _ in range(3))
    assert one is not None
    assert two is not None
    assert three is not None
    with CaptureQueriesContext(connection) as captured:
        found = axes.of([one, two, three])
    assert (len(captured), len(found)) == (2, 3)


def test_serving_in_names_champion_and_canary(house: houses.House) -> None:
    first, second = houses.champion(house), houses.executed(house)
    assert axes.serving_in(house.slot.key) == [first.champion_id, second.canary_id]
    assert axes.serving_in(factories.slot(house.system, called="empty").key) == []
