"""What a person does about an alert beyond an answer: an incident, a retraining; rules do the same by themselves."""

from audit.actors import Actor
from audit.events import Event
from monitoring import events
from monitoring.models import Alert
from monitoring.services.alerts import actions, answering
from registry.errors import AlreadyExists, Conflict
from registry.models import Incident, PipelineRun
from registry.permissions import require
from registry.roles import Action


def open_incident(alert: Alert, *, severity: str, revision: int, reason: str, actor: Actor) -> Alert:
    """Open an incident for the alert, or join the one that is open for its monitor; an open alert is taken on.

    Records incident.reported and alert.incident_opened, or alert.refused. Raises AlreadyExists, Conflict,
    RevisionMismatch, NotPermitted.
    """

    def change(locked: Alert) -> Event:
        require(actor, Action.HANDLE_INCIDENT, locked.monitor.slot.system)
        if locked.incident is not None and locked.incident.state != Incident.State.CLOSED:
            raise AlreadyExists("An incident is open for this alert.", remedy="See that one through.")
        locked.incident = actions.incident_of(locked, severity=severity, detail=reason, actor=actor)
        _take_on(locked)
        return events.AlertIncidentOpened(incident=str(locked.incident.pk))

    return answering.changed(alert, change, revision=revision, reason=reason, actor=actor)


def retrain(alert: Alert, *, revision: int, reason: str, actor: Actor) -> PipelineRun:
    """Start the monitor's pipeline, once an alert: it makes a candidate and a draft request; the alert is taken on.

    Records alert.retraining_asked and pipeline_run.requested, or alert.refused. Raises Conflict where the monitor names
    no pipeline that may run, RevisionMismatch, NotPermitted.
    """

    def change(locked: Alert) -> Event:
        if locked.monitor.pipeline_id is None:
            raise Conflict("The monitor names no pipeline.", remedy="Name one: PATCH /api/v1/monitors.")
        _take_on(locked)
        return events.AlertRetrainingAsked(pipeline=str(locked.monitor.pipeline_id))

    changed = answering.changed(alert, change, revision=revision, reason=reason, actor=actor)
    # In transactions of its own, and once an alert: who presses again after a crash starts what was not started.
    run = actions.start_pipeline(changed, actor)
    if run is None:
        raise Conflict("The pipeline is paused or retired.", remedy="Resume it, or name another one.")
    return run


def _take_on(alert: Alert) -> None:
    if alert.state == Alert.State.OPEN:
        alert.state = Alert.State.ACKNOWLEDGED
