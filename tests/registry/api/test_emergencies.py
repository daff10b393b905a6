"""Break-glass over the API: opened, ended, read."""

import pytest

from registry.models import Emergency, ModelVersion, User
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/emergencies"


def body(house: House, version: ModelVersion, by: User) -> dict[str, str]:
    return {
        "slot": house.slot.key,
        "model_version": str(version.pk),
        "reason": "Nothing answers.",
        "password": factories.PASSWORD,
        "code": factories.code(by),
    }


def opened(house: House) -> Emergency:
    said = body(house, houses.measured(house), house.operator)
    answer = signed_in(house.operator).post(URL, said)
    assert answer.status_code == 201, answer.json()
    return Emergency.objects.get(pk=answer.json()["id"])


def test_open_answers_with_the_end_and_the_review(house: House) -> None:
    emergency = opened(house)
    shown = signed_in(house.reviewer).get(f"{URL}/{emergency.pk}").json()
    assert (shown["state"], shown["slot"], shown["review"], shown["opened_by_name"]) == (
        "active",
        house.slot.key,
        str(emergency.review.pk),
        house.operator.full_name,
    )


def test_open_by_a_validator_is_refused_and_on_record(house: House) -> None:
    said = body(house, houses.measured(house), house.validator)
    answer = signed_in(house.validator).post(URL, said)
    assert (answer.status_code, recorded.newest(house.slot)["event"]) == (403, "emergency.refused")


def test_open_in_a_slot_that_one_may_not_read_is_refused(house: House) -> None:
    stranger = factories.person(Role.OPERATOR, system=factories.system())
    answer = signed_in(stranger).post(URL, body(house, houses.measured(house), stranger))
    assert (answer.status_code, {one["pointer"] for one in answer.json()["errors"]}) == (
        422,
        {"/slot", "/model_version"},
    )


def test_end_with_the_etag_shows_it_ended(house: House) -> None:
    emergency = opened(house)
    path, headers = f"{URL}/{emergency.pk}/end", {"If-Match": '"1"'}
    answer = signed_in(house.operator).post(path, {"reason": "Mended."}, headers=headers)
    assert (answer.status_code, answer.json()["state"], answer["ETag"]) == (200, "ended", '"2"')


def test_end_without_the_etag_is_refused(house: House) -> None:
    path = f"{URL}/{opened(house).pk}/end"
    assert signed_in(house.operator).post(path, {"reason": "Mended."}).status_code == 428


def test_slot_shows_what_lets_its_champion_serve(house: House) -> None:
    emergency = opened(house)
    current = signed_in(house.reviewer).get(f"/api/v1/slots/{house.slot.key}").json()["current"]
    assert (current["champion_emergency"], current["champion_promotion"], current["cause"]) == (
        str(emergency.pk),
        None,
        "emergency",
    )


def test_emergency_of_another_system_is_not_found(house: House) -> None:
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{opened(house).pk}").status_code == 404


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    opened(houses.build())
    first = count_queries(reader, f"{URL}?state=active")
    opened(houses.build()), opened(houses.build())
    assert count_queries(reader, f"{URL}?state=active") == first
