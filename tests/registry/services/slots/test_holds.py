"""Holds: nothing new comes into the slot and no rollout moves on; the way back stays open."""

from functools import partial

import pytest

from audit import rows
from audit.models import Event
from registry.errors import AlreadyExists, Conflict, NotPermitted, OnHold, RevisionMismatch
from registry.models import Hold, Rollout, Slot
from registry.roles import Role
from registry.services.slots import assigning, holds, rollback, rollouts
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.registry.services.slots.test_rivals import at_once


def placed(house: House) -> Hold:
    return holds.place(house.slot, reason="The feed changed its unit.", actor=acting(house.operator))


def lifted(house: House, hold: Hold) -> Hold:
    return holds.lift(hold, reason="It is mended.", revision=hold.revision, actor=acting(house.operator))


def test_hold_is_on_record_with_who_placed_it(house: House) -> None:
    hold = placed(house)
    told = recorded.newest(hold)
    assert (told["event"], told["row"]) == ("slot_hold.placed", rows.digest(recorded.fresh(hold)))
    assert told["data"] == {"slot": house.slot.key, "source": f"person:{house.operator.pk}"}


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.RISK_OFFICER, Role.COMPLIANCE_REVIEWER])
def test_hold_is_placed_by_those_who_may_stop_what_serves(house: House, role: Role) -> None:
    by = factories.person(role, system=house.system)
    assert holds.place(house.slot, reason="x", actor=acting(by)).source == f"person:{by.pk}"


def test_hold_by_an_engineer_is_refused_on_record(house: House) -> None:
    with pytest.raises(NotPermitted):
        holds.place(house.slot, reason="x", actor=acting(house.engineer))
    told = recorded.newest(house.slot)
    assert (told["event"], told["data"], Hold.objects.count()) == ("slot_hold.refused", {"rule": "NotPermitted"}, 0)


def test_second_hold_of_one_person_is_refused(house: House) -> None:
    placed(house)
    with pytest.raises(AlreadyExists):
        placed(house)


def test_execution_is_refused_on_record_and_names_the_hold_and_who_may_lift_it(house: House) -> None:
    hold, promotion = placed(house), houses.approved(house)
    with pytest.raises(OnHold) as caught:
        rollouts.execute(promotion, actor=acting(house.operator))
    assert caught.value.detail == f"{house.slot} is on hold: The feed changed its unit."
    assert caught.value.remedy == (
        f"Ask the Compliance reviewer or Operator or Risk officer to lift it: POST /api/v1/holds/{hold.pk}/lift."
    )
    assert recorded.newest(promotion)["data"] == {"rule": "OnHold"}
    assert assigning.current(house.slot) is None


def test_rollout_stands_still_until_the_hold_is_lifted(house: House) -> None:
    houses.champion(house)
    started, hold = houses.executed(house), placed(house)
    with pytest.raises(OnHold):
        houses.advanced(house, started)
    assert Rollout.objects.get(slot=house.slot, state="running").step == 0
    lifted(house, hold)
    assert houses.advanced(house, started).canary_percent == 50


def test_rollback_goes_on_under_a_hold(house: House) -> None:
    first = houses.champion(house)
    houses.executed(house)
    placed(house)
    back = rollback.roll_back(house.slot, actor=acting(house.operator), reason="It drifts.")
    assert (back.champion, back.canary) == (first.champion, None)


def test_hold_on_another_slot_stops_nothing_here(house: House) -> None:
    holds.place(factories.slot(house.system, called="beside"), reason="x", actor=acting(house.operator))
    assert houses.executed(house).champion is not None


def test_each_hold_has_to_be_lifted(house: House) -> None:
    officer = factories.person(Role.RISK_OFFICER, system=house.system)
    hold, other = placed(house), holds.place(house.slot, reason="Wait.", actor=acting(officer))
    lifted(house, hold)
    with pytest.raises(OnHold):
        houses.executed(house)
    lifted(house, other)
    assert houses.executed(house).champion is not None


def test_lifted_hold_is_on_record_and_names_who_lifted_it(house: House) -> None:
    hold = lifted(house, placed(house))
    assert (hold.lifted_by, hold.lifted_at is None, hold.revision) == (house.operator, False, 2)
    assert (recorded.names(hold), recorded.sealed(hold)) == (
        ["slot_hold.placed", "slot_hold.lifted"],
        {"reason": "It is mended."},
    )


def test_lifting_twice_or_from_an_older_reading_is_refused_on_record(house: House) -> None:
    hold = placed(house)
    with pytest.raises(RevisionMismatch):
        holds.lift(hold, reason="x", revision=9, actor=acting(house.operator))
    hold = lifted(house, hold)
    with pytest.raises(Conflict):
        lifted(house, hold)
    assert recorded.names(hold)[1:] == ["slot_hold.refused", "slot_hold.lifted", "slot_hold.refused"]


def test_lifting_by_an_engineer_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        holds.lift(placed(house), reason="x", revision=1, actor=acting(house.engineer))
    assert Hold.objects.get().lifted_at is None


def test_hold_that_a_check_asks_for_stands_once_while_it_is_open(house: House) -> None:
    slot = Slot.objects.select_for_update().get(pk=house.slot.pk)
    made = [holds.stop(slot, source="alert:1", reason="It rang.", actor=acting(house.operator)) for _ in range(2)]
    assert made[0] == made[1]


def test_of_executions_at_once_with_a_hold_none_comes_after_it(live_database: str) -> None:
    house = houses.build()
    promotion = houses.approved(house)
    rivals = [partial(rollouts.execute, promotion, actor=acting(house.operator)) for _ in range(7)]
    found = at_once([partial(holds.place, house.slot, reason="Stop.", actor=acting(house.operator)), *rivals])
    placed = Event.objects.get(event="slot_hold.placed")
    executed = Event.objects.filter(event="rollout.started")
    assert found["done"] == 1 + executed.count()
    assert all(one.ticket < placed.ticket for one in executed)
