"""Alert and monitor pages: what rang, and the answer of those who may."""

import pytest

from monitoring.models import Alert, MonitorRun
from tests import desks, houses, recorded
from tests.houses import House

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    made = houses.build()
    houses.champion(made)
    return made


@pytest.fixture
def alert(house: House) -> Alert:
    return desks.alarm(house)


def test_operator_acknowledges_then_resolves(house: House, alert: Alert) -> None:
    client = desks.at(house.operator)
    client.post(desks.page(alert, "acknowledge"), {"reason": "I look into it.", "revision": 1})
    client.post(desks.page(alert, "resolve"), {"reason": "The labels were wrong.", "revision": 2})
    assert recorded.names(alert) == ["alert.raised", "alert.acknowledged", "alert.resolved"]
    assert recorded.fresh(alert).handled_by == house.operator


def test_answer_to_an_older_revision_changes_nothing(house: House, alert: Alert) -> None:
    answer = desks.at(house.operator).post(desks.page(alert, "resolve"), {"reason": "Fixed.", "revision": 7})
    assert (answer.status_code, recorded.fresh(alert).state) == (409, "open")


def test_reader_sees_the_alert_and_no_button(alert: Alert) -> None:
    answer = desks.reader().get(desks.page(alert))
    assert alert.title in answer.content.decode()
    assert answer.context["offers"] == []


def test_reader_may_not_resolve(alert: Alert) -> None:
    answer = desks.reader().post(desks.page(alert, "resolve"), {"reason": "Fixed.", "revision": 1})
    assert (answer.status_code, recorded.fresh(alert).state) == (403, "open")


def test_monitor_page_shows_its_last_runs_with_verdict_and_reason(alert: Alert) -> None:
    run = MonitorRun.objects.get()
    shown = desks.reader().get(desks.page(alert.monitor)).content.decode()
    assert run.reason in shown
    assert "chip-bad" in shown


def test_home_counts_and_lists_the_open_alert(alert: Alert) -> None:
    answer = desks.reader().get("/admin/")
    assert ("Open alerts", 1) in [count[:2] for count in answer.context["counts"]]
    assert desks.page(alert) in answer.content.decode()
