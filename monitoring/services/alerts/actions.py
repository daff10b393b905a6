"""What rules do because of an alert: each action once an alert and rule, in one transaction with its record."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.models import Alert, AlertAction, AlertRule, Monitor
from monitoring.services.alerts import raising, rules
from registry.errors import Conflict, RegistryError
from registry.models import Incident, Pipeline, PipelineRun, Slot
from registry.services import sweeping
from registry.services.pipelines import passes, registration
from registry.services.slots import holds, incidents, rollback
from registry.services.sweeping import Swept

Do, Outcome = AlertRule.Do, AlertAction.Outcome
#: A suppressed alert does nothing, a resolved one is over.
ACTING = (Alert.State.OPEN, Alert.State.ACKNOWLEDGED)


@dataclass(frozen=True, slots=True)
class Case:
    """The alert and its slot, both locked, and the rule by whose author's rights something is done."""

    alert: Alert
    slot: Slot
    rule: AlertRule
    actor: Actor


def respond(monitor: Monitor, *, actor: Actor) -> list[AlertAction]:
    """Do what the rules ask for the monitor's unresolved alert, and is not done: each action once an alert and rule.

    Called after the alert is committed; what a crash leaves out is done after the next look, or by the round.
    Where no rule holds for the slot, the monitor's pipeline starts if it names one, once an alert, as a rule's
    `retrain` does. Records alert_action.done or alert_action.refused, and what the services behind them record.
    """
    alert = raising.unresolved(monitor)
    if alert is None or alert.state not in ACTING:
        return []
    if not rules.of(monitor):
        start_pipeline(alert, actor)
        return []
    made = [_do(alert, rule, Do(action)) for rule, action in rules.owed(alert)]
    return [one for one in made if one is not None]


def respond_due(*, actor: Actor) -> Swept:
    """Make good what was asked for and not done, since a worker died after the alert was committed."""
    waiting = Alert.objects.filter(state__in=ACTING, monitor__slot__system__alert_rules__enabled=True)
    return sweeping.each(waiting.distinct(), lambda pk: _respond(pk, actor))


def _respond(pk: UUID, actor: Actor) -> bool:
    monitor = Monitor.objects.select_related("slot__system").get(alerts=pk)
    return bool(respond(monitor, actor=actor))


def _do(alert: Alert, rule: AlertRule, action: AlertRule.Do) -> AlertAction | None:
    """None where somebody else was quicker. A crash before the commit leaves nothing done, and so nothing doubled."""
    actor = rules.acting(rule, alert)
    if action == Do.RETRAIN:
        # In transactions of its own, once an alert: what stands below only finds it.
        start_pipeline(alert, actor)
    with transaction.atomic(durable=True):
        slot = Slot.objects.select_for_update(no_key=True).get(pk=alert.monitor.slot_id)
        locked = (
            Alert.objects.select_for_update(of=("self",))
            .select_related("monitor__slot__system", "last_run")
            .get(pk=alert.pk)
        )
        if locked.state not in ACTING or locked.actions.filter(rule=rule, action=action).exists():
            return None
        return _tried(Case(locked, slot, rule, actor), action)


def _tried(case: Case, action: AlertRule.Do) -> AlertAction:
    about = {"alert": str(case.alert.pk), "rule": str(case.rule.pk), "action": str(action)}
    event: events.AlertActionDone | events.AlertActionRefused = events.AlertActionDone(**about)
    outcome = Outcome.DONE
    try:
        with transaction.atomic():
            detail = DOES[action](case)
    except RegistryError as refusal:
        outcome, detail = Outcome.REFUSED, f"{refusal.detail} {refusal.remedy}".strip()
        event = events.AlertActionRefused(**about, refusal=type(refusal).__name__)
    row = AlertAction(alert=case.alert, rule=case.rule, action=action, outcome=outcome, detail=detail)
    row.save(force_insert=True)
    log.record(event, subject=row, actor=case.actor)
    return row


def _notify(case: Case) -> str:
    """An event, which subscriptions send on by webhook, mail or chat."""
    event = events.AlertNotified(
        slot=case.slot.key,
        kind=case.alert.monitor.kind,
        rule=str(case.rule.pk),
        in_a_row=case.alert.in_a_row,
    )
    log.record(event, subject=case.alert, actor=case.actor)
    return "Whoever subscribes to alert.notified is told."


def _hold(case: Case) -> str:
    hold = holds.stop(case.slot, source=f"alert:{case.alert.pk}", reason=case.alert.title, actor=case.actor)
    return f"The hold {hold.pk} stands until a person lifts it."


def _open_incident(case: Case) -> str:
    alert, severity = case.alert, Incident.Severity.MINOR
    alert.incident = incident_of(alert, severity=severity, detail=alert.title, actor=case.actor)
    alert.revision += 1
    alert.save()
    log.record(events.AlertIncidentOpened(incident=str(alert.incident.pk)), subject=alert, actor=case.actor)
    return f"The incident {alert.incident.pk} is open."


def _retrain(case: Case) -> str:
    run = PipelineRun.objects.filter(cause=PipelineRun.Cause.MONITOR, cause_id=str(case.alert.pk)).first()
    if run is None:
        raise Conflict(
            "The monitor names no pipeline that may run.", remedy="Name one, or resume it; it makes a candidate only."
        )
    return f"The pass {run.pk} makes a candidate, and puts nothing forward."


def _roll_back(case: Case) -> str:
    version = case.alert.last_run.model_version
    if version is None:
        raise Conflict("The look does not say whose answers it read.")
    served = rollback.retreat(case.slot, leaving=version, actor=case.actor, reason=case.alert.title)
    return f"{served.champion} serves instead of {version}."


def incident_of(alert: Alert, *, severity: str, detail: str, actor: Actor) -> Incident:
    """The open incident of the alert's monitor, or a new one; the slot is locked by the caller."""
    finding = incidents.Finding("monitor", f"{alert.monitor.name} rang"[:200], detail, severity)
    return incidents.found(alert.monitor.slot, finding, actor=actor)


def start_pipeline(alert: Alert, actor: Actor) -> PipelineRun | None:
    """What comes of it is a candidate and a draft request: nothing is put forward. None where none may run."""
    named = alert.monitor.pipeline_id
    if named is None:
        return None
    pipeline = registration.newest(Pipeline.objects.select_related("registered_by").get(pk=named))
    return passes.start(pipeline, cause=PipelineRun.Cause.MONITOR, cause_id=str(alert.pk), actor=actor)


DOES: dict[AlertRule.Do, Callable[[Case], str]] = {
    Do.NOTIFY: _notify,
    Do.HOLD: _hold,
    Do.INCIDENT: _open_incident,
    Do.RETRAIN: _retrain,
    Do.ROLL_BACK: _roll_back,
}
