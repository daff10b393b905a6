"""Monitors and their looks over the API."""

import pytest
from django.utils import timezone

from audit import rows
from monitoring.models import Monitor, MonitorRun
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House
from tests.monitoring.api.conftest import looked, watched

URL = "/api/v1/monitors"
RUNS = "/api/v1/monitor-runs"


def body(house: House, **changes: object) -> dict[str, object]:
    return {"slot": house.slot.key, "kind": "drift", "name": "inputs", "cadence_seconds": 3600, **changes}


def test_create_watches_the_slot_and_is_on_record(house: House) -> None:
    answer = signed_in(house.operator).post(URL, body(house, parameters={"fdr": 0.1}))
    shown = answer.json()
    monitor = Monitor.objects.get(slot=house.slot)
    assert (answer.status_code, answer["ETag"], shown["slot"], shown["parameters"], shown["enabled"]) == (
        201,
        '"1"',
        house.slot.key,
        {"fdr": 0.1},
        True,
    )
    assert recorded.names(monitor) == ["monitor.created"]
    assert recorded.newest(monitor)["row"] == rows.digest(monitor)


@pytest.mark.parametrize(("field", "value"), [("kind", "mood"), ("cadence_seconds", 0), ("slot", "nowhere")])
def test_create_with_a_wrong_field_names_it(house: House, field: str, value: object) -> None:
    answer = signed_in(house.operator).post(URL, body(house, **{field: value}))
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [f"/{field}"])


def test_create_by_a_validator_is_refused(house: House) -> None:
    answer = signed_in(house.validator).post(URL, body(house))
    assert (answer.status_code, Monitor.objects.count()) == (403, 0)


def test_create_under_a_taken_name_is_a_conflict(house: House) -> None:
    client = signed_in(house.operator)
    client.post(URL, body(house))
    assert client.post(URL, body(house)).json()["type"] == "/problems/already-exists"


def test_run_makes_the_monitor_due_now(house: House, monitor: Monitor) -> None:
    answer = signed_in(house.operator).post(f"{URL}/{monitor.pk}/run")
    assert answer.status_code == 202
    assert recorded.fresh(monitor).next_due_at <= timezone.now()


def test_run_by_a_validator_is_refused(house: House, monitor: Monitor) -> None:
    answer = signed_in(house.validator).post(f"{URL}/{monitor.pk}/run")
    assert (answer.status_code, recorded.fresh(monitor).next_due_at) == (403, monitor.next_due_at)


def test_list_filters_by_slot_and_kind(house: House, monitor: Monitor) -> None:
    client = signed_in(house.reviewer)
    here = client.get(f"{URL}?slot={house.slot.key}&kind=drift").json()["results"]
    other = client.get(f"{URL}?kind=fairness").json()["results"]
    assert ([row["id"] for row in here], other) == ([str(monitor.pk)], [])


def test_run_detail_shows_the_verdict_and_the_report(house: House, run: MonitorRun) -> None:
    shown = signed_in(house.reviewer).get(f"{RUNS}/{run.pk}").json()
    assert (shown["verdict"], shown["n"], shown["report"]) == ("not_evaluable", 0, {"figures": [], "main": None})
    assert shown["reason"] == "Only 0 predictions are there since the last look; the check needs 200."


def test_run_list_filters_by_monitor_and_verdict_and_leaves_reports_out(house: House, run: MonitorRun) -> None:
    client = signed_in(house.reviewer)
    (row,) = client.get(f"{RUNS}?monitor={run.monitor_id}&slot={house.slot.key}").json()["results"]
    quiet = client.get(f"{RUNS}?verdict=quiet").json()["results"]
    assert (row["id"], "report" in row, quiet) == (str(run.pk), False, [])


def test_records_of_another_system_are_not_found(run: MonitorRun) -> None:
    stranger = signed_in(factories.person(Role.AUDITOR, system=factories.system()))
    paths = [f"{URL}/{run.monitor_id}", f"{RUNS}/{run.pk}"]
    assert [stranger.get(path).status_code for path in paths] == [404, 404]


def test_run_by_somebody_of_another_system_is_not_found(monitor: Monitor) -> None:
    stranger = factories.person(Role.OPERATOR, system=factories.system())
    assert signed_in(stranger).post(f"{URL}/{monitor.pk}/run").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("url", [URL, RUNS])
def test_list_of_three_takes_as_many_queries_as_of_one(url: str) -> None:
    def watch() -> None:
        house = houses.build()
        houses.champion(house)
        looked(watched(house))

    reader = signed_in(factories.person(Role.AUDITOR))
    watch()
    first = count_queries(reader, url)
    watch()
    watch()
    assert count_queries(reader, url) == first
