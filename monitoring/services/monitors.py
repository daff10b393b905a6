"""Monitors: set up, run when they are due, each look on record."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.models import Monitor, MonitorRun
from monitoring.services import alerts
from monitoring.services import parameters as parameters_of
from registry import jobs, records
from registry.errors import Invalid, Problem
from registry.models import Pipeline, Slot
from registry.permissions import require
from registry.roles import Action
from registry.services import rows

if TYPE_CHECKING:
    from monitoring.services.checks import Finding

TASK = "workers.check_monitor"


def create(
    slot: Slot,
    *,
    kind: str,
    name: str,
    cadence_seconds: int,
    actor: Actor,
    parameters: dict[str, Any] | None = None,
    pipeline: Pipeline | None = None,
) -> Monitor:
    """Watch a slot by one more check, first run one cadence from now. Records monitor.created. Raises Invalid.

    pipeline: what an alarm starts, once an alert; it makes a candidate and a draft request, never a promotion.
    """
    account = require(actor, Action.MONITOR, slot.system)
    parameters_of.check(kind, parameters or {})
    _check_pipeline(slot, pipeline)
    monitor = Monitor(
        slot=slot,
        kind=kind,
        name=name,
        parameters=parameters or {},
        cadence_seconds=cadence_seconds,
        pipeline=pipeline,
        created_by=account,
        next_due_at=timezone.now() + timedelta(seconds=cadence_seconds),
    )
    rows.check(monitor)
    with transaction.atomic(durable=True):
        rows.insert(monitor)
        event = events.MonitorCreated(slot=slot.key, kind=kind, cadence_seconds=cadence_seconds)
        log.record(event, subject=monitor, actor=actor)
    return monitor


def run_now(monitor: Monitor, *, actor: Actor) -> None:
    """Ask a worker to look at once, beside the schedule."""
    require(actor, Action.MONITOR, monitor.slot.system)
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    jobs.enqueue(TASK, monitor.pk, request=actor.request)


def nudge_due() -> int:
    """Send a message for each monitor that is due; the row decides, so a doubled message runs nothing twice."""
    due = Monitor.objects.filter(enabled=True, next_due_at__lte=timezone.now()).values_list("pk", flat=True)
    for pk in due:
        jobs.send(TASK, pk)
    return len(due)


def check(pk: str, *, actor: Actor) -> MonitorRun | None:
    """Look once if the monitor is due, and move its due time on; missed looks are caught up by one.

    Records monitor_run.recorded, and alert.raised or alert.repeated on an alarm, which starts the monitor's pipeline
    where it names one. None where it is not due, where
    another worker was first, or where nothing serves.
    """
    from monitoring.services import checks  # numba and scipy load with the first look

    monitor = Monitor.objects.select_related("slot__system").get(pk=pk)
    due_at, now = monitor.next_due_at, timezone.now()
    serving = monitor.slot.assignments.select_related("champion__dataset_version__dataset").first()
    if not monitor.enabled or due_at > now or serving is None or serving.champion is None:
        return None
    finding = checks.look(monitor, serving.champion, now)
    try:
        run = _store(monitor, finding, due_at, actor)
    except IntegrityError:
        return None
    # After the alert is committed: a crash between leaves an alert unanswered, which the next look answers.
    alerts.respond(monitor, actor=actor)
    return run


def _check_pipeline(slot: Slot, pipeline: Pipeline | None) -> None:
    if pipeline is not None and pipeline.system_id != slot.system_id:
        raise Invalid(
            "The pipeline belongs to another system.",
            remedy="Name one of the slot's own system.",
            problems=[Problem("/pipeline", "belongs to another system")],
        )


def _store(monitor: Monitor, finding: "Finding", due_at: datetime, actor: Actor) -> MonitorRun:
    report = {"figures": finding.figures}
    with transaction.atomic(durable=True):
        run = MonitorRun.objects.create(
            monitor=monitor,
            due_at=due_at,
            window_from=finding.window.since,
            window_to=finding.window.until,
            n=len(finding.window.rows),
            verdict=finding.verdict,
            reason=finding.reason,
            report=report,
            report_digest=records.digest(records.without_floats(report)),
        )
        Monitor.objects.filter(pk=monitor.pk).update(next_due_at=_next(monitor, due_at))
        if run.verdict == MonitorRun.Verdict.ALARM:
            alerts.raise_for(run, actor=actor)
        event = events.MonitorRan(monitor=str(monitor.pk), verdict=run.verdict, n=run.n, report=run.report_digest)
        log.record(event, subject=run, actor=actor)
    return run


def _next(monitor: Monitor, due_at: datetime) -> datetime:
    """The first due time in the future, on the monitor's own grid."""
    cadence = timedelta(seconds=monitor.cadence_seconds)
    missed = (timezone.now() - due_at) // cadence
    return due_at + (missed + 1) * cadence
