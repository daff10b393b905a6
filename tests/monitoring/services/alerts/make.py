"""Alarms for tests: looks on record as `monitors.check` leaves them, without the measuring."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import actors as system_actors
from audit import log
from monitoring import events
from monitoring.models import Alert, AlertAction, AlertRule, Monitor, MonitorRun
from monitoring.services import alerts, monitors
from monitoring.services.alerts import rules
from registry.models import ModelVersion, Pipeline
from tests.factories import acting, name
from tests.houses import House

WORKER = system_actors.system("worker")


def monitor(house: House, *, pipeline: Pipeline | None = None, kind: str = "performance") -> Monitor:
    return monitors.create(
        house.slot, kind=kind, name=name(kind), cadence_seconds=60, pipeline=pipeline, actor=acting(house.operator)
    )


def rule(house: House, *actions: str, **terms: Any) -> AlertRule:
    """Written by the operator, who may do by hand whatever a rule does."""
    given = {"actions": list(actions), **terms}
    return rules.create(house.system, name=name("rule"), terms=given, actor=acting(house.operator))


def looked(
    at: Monitor, verdict: str = "alarm", *, version: ModelVersion | None = None, impact: float | None = None
) -> MonitorRun:
    """One look and what it means for the alert, committed together, and nothing after it: as if the worker died."""
    now = timezone.now()
    with transaction.atomic():
        run = MonitorRun.objects.create(
            monitor=at,
            model_version=version,
            due_at=now,
            window_to=now,
            n=400,
            verdict=verdict,
            reason="Accuracy is below 0.8.",
            impact=impact,
            report={},
            report_digest="0" * 64,
        )
        if verdict == MonitorRun.Verdict.ALARM:
            alerts.raise_for(run, actor=WORKER)
        elif verdict == MonitorRun.Verdict.QUIET:
            alerts.calm(run, actor=WORKER)
        event = events.MonitorRan(monitor=str(at.pk), verdict=verdict, n=run.n, report=run.report_digest)
        log.record(event, subject=run, actor=WORKER)
    return run


def rang(at: Monitor, **look: Any) -> Alert:
    """An alarm, and what the rules make of it."""
    looked(at, **look)
    alerts.respond(at, actor=WORKER)
    return Alert.objects.get(monitor=at)


def suppressed(alert: Alert, house: House) -> Alert:
    return alerts.suppress(
        alert,
        until=timezone.now() + timedelta(days=1),
        revision=alert.revision,
        reason="It is known.",
        actor=acting(house.operator),
    )


def done(alert: Alert) -> list[tuple[str, str]]:
    """What rules have done for it, in order."""
    return list(AlertAction.objects.filter(alert=alert).order_by("pk").values_list("action", "outcome"))
