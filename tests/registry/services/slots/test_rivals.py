"""Sixty-four people at one slot at once: one wins each time, nothing is lost, and the order can be proven."""

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from audit.errors import Refusal
from audit.models import Event
from registry.models import Decision, PromotionRequest, Slot, SlotAssignment
from registry.roles import Role
from registry.services.decisions import deciding
from registry.services.decisions.deciding import Said
from registry.services.slots import rollback, rollouts
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

RIVALS = 64
Call = Callable[[], Any]


@pytest.fixture
def house(live_database: str) -> House:
    return houses.build()


def at_once(calls: list[Call]) -> Counter[str]:
    """Each call on a thread and a connection of its own; what became of them, by name."""
    start, found = threading.Barrier(len(calls)), list[str]()

    def run(call: Call) -> None:
        start.wait()
        try:
            call()
            found.append("done")
        except Refusal as refusal:
            found.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(calls)
    return Counter(found)


def events(name: str, subject: Any) -> list[Event]:
    return list(Event.objects.filter(event=name, subject_id=str(subject.pk)).order_by("ticket"))


def assert_history_is_whole(slot: Slot) -> None:
    """Revisions without a gap, each with its own entry of the log, in the same order."""
    rows = list(SlotAssignment.objects.filter(slot=slot).order_by("revision"))
    told = [one["data"]["revision"] for one in recorded.entries(slot)[::-1] if one["event"] == "slot.assigned"]
    slot.refresh_from_db()
    assert [row.revision for row in rows] == told == list(range(1, slot.revision + 1))
    assert [row.since for row in rows] == sorted(row.since for row in rows)


def test_of_64_signatures_at_once_one_counts_and_63_refusals_are_on_record(house: House) -> None:
    request = houses.submitted(house)
    rivals = [factories.person(Role.VALIDATOR, system=house.system, team=f"team {n}") for n in range(RIVALS)]
    said = Said("approve", meaning="independent_validation", reason="The figures hold.")
    proofs = [(acting(one), factories.credentials(one)) for one in rivals]
    found = at_once(
        [partial(deciding.decide, request, said, credentials=proof, revision=1, actor=actor) for actor, proof in proofs]
    )
    assert (found["done"], found.total()) == (1, RIVALS)
    assert Decision.objects.filter(promotion=request).count() == len(events("promotion.signed", request)) == 1
    assert len(events("promotion.decision_refused", request)) == RIVALS - 1


def test_of_64_executions_of_two_approvals_one_takes_the_empty_slot(house: House) -> None:
    approved = [houses.approved(house), houses.approved(house)]
    actor = acting(house.operator)
    found = at_once([partial(rollouts.execute, approved[n % 2], actor=actor, reason="Due.") for n in range(RIVALS)])
    states = Counter(PromotionRequest.objects.values_list("state", flat=True))
    assert (found["done"], found.total(), states["completed"]) == (1, RIVALS, 1)
    assert sum(len(events("rollout.refused", one)) for one in approved) == RIVALS - 1
    assert_history_is_whole(house.slot)


def test_of_64_rollbacks_one_finds_a_champion_to_go_back_to(house: House) -> None:
    first = houses.champion(house)
    houses.champion(house)
    actor = acting(house.operator)
    found = at_once([lambda: rollback.roll_back(house.slot, actor=actor, reason="It is worse.")] * RIVALS)
    newest = house.slot.assignments.first()
    assert found == Counter({"done": 1, "NothingServes": RIVALS - 1})
    assert newest is not None
    assert newest.champion == first.champion
    assert len(events("slot.rollback_refused", house.slot)) == RIVALS - 1
    assert_history_is_whole(house.slot)


def test_signatures_executions_and_rollbacks_at_once_leave_a_whole_history(house: House) -> None:
    houses.champion(house)
    waiting, approved = houses.validated(house), houses.approved(house)
    reviewers = [factories.person(Role.COMPLIANCE_REVIEWER, system=house.system, team=f"t{n}") for n in range(21)]
    said = Said("approve", meaning="review", reason="It holds.")
    proofs = [(acting(one), factories.credentials(one)) for one in reviewers]
    operator = acting(house.operator)
    calls: list[Call] = [
        partial(deciding.decide, waiting, said, credentials=proof, revision=waiting.revision, actor=actor)
        for actor, proof in proofs
    ]
    calls += [lambda: rollouts.execute(approved, actor=operator, reason="Due.")] * 22
    calls += [lambda: rollback.roll_back(house.slot, actor=operator, reason="It is worse.")] * 21
    at_once(calls)
    assert len(events("promotion.signed", waiting)) == 2
    assert len(events("rollout.started", approved.rollout)) == 1
    assert_history_is_whole(house.slot)
