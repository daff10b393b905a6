"""The minute's round: every step, in order, each in its own transactions; run twice or torn apart it loses nothing."""

from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from registry.models import Incident, PromotionRequest, SlotAssignment
from registry.services import sweeping
from registry.services.slots import assigning
from tests import houses, recorded
from tests.houses import House
from workers import schedule
from workers.tasks import governance


@pytest.fixture
def house(db: None) -> House:
    return houses.build()


def over(assignment: SlotAssignment) -> PromotionRequest:
    promotion = assignment.champion_promotion
    assert promotion is not None
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=timezone.now())
    return promotion


def champion(house: House) -> Any:
    now = assigning.current(house.slot)
    return now.champion if now else None


def test_round_ends_what_is_over_and_the_slot_falls_back(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    promotion = over(second)
    assert governance.govern() == 0
    assert (recorded.fresh(promotion).approval, champion(house)) == ("expired", first.champion)


def test_second_round_finds_nothing_to_do(house: House) -> None:
    houses.champion(house)
    over(houses.champion(house))
    governance.govern()
    before = (recorded.fresh(house.slot).revision, len(recorded.entries(house.slot)))
    assert governance.govern() == 0
    assert (recorded.fresh(house.slot).revision, len(recorded.entries(house.slot))) == before


@pytest.mark.parametrize("torn", list(governance.STEPS))
def test_round_that_dies_before_any_step_is_finished_by_the_next(
    house: House, torn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = houses.champion(house), houses.champion(house)
    promotion = over(second)

    def die(**_: Any) -> None:
        raise MemoryError

    step = governance.STEPS[torn]
    monkeypatch.setitem(governance.STEPS, torn, die)
    with pytest.raises(MemoryError):
        governance.govern()
    monkeypatch.setitem(governance.STEPS, torn, step)
    governance.govern()
    assert (recorded.fresh(promotion).approval, champion(house)) == ("expired", first.champion)


def test_step_that_the_database_refuses_stops_no_other(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    promotion = over(houses.champion(house))

    def deadlocked(**_: Any) -> sweeping.Swept:
        raise OperationalError("deadlock detected")

    monkeypatch.setitem(governance.STEPS, "policies take effect", deadlocked)
    assert governance.govern() == 1
    assert recorded.fresh(promotion).approval == "expired"


def test_check_after_the_round_calls_no_end_a_breach(house: House) -> None:
    over(houses.champion(house))
    assert (governance.check_slots(), Incident.objects.count()) == (0, 0)


def test_every_task_of_the_schedule_is_known() -> None:
    known = {task.name for task in (governance.govern, governance.check_slots, governance.sweep_artifacts)}
    assert known <= {entry["task"] for entry in schedule.SCHEDULE.values()}
