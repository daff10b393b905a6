"""The one place that writes a slot: what it refuses, and what served at a moment."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import Stale
from registry.models import PromotionRequest, SlotAssignment
from registry.services.slots import assigning
from registry.services.slots.assigning import Share
from tests import factories, houses, recorded
from tests.houses import House


def assign(house: House, promotion: PromotionRequest) -> SlotAssignment:
    return assigning.assign(
        house.slot, Share(champion=promotion), cause="promoted", actor=factories.bootstrap(), reason="By hand."
    )


def test_assign_of_a_request_in_review_is_refused(house: House) -> None:
    with pytest.raises(Stale, match="not approved"):
        assign(house, houses.validated(house))
    assert not SlotAssignment.objects.exists()


def test_assign_of_an_approval_for_another_slot_is_refused(house: House) -> None:
    elsewhere = houses.approved(houses.build())
    with pytest.raises(Stale, match=r"It was approved for"):
        assign(house, elsewhere)
    assert not SlotAssignment.objects.exists()


def test_assign_makes_requests_stale_that_were_compared_with_another_champion(house: House) -> None:
    waiting = houses.submitted(house)
    champion = houses.champion(house)
    told = recorded.newest(waiting)
    assert (told["event"], told["data"]) == (
        "promotion.went_stale",
        {"cause": "another version has become champion"},
    )
    assert (recorded.fresh(waiting).state, told["row"]) == ("stale", rows.digest(recorded.fresh(waiting)))
    assert recorded.fresh(champion.champion_promotion).state == "completed"  # type: ignore[arg-type]


def test_assign_after_a_clock_went_back_keeps_the_order(house: House) -> None:
    houses.champion(house)
    second = houses.approved(house)
    later = timezone.now() + timedelta(hours=1)
    with houses.tampering():
        SlotAssignment.objects.filter(slot=house.slot).update(since=later)
    house.slot.refresh_from_db()
    assert assign(house, second).since == later


def test_at_tells_what_served_at_a_moment(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    moment = timedelta(microseconds=1)
    assert assigning.at(house.slot, first.since - moment) is None
    assert assigning.at(house.slot, first.since) == first
    assert assigning.at(house.slot, second.since) == second
    assert assigning.at(house.slot, timezone.now()) == second


def test_at_a_moment_in_another_time_zone_is_the_same_moment(house: House) -> None:
    first = houses.champion(house)
    elsewhere = first.since.astimezone(timezone.get_fixed_timezone(330))
    assert assigning.at(house.slot, elsewhere) == first
    assert assigning.at(house.slot, elsewhere - timedelta(microseconds=1)) is None
