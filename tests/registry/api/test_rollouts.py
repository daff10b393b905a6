"""Rollouts over the API: where a canary stands, and its next step."""

import pytest

from registry.models import Rollout
from registry.roles import Role
from tests import factories, houses
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/rollouts"


@pytest.fixture
def rollout(house: House) -> Rollout:
    houses.champion(house)
    houses.executed(house)
    return Rollout.objects.get(slot=house.slot, state="running")


def test_detail_shows_the_steps_and_the_share(house: House, rollout: Rollout) -> None:
    answer = signed_in(house.reviewer).get(f"{URL}/{rollout.pk}")
    shown = answer.json()
    assert (answer["ETag"], shown["slot"], shown["steps"], shown["step"], shown["percent"]) == (
        '"1"',
        house.slot.key,
        [10, 50, 100],
        0,
        10,
    )


def test_advance_with_the_etag_takes_the_steps_up_to_the_champion(house: House, rollout: Rollout) -> None:
    client = signed_in(house.operator)
    etag, seen = '"1"', []
    for _ in range(2):
        answer = client.post(f"{URL}/{rollout.pk}/advance", {"reason": "Quiet."}, headers={"If-Match": etag})
        etag = answer["ETag"]
        seen.append((answer.status_code, answer.json()["percent"], answer.json()["state"], etag))
    assert seen == [(200, 50, "running", '"2"'), (200, 100, "promoted", '"3"')]


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
def test_advance_without_the_current_etag_is_refused(
    house: House, rollout: Rollout, headers: dict[str, str], status: int
) -> None:
    answer = signed_in(house.operator).post(f"{URL}/{rollout.pk}/advance", {"reason": "Quiet."}, headers=headers)
    assert answer.status_code == status


def test_advance_by_the_engineer_is_refused(house: House, rollout: Rollout) -> None:
    client = signed_in(house.engineer)
    answer = client.post(f"{URL}/{rollout.pk}/advance", {"reason": "Mine."}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_rollout_of_another_system_is_not_found(rollout: Rollout) -> None:
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{rollout.pk}").status_code == 404


def test_list_filters_by_slot_and_state(house: House, rollout: Rollout) -> None:
    client = signed_in(house.reviewer)
    running = client.get(f"{URL}?slot={house.slot.key}&state=running").json()["results"]
    elsewhere = client.get(f"{URL}?slot=elsewhere").json()["results"]
    assert ([row["id"] for row in running], elsewhere) == ([str(rollout.pk)], [])


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    houses.champion(houses.build())
    first = count_queries(reader, URL)
    houses.champion(houses.build()), houses.champion(houses.build())
    assert count_queries(reader, URL) == first
