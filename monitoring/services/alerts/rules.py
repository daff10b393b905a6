"""Rules of alerts: which alarms lead to which actions, written by people who answer for them."""

import math
from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.utils import timezone

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.models import Alert, AlertRule, Monitor
from registry.errors import Invalid, Problem
from registry.models import AISystem, Slot
from registry.permissions import require
from registry.roles import ROLES_FOR, Action
from registry.services import refusals, rows

Do = AlertRule.Do
#: What a rule does for its author, who must be able to do it by hand.
RIGHTS = {Do.HOLD: Action.PAUSE, Do.ROLL_BACK: Action.OPERATE}
LONGEST_STREAK, LONGEST_WAIT_MINUTES = 100, 30 * 24 * 60


def create(system: AISystem, *, name: str, terms: dict[str, Any], actor: Actor, slot: Slot | None = None) -> AlertRule:
    """Let alarms lead to actions from the next one on. terms: the rule's other columns.

    Records alert_rule.created, or alert_rule.refused about the system. Raises NotPermitted, Invalid, AlreadyExists.
    """
    made: list[AlertRule] = []

    def work(locked: AISystem) -> None:
        account = require(actor, Action.MONITOR, locked)
        rule = AlertRule(system=locked, slot=slot, name=name, created_by=account, changed_by=account, **terms)
        rule.changed_at = timezone.now()
        _check(rule, actor)
        rows.insert(rule)
        log.record(_created(rule), subject=rule, actor=actor)
        made.append(rule)

    def lock() -> AISystem:
        return AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)

    refusals.recorded(lock, work, refused=lambda why: events.AlertRuleRefused(rule=why), actor=actor)
    return made[0]


def change(rule: AlertRule, *, changes: dict[str, Any], revision: int, actor: Actor) -> AlertRule:
    """Let a rule say something else; who changes it answers for all of it, and what rang before leads to nothing.

    Records alert_rule.changed, or alert_rule.refused. Raises NotPermitted, Invalid, RevisionMismatch.
    """

    def work(locked: AlertRule) -> None:
        locked.changed_by = require(actor, Action.MONITOR, locked.system)
        rows.match_revision(locked.revision, revision)
        for column, value in changes.items():
            setattr(locked, column, value)
        locked.changed_at, locked.revision = timezone.now(), locked.revision + 1
        _check(locked, actor)
        locked.save()
        event = events.AlertRuleChanged(
            changed=sorted(changes), enabled=locked.enabled, actions=locked.actions, revision=locked.revision
        )
        log.record(event, subject=locked, actor=actor)

    def lock() -> AlertRule:
        return AlertRule.objects.select_for_update(of=("self",)).select_related("system", "slot").get(pk=rule.pk)

    return refusals.recorded(lock, work, refused=lambda why: events.AlertRuleRefused(rule=why), actor=actor)


def of(monitor: Monitor) -> list[AlertRule]:
    """The rules that hold for a monitor's slot, oldest first; where there is none, an alert is an event and no more."""
    slot = monitor.slot
    enabled = AlertRule.objects.filter(Q(slot=None) | Q(slot=slot), system=slot.system_id, enabled=True)
    return list(enabled.select_related("system", "changed_by").order_by("pk"))


def matching(alert: Alert) -> list[AlertRule]:
    """The rules that the alert meets as it stands; what rang before a rule was written, or changed, meets it not."""
    return [rule for rule in of(alert.monitor) if _meets(alert, rule)]


def owed(alert: Alert) -> list[tuple[AlertRule, str]]:
    """What rules ask for and nobody has done, or refused, for this alert."""
    over = {(rule, action) for rule, action in alert.actions.values_list("rule_id", "action")}
    return [(rule, do) for rule in matching(alert) for do in rule.actions if (rule.pk, do) not in over]


def acting(rule: AlertRule, alert: Alert) -> Actor:
    """By the rights, as they are now, of who last wrote the rule; the log names the server."""
    return Actor(id="system:alert_rule", request=f"alert:{alert.pk}", account=rule.changed_by)


def _meets(alert: Alert, rule: AlertRule) -> bool:
    return (
        alert.last_run.created_at >= rule.changed_at
        and (not rule.kinds or alert.monitor.kind in rule.kinds)
        and alert.in_a_row >= rule.in_a_row
        and (rule.least_impact is None or (alert.impact is not None and alert.impact >= rule.least_impact))
    )


def _check(rule: AlertRule, actor: Actor) -> None:
    """Raises Invalid naming every place, NotPermitted where the author could not do by hand what the rule does."""
    problems = list(_problems(rule))
    if problems:
        raise Invalid("The rule cannot be used.", problems=problems)
    rows.check(rule)
    for action in rule.actions:
        if action in RIGHTS:
            require(actor, RIGHTS[Do(action)], rule.system)


def _problems(rule: AlertRule) -> Iterator[Problem]:
    if rule.slot is not None and rule.slot.system_id != rule.system_id:
        yield Problem("/slot", "The slot belongs to another system.", remedy="Name a slot of the system, or none.")
    yield from _listed("kinds", rule.kinds, set(Monitor.Kind.values))
    yield from _listed("actions", rule.actions, set(Do.values))
    yield from _listed("escalate_to", rule.escalate_to, set(ROLES_FOR[Action.READ]))
    if not rule.actions:
        yield Problem("/actions", "The rule does nothing.", remedy=f"Name some of {', '.join(Do.values)}.")
    if not 1 <= rule.in_a_row <= LONGEST_STREAK:
        yield Problem("/in_a_row", f"It is 1 to {LONGEST_STREAK}.")
    if rule.least_impact is not None and not (math.isfinite(rule.least_impact) and rule.least_impact >= 0):
        yield Problem("/least_impact", "It is a number from 0 on.")
    if bool(rule.escalate_to) != (rule.escalate_after_minutes is not None):
        yield Problem("/escalate_after_minutes", "Who is told, and after how long, go together.")
    elif rule.escalate_after_minutes is not None and not 1 <= rule.escalate_after_minutes <= LONGEST_WAIT_MINUTES:
        yield Problem("/escalate_after_minutes", f"It is 1 to {LONGEST_WAIT_MINUTES}.")


def _listed(field: str, given: list[str], known: set[str]) -> Iterator[Problem]:
    """What is unknown, or named twice."""
    for place, one in enumerate(given):
        if one not in known:
            yield Problem(
                f"/{field}/{place}", f"There is no {one!r}.", remedy=f"Name some of {', '.join(sorted(known))}."
            )
        elif one in given[:place]:
            yield Problem(f"/{field}/{place}", "It is named twice.")


def _created(rule: AlertRule) -> events.AlertRuleCreated:
    return events.AlertRuleCreated(
        system=str(rule.system_id),
        slot=rule.slot.key if rule.slot else None,
        kinds=rule.kinds,
        in_a_row=rule.in_a_row,
        actions=rule.actions,
        escalate_to=rule.escalate_to,
    )
