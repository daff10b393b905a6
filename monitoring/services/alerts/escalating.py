"""Who is told next of an alert that nobody answers: one role of the rule a step, each step once."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.models import Alert, AlertRule
from monitoring.services.alerts import rules
from registry.services import sweeping
from registry.services.sweeping import Swept

State = Alert.State


def plan(alert: Alert) -> None:
    """Say when an open alert escalates first, where a rule asks for it; not saved, and not moved once it is said."""
    rule = _rule(alert)
    if alert.state == State.OPEN and alert.escalate_at is None and not alert.escalations and rule is not None:
        alert.escalate_at = timezone.now() + _wait(rule)


def escalate_due(*, actor: Actor) -> Swept:
    """Tell the next role of each alert whose time is over. Records alert.escalated."""
    late = Alert.objects.filter(state=State.OPEN, escalate_at__lte=timezone.now())
    return sweeping.each(late, lambda pk: _escalate(pk, actor))


def _escalate(pk: UUID, actor: Actor) -> bool:
    """False where somebody answers at this moment, or no rule asks for it any more."""
    with transaction.atomic(durable=True):
        late = Alert.objects.select_for_update(of=("self",), skip_locked=True)
        late = late.filter(pk=pk, state=State.OPEN, escalate_at__lte=timezone.now())
        alert = late.select_related("monitor__slot", "last_run").first()
        rule = _rule(alert) if alert else None
        if alert is None or rule is None:
            return False
        role = rule.escalate_to[alert.escalations]
        alert.escalations, alert.revision = alert.escalations + 1, alert.revision + 1
        further = alert.escalations < len(rule.escalate_to)
        alert.escalate_at = timezone.now() + _wait(rule) if further else None
        alert.save()
        event = events.AlertEscalated(step=alert.escalations, role=role, rule=str(rule.pk))
        log.record(event, subject=alert, actor=actor)
    return True


def _rule(alert: Alert) -> AlertRule | None:
    """Of the rules that the alert meets, the one that waits least and has somebody left to tell."""
    asking = [rule for rule in rules.matching(alert) if len(rule.escalate_to) > alert.escalations]
    return min(asking, key=lambda rule: (rule.escalate_after_minutes or 0, rule.pk), default=None)


def _wait(rule: AlertRule) -> timedelta:
    return timedelta(minutes=rule.escalate_after_minutes or 0)
