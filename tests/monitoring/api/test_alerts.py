"""Alerts over the API: taken on and resolved under a revision, by those who may."""

import pytest

from audit import rows
from monitoring.models import Alert
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House
from tests.monitoring.api.conftest import looked, raised, watched

URL = "/api/v1/alerts"
REASON = {"reason": "I look into it."}
READ = {"If-Match": '"1"'}


def test_acknowledge_names_who_took_it_and_is_on_record(house: House, alert: Alert) -> None:
    answer = signed_in(house.operator).post(f"{URL}/{alert.pk}/acknowledge", REASON, headers=READ)
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], shown["state"], shown["handled_by"]) == (
        200,
        '"2"',
        "acknowledged",
        str(house.operator.pk),
    )
    told = recorded.newest(alert)
    assert (told["event"], recorded.sealed(alert)) == ("alert.acknowledged", REASON)
    assert told["row"] == rows.digest(recorded.fresh(alert))


def test_resolve_closes_the_alert(house: House, alert: Alert) -> None:
    client = signed_in(house.operator)
    client.post(f"{URL}/{alert.pk}/acknowledge", REASON, headers=READ)
    answer = client.post(f"{URL}/{alert.pk}/resolve", {"reason": "Mended."}, headers={"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["state"]) == (200, "resolved")
    assert recorded.names(alert) == ["alert.raised", "alert.acknowledged", "alert.resolved"]


def test_resolve_of_a_resolved_alert_is_a_conflict(house: House, alert: Alert) -> None:
    client = signed_in(house.operator)
    client.post(f"{URL}/{alert.pk}/resolve", REASON, headers=READ)
    answer = client.post(f"{URL}/{alert.pk}/resolve", REASON, headers={"If-Match": '"2"'})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"9"'}, 412)])
def test_answer_without_the_current_etag_is_refused(
    house: House, alert: Alert, verb: str, headers: dict[str, str], status: int
) -> None:
    answer = signed_in(house.operator).post(f"{URL}/{alert.pk}/{verb}", REASON, headers=headers)
    assert (answer.status_code, recorded.fresh(alert).state) == (status, "open")


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
def test_answer_by_a_validator_is_refused(house: House, alert: Alert, verb: str) -> None:
    answer = signed_in(house.validator).post(f"{URL}/{alert.pk}/{verb}", REASON, headers=READ)
    assert (answer.status_code, recorded.fresh(alert).state) == (403, "open")


def test_list_filters_by_state_and_slot(house: House, alert: Alert) -> None:
    client = signed_in(house.reviewer)
    found = client.get(f"{URL}?state=open&slot={house.slot.key}").json()["results"]
    resolved = client.get(f"{URL}?state=resolved").json()["results"]
    assert ([row["id"] for row in found], resolved) == ([str(alert.pk)], [])


def test_alert_of_another_system_is_not_found(alert: Alert) -> None:
    stranger = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    assert (stranger.get(f"{URL}/{alert.pk}").status_code, stranger.get(URL).json()["results"]) == (404, [])


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    def alarm() -> None:
        house = houses.build()
        houses.champion(house)
        raised(looked(watched(house)))

    reader = signed_in(factories.person(Role.AUDITOR))
    alarm()
    first = count_queries(reader, URL)
    alarm()
    alarm()
    assert count_queries(reader, URL) == first
