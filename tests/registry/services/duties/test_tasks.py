"""Review tasks: opened with each step, taken and given back, late and later; and the queue of who is asked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import actors as system_actors
from registry.errors import Conflict, DutyConflict, NotPermitted
from registry.models import PromotionRequest, ReviewTask, User
from registry.roles import Role
from registry.services.decisions import deciding
from registry.services.duties import queue, tasks, threads
from registry.services.sweeping import Swept
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

BEAT = system_actors.system("beat")


def late(request: PromotionRequest, *, days: float) -> None:
    """As if the open step, which has five days, had opened so long before its date that it is late by this."""
    due = timezone.now() - timedelta(days=days)
    ReviewTask.objects.filter(promotion=request).update(opened_at=due - timedelta(days=5), due_at=due)


def mine(account: User) -> list[PromotionRequest]:
    return [task.promotion for task in queue.mine(account)]


def test_task_opens_with_the_first_step_and_is_due_as_the_policy_says(house: House) -> None:
    request = houses.submitted(house)
    task = request.tasks.get()
    assert (task.position, task.role, task.meaning, task.round) == (0, "validator", "independent_validation", 1)
    assert task.due_at == task.opened_at + timedelta(days=5) == request.due_at


def test_signature_closes_its_task_and_opens_the_next(house: House) -> None:
    request = houses.validated(house)
    first, second = request.tasks.all()
    assert (first.closed_at, second.closed_at) == (request.decisions.get().signed_at, None)
    assert (second.position, second.role, second.opened_at) == (1, "compliance_reviewer", first.closed_at)
    assert request.due_at == second.due_at == second.opened_at + timedelta(days=3)


def test_last_signature_closes_the_last_task(house: House) -> None:
    assert not houses.approved(house).tasks.filter(closed_at=None).exists()


@pytest.mark.django_db
def test_clock_of_a_step_with_two_signatures_runs_on_after_the_first() -> None:
    chain = [{"role": "validator", "quorum": 2, "meaning": "review", "due_in": "P5D"}]
    house = houses.build(approval={"chain": chain, "valid_for": "P12M"})
    request = houses.submitted(house)
    task, due = request.tasks.get(), request.due_at
    request = houses.signed(request, house.validator, meaning="review")
    assert (request.tasks.get(), request.due_at, request.state) == (task, due, "in_review")


def test_claim_says_who_looks_and_others_may_still_sign(house: House) -> None:
    request = deciding.claim(houses.submitted(house), actor=acting(house.validator))
    other = factories.person(Role.VALIDATOR, team="second line")
    assert request.tasks.get().assignee == house.validator
    assert recorded.newest(request)["data"] == {"role": "validator"}
    assert houses.signed(request, other, meaning="independent_validation").decisions.get().signer == other


def test_claim_of_what_another_has_taken_is_refused(house: House) -> None:
    request = deciding.claim(houses.submitted(house), actor=acting(house.validator))
    with pytest.raises(Conflict, match="Somebody looks at it already"):
        deciding.claim(request, actor=acting(factories.person(Role.VALIDATOR, team="second line")))


def test_claim_by_who_could_not_sign_is_refused(house: House) -> None:
    request = houses.submitted(house)
    with pytest.raises(NotPermitted):
        deciding.claim(request, actor=acting(house.reviewer))
    with pytest.raises(DutyConflict):
        deciding.claim(request, actor=acting(house.engineer))


def test_unclaim_gives_it_back_once(house: House) -> None:
    request = deciding.claim(houses.submitted(house), actor=acting(house.validator))
    assert tasks.unclaim(request, actor=acting(house.validator)).assignee is None
    with pytest.raises(Conflict, match="nothing to give back"):
        tasks.unclaim(request, actor=acting(house.validator))


def test_step_in_time_escalates_nothing(house: House) -> None:
    houses.submitted(house)
    assert tasks.escalate_due(actor=BEAT) == Swept()


def test_late_step_tells_its_deputies_once(house: House) -> None:
    request = houses.submitted(house)
    late(request, days=1)
    assert (tasks.escalate_due(actor=BEAT), request.tasks.get().escalation) == (Swept(done=1), 1)
    assert tasks.escalate_due(actor=BEAT) == Swept()
    assert recorded.newest(request)["data"] == {"level": 1, "role": "validator"}


def test_step_late_by_half_as_much_again_tells_the_risk_officers_too(house: House) -> None:
    request = houses.submitted(house)
    late(request, days=2.6)
    assert (tasks.escalate_due(actor=BEAT), request.tasks.get().escalation) == (Swept(done=1), 2)
    told = [one["data"] for one in reversed(recorded.entries(request)) if one["event"] == "promotion.escalated"]
    assert told == [{"level": 1, "role": "validator"}, {"level": 2, "role": "risk_officer"}]


def test_step_whose_round_is_over_escalates_nothing(house: House) -> None:
    late(houses.sent_back(house), days=9)
    assert tasks.escalate_due(actor=BEAT) == Swept()


def test_task_closes_when_the_request_goes_stale(house: House) -> None:
    request = houses.submitted(house)
    factories.evidence_set(request.model_version)
    assert (recorded.fresh(request).state, request.tasks.filter(closed_at=None).exists()) == ("stale", False)


# The queue
def test_queue_is_of_who_may_sign_next(house: House) -> None:
    request = houses.submitted(house)
    assert [mine(one) for one in (house.validator, house.reviewer, house.engineer)] == [[request], [], []]
    houses.signed(request, house.validator, meaning="independent_validation")
    assert [mine(one) for one in (house.validator, house.reviewer)] == [[], [request]]


def test_queue_shows_the_overdue_first_then_the_oldest(house: House) -> None:
    first, second, third = (houses.submitted(house) for _ in range(3))
    late(third, days=1)
    assert mine(house.validator) == [third, first, second]


def test_queue_shows_higher_tiers_before_older_requests(house: House) -> None:
    minimal, high = factories.promotion(), houses.submitted(house)
    reviewer = factories.person(Role.COMPLIANCE_REVIEWER, Role.VALIDATOR)
    assert mine(reviewer) == [high, minimal]


def test_queue_of_a_risk_officer_holds_what_is_very_late(house: House) -> None:
    request, officer = houses.submitted(house), factories.person(Role.RISK_OFFICER)
    assert mine(officer) == []
    late(request, days=3)
    tasks.escalate_due(actor=BEAT)
    assert mine(officer) == [request]


def test_queue_leaves_out_other_systems(house: House) -> None:
    houses.submitted(house)
    stranger = factories.person(Role.VALIDATOR, system=factories.system())
    assert list(queue.of(stranger)) == []


# The thread
def test_comment_stands_in_the_thread_and_its_words_are_sealed(house: House) -> None:
    request = houses.submitted(house)
    said = threads.comment(request, text="Why is 2016 left out?", actor=acting(house.reviewer))
    assert [(one.author, one.text) for one in request.comments.all()] == [(house.reviewer, "Why is 2016 left out?")]
    assert recorded.newest(request)["data"] == {"comment": str(said.pk)}
    assert recorded.sealed(request) == {"text": "Why is 2016 left out?"}


def test_comment_by_who_may_not_read_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        threads.comment(houses.submitted(house), text="Hm.", actor=acting(factories.person(Role.PLATFORM_ADMIN)))
