"""The board of alerts: what costs most first, then what moved furthest, then the newest."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, F, FloatField, IntegerField, QuerySet, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from monitoring.models import Alert, AlertAction, Monitor

State, Kind = Alert.State, Monitor.Kind
#: Nobody has answered it, somebody has, it is silent for a time, it is over.
_RANK = {State.OPEN: 0, State.ACKNOWLEDGED: 1, State.SUPPRESSED: 2, State.RESOLVED: 3}
_DRIFT = (Kind.DRIFT, Kind.OUTPUT_DRIFT, Kind.EXPLANATIONS)


def order() -> list[Any]:
    """What a list of alerts is sorted by; sizes are compared where no cost could be estimated, and of drifts alone."""
    rank = Case(*(When(state=state, then=Value(place)) for state, place in _RANK.items()), output_field=IntegerField())
    moved = Cast(KeyTextTransform("value", KeyTransform("main", "last_run__report")), FloatField())
    size = Case(When(monitor__kind__in=_DRIFT, then=moved), output_field=FloatField())
    return [rank.asc(), F("impact").desc(nulls_last=True), size.desc(nulls_last=True), F("pk").desc()]


def unresolved(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """What waits for somebody, in the board's order, with what the table shows."""
    waiting = alerts.exclude(state=State.RESOLVED).order_by(*order())
    return waiting.select_related("monitor__slot", "incident").prefetch_related("actions")


def table(alerts: Iterable[Alert]) -> SafeString:
    """One line an alert."""
    return show.table(
        ["Alert", "Slot", "Impact", "In a row", "Since", "What was done"],
        [[one, one.monitor.slot, one.impact, one.in_a_row, show.distance(one.created_at), done(one)] for one in alerts],
        empty="Nothing rings.",
    )


def done(alert: Alert) -> SafeString:
    """What rules did because of it, in a line, and the incident that came of it."""
    parts = [_act(action) for action in reversed(alert.actions.all())]
    if alert.incident is not None:
        parts.append(show.row(alert.incident, "incident"))
    return format_html_join(" ", "{}", ((part,) for part in parts)) if parts else mark_safe(show.NOTHING)


def actions(alert: Alert) -> SafeString:
    """The same with what came of each, or why it was refused."""
    found = alert.actions.select_related("rule__system")
    return show.table(
        ["Outcome", "Action", "Rule", "What came of it", "At"],
        [[show.state(one, "outcome"), show.said(one, "action"), one.rule, one.detail, one.created_at] for one in found],
        empty="No rule did anything. Rules of the system say what an alarm leads to; make one under Alert rules.",
    )


def _act(action: AlertAction) -> SafeString:
    return format_html(
        '<span title="{}">{}</span>', action.detail, show.chip(action.outcome, action.action.replace("_", " "))
    )
