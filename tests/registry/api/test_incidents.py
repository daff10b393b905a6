"""Incidents over the API: reported, and seen through."""

from typing import Any

from registry.models import User
from registry.roles import Role
from tests import factories
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/incidents"


def reported(house: House, by: User | None = None, **changes: Any) -> Any:
    said = {"system": str(house.system.pk), "severity": "serious", "title": "Wrong unit", "detail": "Months."}
    return signed_in(by or house.operator).post(URL, {**said, **changes})


def test_report_shows_the_deadline_and_the_owner(house: House) -> None:
    answer = reported(house, slot=house.slot.key, led_to="death", detected_at="2026-01-01T00:00:00Z")
    shown = answer.json()
    assert (answer.status_code, shown["authority_deadline"], shown["owner"], shown["slot"]) == (
        201,
        "2026-01-11T00:00:00Z",
        str(house.operator.pk),
        house.slot.key,
    )


def test_report_by_a_validator_is_refused(house: House) -> None:
    assert reported(house, house.validator).status_code == 403


def test_report_twice_is_refused(house: House) -> None:
    answers = [reported(house, slot=house.slot.key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 409]


def test_incident_goes_through_its_steps_by_etag(house: House) -> None:
    client, path, etag, seen = signed_in(house.operator), f"{URL}/{reported(house).json()['id']}", '"1"', []
    for step in ("contain", "analyse", "correct", "close"):
        answer = client.post(f"{path}/{step}", {"reason": "Done."}, headers={"If-Match": etag})
        etag = answer["ETag"]
        seen.append((answer.status_code, answer.json()["state"]))
    assert seen == [(200, "contained"), (200, "analysed"), (200, "corrected"), (200, "closed")]


def test_step_out_of_order_is_refused_with_the_next_one(house: House) -> None:
    path = f"{URL}/{reported(house).json()['id']}/close"
    answer = signed_in(house.operator).post(path, {"reason": "Done."}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["remedy"]) == (409, "Its next step is: contained.")


def test_incident_of_another_system_is_not_found(house: House) -> None:
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{reported(house).json()['id']}").status_code == 404


def test_list_filters(house: House) -> None:
    reported(house, slot=house.slot.key, detected_at="2026-01-01T00:00:00Z")
    client = signed_in(house.operator)
    asked = ("severity=serious", "severity=minor", f"slot={house.slot.key}", "deadline_before=2026-02-01T00:00:00Z")
    assert [len(client.get(f"{URL}?{query}").json()["results"]) for query in asked] == [1, 0, 1, 1]


def test_list_of_three_takes_as_many_queries_as_of_one(house: House) -> None:
    client = signed_in(house.operator)
    reported(house, title="one", slot=house.slot.key)
    first = count_queries(client, URL)
    reported(house, title="two", slot=house.slot.key), reported(house, title="three", slot=house.slot.key)
    assert count_queries(client, URL) == first
