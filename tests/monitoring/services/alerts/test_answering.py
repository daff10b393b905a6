"""What people answer: suppression ends by itself and counts what rang; refusals are on record."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from monitoring.models import Alert, Monitor
from monitoring.services import alerts
from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, RevisionMismatch
from registry.models import PipelineRun
from tests import recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.alerts import make
from tests.registry.services.pipelines import make as pipelines


@pytest.fixture
def alert(monitor: Monitor) -> Alert:
    return make.rang(monitor)


def over(alert: Alert) -> None:
    """As if its suppression ended just now."""
    Alert.objects.filter(pk=alert.pk).update(suppressed_until=timezone.now())


def test_suppressed_alert_is_on_record_with_its_reason(house: House, alert: Alert) -> None:
    silent = make.suppressed(alert, house)
    told = recorded.newest(alert)
    assert (silent.state, silent.handled_by, told["event"]) == ("suppressed", house.operator, "alert.suppressed")
    assert recorded.sealed(alert) == {"reason": "It is known."}


def test_alarm_of_a_suppressed_alert_is_no_event_and_no_action(house: House, monitor: Monitor, alert: Alert) -> None:
    make.suppressed(alert, house)
    make.rule(house, "notify", "hold")
    make.rang(monitor)
    assert recorded.names(alert) == ["alert.raised", "alert.suppressed"]
    assert (make.done(alert), house.slot.holds.count()) == ([], 0)
    assert alerts.respond_due(actor=make.WORKER).done == 0


def test_action_that_a_dead_worker_owed_is_not_done_for_a_suppressed_alert(house: House, monitor: Monitor) -> None:
    make.rule(house, "hold")
    make.looked(monitor)
    alert = make.suppressed(Alert.objects.get(), house)
    alerts.respond(monitor, actor=make.WORKER)
    assert (make.done(alert), house.slot.holds.count()) == ([], 0)


def test_suppressed_alert_is_not_open_before_its_time(house: House, alert: Alert) -> None:
    make.suppressed(alert, house)
    assert (alerts.reopen_due(actor=make.WORKER).done, recorded.fresh(alert).state) == (0, "suppressed")


def test_suppressed_alert_reopens_at_its_time_with_what_rang_meanwhile(
    house: House, monitor: Monitor, alert: Alert
) -> None:
    make.suppressed(alert, house)
    for verdict in ("quiet", "alarm", "not_evaluable", "alarm"):
        make.looked(monitor, verdict, impact=0.03)
    over(alert)
    assert [alerts.reopen_due(actor=make.WORKER).done for _ in range(2)] == [1, 0]
    alert = recorded.fresh(alert)
    assert (alert.state, alert.suppressed_until, alert.alarms, alert.in_a_row) == ("open", None, 3, 2)
    assert (alert.impact, recorded.newest(alert)["event"]) == (0.03, "alert.reopened")
    assert recorded.newest(alert)["data"] == {"alarms": 2}


def test_reopened_alert_acts_by_the_rules_it_meets(house: House, monitor: Monitor, alert: Alert) -> None:
    make.suppressed(alert, house)
    make.rule(house, "hold")
    make.looked(monitor)
    over(alert)
    alerts.reopen_due(actor=make.WORKER)
    assert alerts.respond_due(actor=make.WORKER).done == 1
    assert make.done(alert) == [("hold", "done")]


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_suppression_until_a_time_that_is_over_or_too_far_away_is_refused(
    house: House, alert: Alert, days: int
) -> None:
    until = timezone.now() + timedelta(days=days)
    with pytest.raises(Invalid) as caught:
        alerts.suppress(alert, until=until, revision=1, reason="x", actor=acting(house.operator))
    assert [problem.pointer for problem in caught.value.problems] == ["/until"]


def test_suppressed_alert_that_is_acknowledged_counts_what_rang(house: House, monitor: Monitor, alert: Alert) -> None:
    silent = make.suppressed(alert, house)
    make.looked(monitor)
    alert = alerts.acknowledge(silent, revision=silent.revision, reason="I look.", actor=acting(house.operator))
    assert (alert.state, alert.alarms, alert.suppressed_until) == ("acknowledged", 2, None)


def test_answer_without_the_role_is_refused_on_record(house: House, alert: Alert) -> None:
    with pytest.raises(NotPermitted):
        alerts.acknowledge(alert, revision=1, reason="x", actor=acting(house.validator))
    told = recorded.newest(alert)
    assert (told["event"], told["data"], recorded.fresh(alert).state) == (
        "alert.refused",
        {"rule": "NotPermitted"},
        "open",
    )


def test_answer_to_an_older_revision_is_refused_on_record(house: House, alert: Alert) -> None:
    with pytest.raises(RevisionMismatch):
        alerts.resolve(alert, revision=7, reason="x", actor=acting(house.operator))
    assert recorded.newest(alert)["data"] == {"rule": "RevisionMismatch"}


def test_incident_by_hand_is_linked_once_and_the_alert_taken_on(house: House, alert: Alert) -> None:
    said: dict[str, Any] = {"severity": "major", "reason": "People were turned away.", "actor": acting(house.operator)}
    alert = alerts.open_incident(alert, revision=1, **said)
    assert alert.incident is not None
    assert (alert.state, alert.incident.severity, alert.incident.detail) == (
        "acknowledged",
        "major",
        "People were turned away.",
    )
    with pytest.raises(AlreadyExists):
        alerts.open_incident(alert, revision=2, **said)


def test_retraining_by_hand_makes_one_pass_and_puts_nothing_forward(house: House) -> None:
    alert = make.rang(make.monitor(house, pipeline=pipelines.pipeline(house)))
    run = alerts.retrain(alert, revision=1, reason="The market moved.", actor=acting(house.operator))
    assert (run.cause, run.cause_id) == ("monitor", str(alert.pk))
    assert PipelineRun.objects.count() == 1
    assert recorded.names(alert) == ["alert.raised", "alert.retraining_asked"]


def test_retraining_by_hand_without_a_pipeline_is_refused(house: House, alert: Alert) -> None:
    with pytest.raises(Conflict):
        alerts.retrain(alert, revision=1, reason="x", actor=acting(house.operator))
    assert recorded.newest(alert)["event"] == "alert.refused"
