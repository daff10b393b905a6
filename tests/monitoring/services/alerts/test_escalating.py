"""Escalation: one role a step, each told once, and nobody once a person has answered."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from django.utils import timezone

from audit import log
from monitoring import events
from monitoring.models import Alert, AlertRule, Monitor
from monitoring.services import alerts
from monitoring.services.alerts import rules
from tests import houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.alerts import make
from tests.registry.services.slots.test_rivals import at_once

LATER = {"escalate_after_minutes": 30, "escalate_to": ["operator", "owner"]}


@pytest.fixture
def rule(house: House) -> AlertRule:
    return make.rule(house, "notify", **LATER)


@pytest.fixture
def alert(rule: AlertRule, monitor: Monitor) -> Alert:
    return make.rang(monitor)


def late(alert: Alert) -> None:
    """As if the step's time were over."""
    Alert.objects.filter(pk=alert.pk).exclude(escalate_at=None).update(escalate_at=timezone.now())


def told(alert: Alert) -> list[tuple[int, str]]:
    """Step and role of each escalation, in order."""
    found = [one["data"] for one in reversed(recorded.entries(alert)) if one["event"] == "alert.escalated"]
    return [(one["step"], one["role"]) for one in found]


def test_alert_that_nobody_answers_tells_one_role_a_step_and_then_nobody(alert: Alert) -> None:
    done = []
    for _ in range(4):
        late(alert)
        done.append(alerts.escalate_due(actor=make.WORKER).done)
    assert (done, told(alert)) == ([1, 1, 0, 0], [(1, "operator"), (2, "owner")])
    assert (recorded.fresh(alert).escalations, recorded.fresh(alert).escalate_at) == (2, None)


def test_alert_does_not_escalate_before_its_time(alert: Alert) -> None:
    assert alert.escalate_at is not None
    assert timedelta(minutes=29) < alert.escalate_at - timezone.now() <= timedelta(minutes=30)
    assert (alerts.escalate_due(actor=make.WORKER).done, told(alert)) == (0, [])


def test_repeated_alarm_does_not_put_the_escalation_off(alert: Alert, monitor: Monitor) -> None:
    assert make.rang(monitor).escalate_at == alert.escalate_at


def test_answered_alert_escalates_no_further(house: House, alert: Alert) -> None:
    alerts.acknowledge(alert, revision=alert.revision, reason="I look.", actor=acting(house.operator))
    late(alert)
    assert (alerts.escalate_due(actor=make.WORKER).done, recorded.fresh(alert).escalate_at) == (0, None)


def test_suppressed_alert_escalates_anew_when_it_is_open_again(house: House, alert: Alert) -> None:
    late(alert)
    alerts.escalate_due(actor=make.WORKER)
    make.suppressed(recorded.fresh(alert), house)
    assert recorded.fresh(alert).escalate_at is None
    Alert.objects.filter(pk=alert.pk).update(suppressed_until=timezone.now())
    alerts.reopen_due(actor=make.WORKER)
    late(alert)
    alerts.escalate_due(actor=make.WORKER)
    assert told(alert) == [(1, "operator"), (1, "operator")]


def test_rule_that_was_switched_off_tells_nobody(house: House, rule: AlertRule, alert: Alert) -> None:
    rules.change(rule, changes={"enabled": False}, revision=1, actor=acting(house.operator))
    late(alert)
    assert (alerts.escalate_due(actor=make.WORKER).done, told(alert)) == (0, [])


def test_rule_that_waits_least_decides(house: House, alert: Alert, monitor: Monitor) -> None:
    make.rule(house, "notify", escalate_after_minutes=5, escalate_to=["risk_officer"])
    make.looked(monitor)
    late(alert)
    alerts.escalate_due(actor=make.WORKER)
    assert told(alert) == [(1, "risk_officer")]


def test_eight_rounds_at_once_tell_each_step_once(live_database: str) -> None:
    house = houses.build()
    make.rule(house, "notify", **LATER)
    make.looked(make.monitor(house))
    alert = Alert.objects.get()
    with transaction.atomic():
        late(alert)
        log.record(events.AlertRepeated(run=str(alert.last_run_id)), subject=recorded.fresh(alert), actor=make.WORKER)
    found = at_once([partial(alerts.escalate_due, actor=make.WORKER)] * 8)
    assert (found["done"], told(alert)) == (8, [(1, "operator")])
