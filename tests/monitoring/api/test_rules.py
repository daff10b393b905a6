"""Rules of alerts over the API."""

import pytest

from monitoring.models import AlertRule
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House
from tests.monitoring.services.alerts import make

URL = "/api/v1/alert-rules"


def body(house: House, **changes: object) -> dict[str, object]:
    return {"system": str(house.system.pk), "name": "stop", "actions": ["notify", "hold"], **changes}


def test_create_is_shown_with_its_terms_and_on_record(house: House) -> None:
    terms = {"slot": house.slot.key, "in_a_row": 2, "escalate_after_minutes": 60, "escalate_to": ["owner"]}
    answer = signed_in(house.operator).post(URL, body(house, **terms))
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], {name: shown[name] for name in terms}) == (201, '"1"', terms)
    assert (shown["kinds"], shown["least_impact"], shown["changed_by"]) == ([], None, str(house.operator.pk))
    assert recorded.names(AlertRule.objects.get()) == ["alert_rule.created"]


@pytest.mark.parametrize(
    ("field", "value", "pointer"),
    [
        ("actions", [], "/actions"),
        ("actions", ["dance"], "/actions/0"),
        ("kinds", ["mood"], "/kinds/0"),
        ("in_a_row", 0, "/in_a_row"),
        ("slot", "nowhere", "/slot"),
        ("escalate_to", ["owner"], "/escalate_after_minutes"),
    ],
)
def test_create_with_a_wrong_field_names_it(house: House, field: str, value: object, pointer: str) -> None:
    answer = signed_in(house.operator).post(URL, body(house, **{field: value}))
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


def test_create_of_a_rule_that_holds_by_an_engineer_is_refused(house: House) -> None:
    answer = signed_in(house.engineer).post(URL, body(house))
    assert (answer.status_code, answer.json()["type"], AlertRule.objects.count()) == (
        403,
        "/problems/not-permitted",
        0,
    )


def test_update_with_the_etag_changes_what_is_named_only(house: House) -> None:
    rule = make.rule(house, "notify", in_a_row=2)
    answer = signed_in(house.operator).patch(f"{URL}/{rule.pk}", {"enabled": False}, headers={"If-Match": '"1"'})
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], shown["enabled"], shown["in_a_row"]) == (200, '"2"', False, 2)


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
def test_update_without_the_current_etag_is_refused(house: House, headers: dict[str, str], status: int) -> None:
    rule = make.rule(house, "notify")
    answer = signed_in(house.operator).patch(f"{URL}/{rule.pk}", {"enabled": False}, headers=headers)
    assert (answer.status_code, recorded.fresh(rule).enabled) == (status, True)


def test_update_of_nothing_is_refused(house: House) -> None:
    rule = make.rule(house, "notify")
    answer = signed_in(house.operator).patch(f"{URL}/{rule.pk}", {}, headers={"If-Match": '"1"'})
    assert answer.status_code == 422


def test_rule_of_another_system_is_not_found(house: House) -> None:
    rule = make.rule(house, "notify")
    stranger = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    assert (stranger.get(f"{URL}/{rule.pk}").status_code, stranger.get(URL).json()["results"]) == (404, [])


def test_list_filters_by_system_and_whether_it_is_enabled(house: House) -> None:
    rule = make.rule(house, "notify")
    client = signed_in(house.reviewer)
    found = client.get(f"{URL}?system={house.system.pk}&enabled=true").json()["results"]
    off = client.get(f"{URL}?enabled=false").json()["results"]
    assert ([row["id"] for row in found], off) == ([str(rule.pk)], [])


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    make.rule(houses.build(), "notify")
    first = count_queries(reader, URL)
    make.rule(houses.build(), "notify")
    make.rule(houses.build(), "notify")
    assert count_queries(reader, URL) == first
