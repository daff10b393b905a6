"""Alert and monitor pages: what rang, and the answer of those who may."""

import pytest

from monitoring.models import Alert, Monitor, MonitorRun
from tests import desks, houses, recorded
from tests.houses import House
from tests.registry.admin import forms

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    made = houses.build()
    houses.champion(made)
    return made


@pytest.fixture
def alert(house: House) -> Alert:
    return desks.alarm(house)


def _alarm_beside(house: House) -> Alert:
    other = desks.beside(house)
    houses.champion(other)
    return desks.alarm(other)


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


def test_operator_suppresses_the_alert_until_a_day_to_come(house: House, alert: Alert) -> None:
    answer = forms.post(
        house.operator, alert, "suppress", reason="Known.", revision=alert.revision, until=forms.in_days(2)
    )
    assert (answer.status_code, recorded.fresh(alert).state) == (302, "suppressed")


def test_operator_opens_an_incident_that_the_board_shows(house: House, alert: Alert) -> None:
    forms.post(house.operator, alert, "open_incident", reason="It harms.", revision=alert.revision, severity="minor")
    board = desks.reader().get("/admin/monitoring/alert/").content.decode()
    assert desks.page(recorded.fresh(alert).incident) in board


def test_retraining_is_offered_where_the_monitor_names_a_pipeline(house: House, alert: Alert) -> None:
    assert forms.offered(house.operator, alert) == ["acknowledge", "suppress", "resolve", "open_incident"]


def test_board_ranks_by_impact_then_by_the_size_of_a_drift(house: House, alert: Alert) -> None:
    cheap, small, large = (_alarm_beside(house) for _ in range(3))
    for one, impact in ((alert, 0.2), (cheap, 0.1), (small, None), (large, None)):
        Alert.objects.filter(pk=one.pk).update(impact=impact)
    for one, size in ((small, 0.3), (large, 0.9)):
        Monitor.objects.filter(pk=one.monitor_id).update(kind=Monitor.Kind.DRIFT)
        MonitorRun.objects.filter(pk=one.last_run_id).update(report={"figures": [], "main": {"value": size}})
    shown = desks.reader().get("/admin/monitoring/alert/").context["cl"].result_list
    assert list(shown) == [alert, cheap, large, small]


def test_page_of_an_alert_draws_its_monitor(alert: Alert) -> None:
    decisive = {"name": "roc_auc", "value": 0.6, "low": 0.5, "high": 0.7, "limit": 0.99}
    MonitorRun.objects.update(report={"figures": [], "main": decisive})
    shown = desks.reader().get(desks.page(alert)).content.decode()
    assert "ROC AUC of 1 looks, 1 of which rang" in shown
