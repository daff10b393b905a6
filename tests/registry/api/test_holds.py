"""Holds over the API: placed and lifted by those who may, and what they stop says so."""

import pytest

from registry.models import Hold
from registry.roles import Role
from registry.services.slots import holds
from tests import factories, houses
from tests.clients import count_queries, signed_in
from tests.factories import acting
from tests.houses import House

URL = "/api/v1/holds"


@pytest.fixture
def hold(house: House) -> Hold:
    return holds.place(house.slot, reason="The feed changed.", actor=acting(house.operator))


def test_place_shows_the_hold_and_who_placed_it(house: House) -> None:
    answer = signed_in(house.operator).post(URL, {"slot": house.slot.key, "reason": "The feed changed."})
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], shown["slot"], shown["reason"], shown["lifted_at"]) == (
        201,
        '"1"',
        house.slot.key,
        "The feed changed.",
        None,
    )
    assert shown["source"] == f"person:{house.operator.pk}"


def test_place_by_an_engineer_is_refused(house: House) -> None:
    answer = signed_in(house.engineer).post(URL, {"slot": house.slot.key, "reason": "x"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_lift_with_the_etag_lets_promotions_go_on(house: House, hold: Hold) -> None:
    client = signed_in(house.operator)
    answer = client.post(f"{URL}/{hold.pk}/lift", {"reason": "Mended."}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["lifted_by"]) == (200, str(house.operator.pk))
    assert houses.executed(house).champion is not None


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
def test_lift_without_the_current_etag_is_refused(
    house: House, hold: Hold, headers: dict[str, str], status: int
) -> None:
    answer = signed_in(house.operator).post(f"{URL}/{hold.pk}/lift", {"reason": "x"}, headers=headers)
    assert answer.status_code == status


def test_execution_under_a_hold_is_a_problem_that_names_it(house: House, hold: Hold) -> None:
    promotion = houses.approved(house)
    answer = signed_in(house.operator).post(
        f"/api/v1/promotions/{promotion.pk}/execute",
        {"reason": "Due."},
        headers={"If-Match": f'"{promotion.revision}"'},
    )
    told = answer.json()
    assert (answer.status_code, told["type"], told["detail"]) == (
        409,
        "/problems/on-hold",
        f"{house.slot} is on hold: The feed changed.",
    )
    assert f"/api/v1/holds/{hold.pk}/lift" in told["remedy"]


def test_list_tells_open_holds_of_a_slot(house: House, hold: Hold) -> None:
    client = signed_in(house.reviewer)
    found = client.get(f"{URL}?open=true&slot={house.slot.key}").json()["results"]
    lifted = client.get(f"{URL}?open=false").json()["results"]
    assert ([row["id"] for row in found], lifted) == ([str(hold.pk)], [])


def test_hold_of_another_system_is_not_found(hold: Hold) -> None:
    stranger = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    assert (stranger.get(f"{URL}/{hold.pk}").status_code, stranger.get(URL).json()["results"]) == (404, [])


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    def stop() -> None:
        house = houses.build()
        holds.place(house.slot, reason="x", actor=acting(house.operator))

    reader = signed_in(factories.person(Role.AUDITOR))
    stop()
    first = count_queries(reader, URL)
    stop()
    stop()
    assert count_queries(reader, URL) == first
