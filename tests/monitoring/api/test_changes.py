"""Monitors changed over the API, what may be set at all, and what was measured of them."""

import pytest

from monitoring.models import Calibration, Monitor, ReferenceProfile
from monitoring.services import parameters
from registry.roles import Role
from tests import desks, factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/monitors"


def test_change_holds_from_the_next_look_on_and_is_on_record(house: House, monitor: Monitor) -> None:
    client, told = signed_in(house.operator), {"parameters": {"fdr": 0.1}, "enabled": False, "reason": "Too loud."}
    answer = client.patch(f"{URL}/{monitor.pk}", told, HTTP_IF_MATCH='"1"')
    shown = answer.json()
    assert (answer.status_code, answer["ETag"]) == (200, '"2"')
    assert (shown["parameters"], shown["enabled"], shown["arm"]) == ({"fdr": 0.1}, False, "champion")
    newest = recorded.newest(monitor)
    assert (newest["event"], newest["data"]["changed"]) == ("monitor.changed", ["enabled", "parameters"])


@pytest.mark.parametrize(("match", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
def test_change_of_another_revision_changes_nothing(
    house: House, monitor: Monitor, match: dict[str, str], status: int
) -> None:
    answer = signed_in(house.operator).patch(f"{URL}/{monitor.pk}", {"enabled": False}, headers=match)
    assert (answer.status_code, recorded.fresh(monitor).enabled) == (status, True)


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"parameters": {"fdr": 2}}, "/parameters/fdr"),
        ({"parameters": {"floor": 0.8}}, "/parameters"),
        ({"cadence_seconds": 0}, "/cadence_seconds"),
    ],
)
def test_change_to_what_cannot_be_names_it(
    house: House, monitor: Monitor, told: dict[str, object], pointer: str
) -> None:
    answer = signed_in(house.operator).patch(f"{URL}/{monitor.pk}", told, HTTP_IF_MATCH='"1"')
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer])
    assert recorded.fresh(monitor).revision == 1


def test_unknown_parameter_is_refused_and_the_known_ones_are_told(house: House, monitor: Monitor) -> None:
    told = {"parameters": {"fdrr": 0.1}}
    answer = signed_in(house.operator).patch(f"{URL}/{monitor.pk}", told, HTTP_IF_MATCH='"1"')
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], "'fdrr'" in error["detail"]) == (422, "/parameters", True)
    assert "fdr," in error["remedy"]


def test_change_by_somebody_of_another_system_is_not_found(monitor: Monitor) -> None:
    stranger = signed_in(factories.person(Role.OPERATOR, system=factories.system()))
    answer = stranger.patch(f"{URL}/{monitor.pk}", {"enabled": False}, HTTP_IF_MATCH='"1"')
    assert (answer.status_code, recorded.fresh(monitor).enabled) == (404, True)


def test_change_of_nothing_is_refused(house: House, monitor: Monitor) -> None:
    answer = signed_in(house.operator).patch(f"{URL}/{monitor.pk}", {"reason": "None."}, HTTP_IF_MATCH='"1"')
    assert answer.status_code == 422


def test_change_by_a_validator_is_refused(house: House, monitor: Monitor) -> None:
    answer = signed_in(house.validator).patch(f"{URL}/{monitor.pk}", {"enabled": False}, HTTP_IF_MATCH='"1"')
    assert (answer.status_code, recorded.fresh(monitor).enabled) == (403, True)


def test_challenger_is_watched_apart(house: House, monitor: Monitor) -> None:
    client = signed_in(house.operator)
    body = {"slot": house.slot.key, "kind": "drift", "arm": "canary", "name": "theirs", "cadence_seconds": 60}
    assert client.post(URL, body).json()["arm"] == "canary"
    assert [one["name"] for one in client.get(f"{URL}?arm=canary").json()["results"]] == ["theirs"]


def test_kinds_tell_every_parameter_that_each_takes(house: House) -> None:
    found = {one["kind"]: one["parameters"] for one in signed_in(house.validator).get("/api/v1/monitor-kinds").json()}
    assert found == {kind.value: parameters.known(kind) for kind in Monitor.Kind}


def test_calibration_is_read_with_its_shifts(house: House) -> None:
    houses.champion(house)
    desks.alarm(house)
    client, row = signed_in(house.validator), Calibration.objects.get()
    listed = client.get(f"/api/v1/calibrations?monitor={row.monitor_id}").json()["results"]
    assert [(one["looks"], one["false_alarms"], "report" in one) for one in listed] == [(200, 1, False)]
    report = client.get(f"/api/v1/calibrations/{row.pk}").json()["report"]
    assert report["shifts"][0]["found"] == 10
    stranger = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    assert stranger.get(f"/api/v1/calibrations/{row.pk}").status_code == 404


def test_reference_profile_is_found_by_its_data(house: House) -> None:
    houses.champion(house)
    desks.compared(house)
    client, row = signed_in(house.validator), ReferenceProfile.objects.get()
    (listed,) = client.get(f"/api/v1/reference-profiles?dataset_version={row.dataset_version_id}").json()["results"]
    assert (listed["kind"], listed["n"], listed["digest"]) == ("inputs", row.n, row.digest)
    assert client.get("/api/v1/reference-profiles?kind=answers").json()["results"] == []


@pytest.mark.parametrize("path", ["/api/v1/calibrations", "/api/v1/reference-profiles"])
def test_lists_are_read_in_as_many_queries_however_long(house: House, path: str) -> None:
    houses.champion(house)
    desks.alarm(house)
    desks.compared(house)
    reader = signed_in(factories.person(Role.AUDITOR))  # who reads every system: the other house's rows count too
    one, before = count_queries(reader, path), len(reader.get(path).json()["results"])
    other = houses.build()
    houses.champion(other)
    desks.alarm(other)
    desks.compared(other)
    assert (count_queries(reader, path), len(reader.get(path).json()["results"])) == (one, 2 * before)
