"""Alerts are raised once: a repeated alarm joins the one that nobody has resolved."""

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.models import Alert, Monitor, MonitorRun
from monitoring.services.alerts import escalating, rules

State, Verdict = Alert.State, MonitorRun.Verdict


def unresolved(monitor: Monitor) -> Alert | None:
    """The monitor's alert that waits for a person; there is one at most."""
    return Alert.objects.filter(monitor=monitor).exclude(state=State.RESOLVED).first()


def raise_for(run: MonitorRun, *, actor: Actor) -> Alert:
    """One alert a monitor, inside the caller's transaction: a repeated alarm joins the unresolved one.

    A suppressed alert stays as it is, and nobody is told: the end of its suppression counts what rang meanwhile.
    Records alert.raised or alert.repeated.
    """
    # Two looks at once: the second waits here, and finds the first one's alert.
    Monitor.objects.select_for_update(no_key=True).get(pk=run.monitor_id)
    alert = _locked(run)
    if alert is None:
        return _raise(run, actor)
    if alert.state != State.SUPPRESSED:
        ring(alert, run)
        escalating.plan(alert)
        alert.revision += 1
        alert.save()
        log.record(events.AlertRepeated(run=str(run.pk)), subject=alert, actor=actor)
    return alert


def calm(run: MonitorRun, *, actor: Actor) -> Alert | None:
    """A quiet look ends the alarms in a row and leaves the alert to a person; inside the caller's transaction.

    While a rule still owes an action for those alarms, since a worker died, they are not forgotten: the next quiet
    look ends them. Records alert.calmed where something ends.
    """
    alert = _locked(run)
    if alert is None or alert.state == State.SUPPRESSED or not alert.in_a_row or rules.owed(alert):
        return alert
    alert.in_a_row, alert.revision = 0, alert.revision + 1
    alert.save()
    log.record(events.AlertCalmed(run=str(run.pk)), subject=alert, actor=actor)
    return alert


def ring(alert: Alert, run: MonitorRun) -> None:
    """One more alarm, not saved."""
    alert.last_run, alert.impact = run, run.impact
    alert.alarms, alert.in_a_row = alert.alarms + 1, alert.in_a_row + 1


def catch_up(alert: Alert) -> int:
    """Count what rang while the alert was suppressed, not saved; returns how often it did."""
    before = alert.alarms
    later = alert.monitor.runs.filter(pk__gt=alert.last_run_id).exclude(verdict=Verdict.NOT_EVALUABLE)
    for run in later.defer("report").order_by("pk").iterator(500):
        if run.verdict == Verdict.ALARM:
            ring(alert, run)
        else:
            alert.in_a_row = 0
    return alert.alarms - before


def _locked(run: MonitorRun) -> Alert | None:
    waiting = Alert.objects.select_for_update(of=("self",)).exclude(state=State.RESOLVED)
    return waiting.select_related("monitor__slot__system", "last_run").filter(monitor=run.monitor_id).first()


def _raise(run: MonitorRun, actor: Actor) -> Alert:
    alert = Alert(monitor=run.monitor, first_run=run, last_run=run, title=run.reason, impact=run.impact)
    escalating.plan(alert)
    alert.save(force_insert=True)
    log.record(events.AlertRaised(monitor=str(run.monitor_id), run=str(run.pk)), subject=alert, actor=actor)
    return alert
