"""Review tasks and delegations over the API: who is asked, who stands in, and who may see it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import Delegation, ReviewTask, User
from registry.roles import Role
from tests import factories, houses
from tests.clients import count_queries, signed_in
from tests.houses import House

TASKS, DELEGATIONS = "/api/v1/review-tasks", "/api/v1/delegations"


def delegate(house: House, to: User, **changes: Any) -> Any:
    now = timezone.now()
    given = {
        "delegate": str(to.pk),
        "role": "validator",
        "system": str(house.system.pk),
        "starts_at": now.isoformat(),
        "ends_at": (now + timedelta(days=14)).isoformat(),
        "reason": "I am away.",
    }
    return signed_in(house.validator).post(DELEGATIONS, {**given, **changes})


@pytest.fixture
def deputy(house: House) -> User:
    return factories.person(Role.DPO, team="audit", system=house.system)


def test_queue_shows_the_open_step_that_waits_for_one(house: House) -> None:
    request = houses.submitted(house)
    task = request.tasks.get()
    assert signed_in(house.validator).get(TASKS).json() == [
        {
            "id": str(task.pk),
            "promotion": str(request.pk),
            "promotion_name": str(request),
            "slot": house.slot.key,
            "risk_tier": "high",
            "headline": request.headline,
            "round": 1,
            "role": "validator",
            "meaning": "independent_validation",
            "opened_at": task.opened_at.isoformat().replace("+00:00", "Z"),
            "due_at": task.due_at.isoformat().replace("+00:00", "Z") if task.due_at else None,
            "overdue": False,
            "escalation": 0,
            "assignee": None,
            "closed_at": None,
            "mine": True,
        }
    ]


def test_queue_of_all_shows_what_waits_for_others(house: House) -> None:
    task = houses.submitted(house).tasks.get()
    client = signed_in(house.reviewer)
    assert client.get(TASKS).json() == []
    assert [(row["id"], row["mine"]) for row in client.get(f"{TASKS}?all=true").json()] == [(str(task.pk), False)]


def test_queue_puts_the_overdue_first(house: House) -> None:
    first, second = houses.submitted(house), houses.submitted(house)
    past = timezone.now() - timedelta(hours=1)
    ReviewTask.objects.filter(promotion=second).update(due_at=past)
    shown = signed_in(house.validator).get(TASKS).json()
    assert [(row["promotion"], row["overdue"]) for row in shown] == [(str(second.pk), True), (str(first.pk), False)]


def test_task_of_another_system_is_not_found(house: House) -> None:
    task = houses.submitted(house).tasks.get()
    stranger = signed_in(factories.person(Role.VALIDATOR, system=factories.system()))
    assert (stranger.get(f"{TASKS}/{task.pk}").status_code, stranger.get(f"{TASKS}?all=true").json()) == (404, [])


def test_queue_of_three_takes_as_many_queries_as_of_one(house: House) -> None:
    reader = signed_in(house.validator)
    houses.submitted(house)
    first = count_queries(reader, TASKS)
    houses.submitted(house), houses.submitted(house)
    assert count_queries(reader, TASKS) == first


def test_delegation_is_made_and_shown(house: House, deputy: User) -> None:
    answer = delegate(house, deputy)
    shown = answer.json()
    assert (answer.status_code, shown["delegator_name"], shown["delegate_name"], shown["role"]) == (
        201,
        house.validator.full_name,
        deputy.full_name,
        "validator",
    )


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"role": "compliance_reviewer"}, 403, "not-permitted"),
        ({"role": "engineer"}, 422, "invalid"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "invalid"),
        ({"reason": ""}, 422, "invalid"),
        ({"system": None}, 422, "invalid"),
    ],
)
def test_delegation_that_is_refused_says_why(
    house: House, deputy: User, changes: dict[str, Any], status: int, kind: str
) -> None:
    answer = delegate(house, deputy, **changes)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert not Delegation.objects.exists()


def test_delegation_is_revoked_by_either_of_the_two(house: House, deputy: User) -> None:
    url = f"{DELEGATIONS}/{delegate(house, deputy).json()['id']}/revoke"
    assert signed_in(house.reviewer).post(url).status_code == 403
    assert signed_in(deputy).post(url).json()["revoked_at"] is not None
    assert signed_in(deputy).post(url).status_code == 409


def test_delegations_are_seen_by_the_two_and_by_readers_of_the_system(house: House, deputy: User) -> None:
    made = delegate(house, deputy).json()["id"]
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    seen = [
        [row["id"] for row in signed_in(one).get(DELEGATIONS).json()["results"]]
        for one in (house.validator, deputy, house.reviewer, stranger)
    ]
    assert seen == [[made], [made], [made], []]


def test_delegations_of_three_take_as_many_queries_as_of_one(house: House) -> None:
    reader = signed_in(house.validator)
    delegate(house, factories.person(Role.DPO))
    first = count_queries(reader, DELEGATIONS)
    delegate(house, factories.person(Role.DPO)), delegate(house, factories.person(Role.DPO))
    assert count_queries(reader, DELEGATIONS) == first
