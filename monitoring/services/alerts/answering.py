"""What people answer to an alert: that they take it on, that it may be silent for a time, that it is over."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import Event
from monitoring import events
from monitoring.models import Alert
from monitoring.services.alerts import escalating, raising
from registry.errors import Conflict, Invalid, Problem
from registry.models import Slot
from registry.permissions import require
from registry.roles import Action
from registry.services import refusals, sweeping
from registry.services.rows import match_revision
from registry.services.sweeping import Swept

State = Alert.State
LONGEST_SUPPRESSION = timedelta(days=90)


def acknowledge(alert: Alert, *, revision: int, reason: str, actor: Actor) -> Alert:
    """Take an alert on.

    Records alert.acknowledged, or alert.refused. Raises Conflict, RevisionMismatch, NotPermitted.
    """
    return _answer(alert, State.ACKNOWLEDGED, events.AlertAcknowledged(), revision, reason, actor)


def resolve(alert: Alert, *, revision: int, reason: str, actor: Actor) -> Alert:
    """Close an alert for good: a new alarm raises another. Records and raises as `acknowledge`: alert.resolved."""
    return _answer(alert, State.RESOLVED, events.AlertResolved(), revision, reason, actor)


def suppress(alert: Alert, *, until: datetime, revision: int, reason: str, actor: Actor) -> Alert:
    """Let an alert neither tell nor do anything until a time; then it is open again, with what rang meanwhile.

    One that is suppressed already gets the new time. Records alert.suppressed, or alert.refused. Raises Invalid,
    Conflict, RevisionMismatch, NotPermitted.
    """

    def change(locked: Alert) -> Event:
        if not timezone.now() < until <= timezone.now() + LONGEST_SUPPRESSION:
            limit = f"It is in the future, and at most {LONGEST_SUPPRESSION.days} days away."
            raise Invalid("The alert cannot be suppressed until then.", problems=[Problem("/until", limit)])
        locked.state, locked.suppressed_until = State.SUPPRESSED, until
        return events.AlertSuppressed(until=until)

    return changed(alert, change, revision=revision, reason=reason, actor=actor)


def reopen_due(*, actor: Actor) -> Swept:
    """Open again what was suppressed until now. Records alert.reopened."""
    over = Alert.objects.filter(state=State.SUPPRESSED, suppressed_until__lte=timezone.now())
    return sweeping.each(over, lambda pk: _reopen(pk, actor))


def _reopen(pk: UUID, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        waiting = Alert.objects.select_for_update(of=("self",), skip_locked=True)
        waiting = waiting.filter(pk=pk, state=State.SUPPRESSED, suppressed_until__lte=timezone.now())
        alert = waiting.select_related("monitor__slot", "last_run").first()
        if alert is None:
            return False
        missed = raising.catch_up(alert)
        alert.state, alert.suppressed_until, alert.revision = State.OPEN, None, alert.revision + 1
        alert.escalations = 0
        escalating.plan(alert)
        alert.save()
        log.record(events.AlertReopened(alarms=missed), subject=alert, actor=actor)
    return True


def _answer(alert: Alert, state: str, event: Event, revision: int, reason: str, actor: Actor) -> Alert:
    def change(locked: Alert) -> Event:
        if locked.state == state:
            raise Conflict(f"The alert is {locked.get_state_display()} already.")
        if locked.state == State.SUPPRESSED:
            raising.catch_up(locked)
        locked.state, locked.suppressed_until = state, None
        return event

    return changed(alert, change, revision=revision, reason=reason, actor=actor)


def changed(alert: Alert, change: Callable[[Alert], Event], *, revision: int, reason: str, actor: Actor) -> Alert:
    """Answer an unresolved alert: whoever does has it from then on, and it escalates no further.

    change: alters the locked row, whose slot is locked too, and says what is recorded. Records that, or alert.refused.
    """

    def work(locked: Alert) -> None:
        locked.handled_by = require(actor, Action.HANDLE_ALERT, locked.monitor.slot.system)
        match_revision(locked.revision, revision)
        if locked.state == State.RESOLVED:
            raise Conflict("The alert is resolved already.")
        event = change(locked)
        locked.escalate_at, locked.revision = None, locked.revision + 1
        locked.save()
        log.record(event, subject=locked, actor=actor, reason=reason)

    def lock() -> Alert:
        Slot.objects.select_for_update(no_key=True).get(pk=alert.monitor.slot_id)
        waiting = Alert.objects.select_for_update(of=("self",))
        return waiting.select_related("monitor__slot__system", "last_run", "incident").get(pk=alert.pk)

    return refusals.recorded(lock, work, refused=lambda rule: events.AlertRefused(rule=rule), actor=actor)
