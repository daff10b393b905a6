"""The way back: the canary out, or the last champion whose approval holds."""

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import NothingServes, NotPermitted
from registry.models import PromotionRequest, Rollout, SlotAssignment
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from registry.services.slots import rollback
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def roll_back(house: House) -> SlotAssignment:
    return rollback.roll_back(house.slot, actor=acting(house.operator), reason="It drifts.")


def expire(promotion: PromotionRequest | None) -> None:
    assert promotion is not None
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=timezone.now())


def running(house: House) -> Rollout:
    return Rollout.objects.get(slot=house.slot, state="running")


def test_roll_back_takes_the_canary_out(house: House) -> None:
    first = houses.champion(house)
    started = houses.executed(house)
    rollout = running(house)
    back = roll_back(house)
    assert (back.cause, back.champion, back.canary, back.canary_percent) == ("rolled_back", first.champion, None, 0)
    assert recorded.names(rollout)[-1] == "rollout.rolled_back"
    assert recorded.names(started.canary_promotion)[-1] == "promotion.rolled_back"  # type: ignore[arg-type]
    assert recorded.fresh(started.canary_promotion).state == "rolled_back"  # type: ignore[arg-type]


def test_roll_back_of_a_canary_leaves_no_champion_whose_approval_expired(house: House) -> None:
    champion = houses.champion(house)
    houses.executed(house)
    expire(champion.champion_promotion)
    back = roll_back(house)
    assert (back.champion, back.canary) == (None, None)


def test_roll_back_of_a_champion_goes_to_the_one_before(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    back = roll_back(house)
    told = recorded.newest(house.slot)
    assert (back.champion, back.champion_promotion) == (first.champion, first.champion_promotion)
    assert (told["data"]["cause"], recorded.sealed(house.slot)) == ("rolled_back", {"reason": "It drifts."})
    assert recorded.fresh(second.champion_promotion).state == "rolled_back"  # type: ignore[arg-type]


def test_roll_back_never_goes_to_a_version_that_was_rolled_back(house: House) -> None:
    first = houses.champion(house)
    houses.champion(house)
    roll_back(house)
    third = houses.champion(house)
    back = roll_back(house)
    assert (back.champion, third.champion != first.champion) == (first.champion, True)
    with pytest.raises(NothingServes):
        roll_back(house)


def test_roll_back_passes_over_an_expired_approval(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    houses.champion(house)
    expire(second.champion_promotion)
    assert roll_back(house).champion == first.champion


def test_roll_back_with_nothing_valid_is_refused_and_on_record(house: House) -> None:
    only = houses.champion(house)
    with pytest.raises(NothingServes):
        roll_back(house)
    told = recorded.newest(house.slot)
    assert (told["event"], told["data"]) == ("slot.rollback_refused", {"rule": "NothingServes"})
    assert house.slot.assignments.get() == only
    assert recorded.fresh(only.champion_promotion).state == "completed"  # type: ignore[arg-type]


def test_roll_back_by_somebody_who_is_no_operator_is_refused_and_on_record(house: House) -> None:
    houses.champion(house)
    houses.champion(house)
    with pytest.raises(NotPermitted):
        rollback.roll_back(house.slot, actor=acting(house.engineer), reason="Mine was better.")
    told = recorded.newest(house.slot)
    assert (told["event"], told["data"]) == ("slot.rollback_refused", {"rule": "NotPermitted"})
    assert told["row"] == rows.digest(recorded.fresh(house.slot))


def test_roll_back_never_goes_to_an_approval_whose_grounds_have_moved(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    houses.champion(house)
    assert second.champion is not None
    factories.evidence_set(second.champion)
    assert roll_back(house).champion == first.champion


def test_roll_back_never_goes_to_a_version_with_an_unsettled_finding(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    houses.champion(house)
    assert second.champion is not None
    findings.raise_(second.champion, Wrong("high", "A leak", "It leaks."), actor=acting(house.validator))
    assert roll_back(house).champion == first.champion


def test_roll_back_never_goes_to_another_approval_of_the_version_it_takes_out(house: House) -> None:
    only = houses.champion(house)
    assert only.champion is not None
    houses.renewed(house, only.champion)
    with pytest.raises(NothingServes):
        roll_back(house)
