"""Alerts: raised once, answered by a person."""

from django.db import transaction

from audit import log
from audit.actors import Actor
from audit.events import Event
from monitoring import events
from monitoring.models import Alert, Monitor, MonitorRun
from registry.errors import Conflict
from registry.models import Pipeline, PipelineRun, User
from registry.permissions import require
from registry.roles import Action
from registry.services.pipelines import passes, registration
from registry.services.rows import match_revision


def raise_for(run: MonitorRun, *, actor: Actor) -> Alert:
    """One alert a monitor, inside the caller's transaction: a repeated alarm joins the unresolved one.

    Records alert.raised or alert.repeated.
    """
    unresolved = (
        Alert.objects.select_for_update().filter(monitor=run.monitor).exclude(state=Alert.State.RESOLVED).first()
    )
    if unresolved is not None:
        unresolved.last_run, unresolved.revision = run, unresolved.revision + 1
        unresolved.save()
        log.record(events.AlertRepeated(run=str(run.pk)), subject=unresolved, actor=actor)
        return unresolved
    alert = Alert.objects.create(monitor=run.monitor, first_run=run, last_run=run, title=run.reason)
    log.record(events.AlertRaised(monitor=str(run.monitor_id), run=str(run.pk)), subject=alert, actor=actor)
    return alert


def respond(monitor: Monitor, *, actor: Actor) -> PipelineRun | None:
    """Start the monitor's pipeline for its unresolved alert, once however often the alarm rings; None where none is.

    What comes of it is a candidate and a draft request: the alert stays open until a person resolves it, and nothing
    is put forward. Records pipeline_run.requested.
    """
    alert = Alert.objects.filter(monitor=monitor).exclude(state=Alert.State.RESOLVED).first()
    if alert is None or monitor.pipeline_id is None:
        return None
    pipeline = registration.newest(Pipeline.objects.select_related("registered_by").get(pk=monitor.pipeline_id))
    return passes.start(pipeline, cause=PipelineRun.Cause.MONITOR, cause_id=str(alert.pk), actor=actor)


def acknowledge(alert: Alert, *, revision: int, reason: str, actor: Actor) -> Alert:
    """Take an open alert on. Records alert.acknowledged. Raises Conflict, RevisionMismatch, NotPermitted."""
    return _answer(alert, Alert.State.ACKNOWLEDGED, events.AlertAcknowledged(), revision, reason, actor)


def resolve(alert: Alert, *, revision: int, reason: str, actor: Actor) -> Alert:
    """Close an alert with the reason. Records alert.resolved. Raises Conflict, RevisionMismatch, NotPermitted."""
    return _answer(alert, Alert.State.RESOLVED, events.AlertResolved(), revision, reason, actor)


def _answer(alert: Alert, state: str, event: Event, revision: int, reason: str, actor: Actor) -> Alert:
    account: User = require(actor, Action.HANDLE_ALERT, alert.monitor.slot.system)
    with transaction.atomic(durable=True):
        alert = Alert.objects.select_for_update().get(pk=alert.pk)
        match_revision(alert.revision, revision)
        if alert.state == Alert.State.RESOLVED or alert.state == state:
            raise Conflict(f"The alert is {alert.get_state_display()} already.")
        alert.state, alert.handled_by, alert.revision = state, account, alert.revision + 1
        alert.save()
        log.record(event, subject=alert, actor=actor, reason=reason)
    return alert
