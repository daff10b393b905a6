"""Alerts: what rang, what it costs, what was done about it, and who answered."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.admin.answering import board
from monitoring.admin.watching import drawn
from monitoring.models import Alert
from monitoring.services import alerts
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.admin.questions import Question
from registry.models import Incident
from registry.permissions import allows
from registry.roles import Action

State = Alert.State
_SUPPRESS = "Until then it neither tells anybody nor does anything; then it is open again, with what rang meanwhile."
_INCIDENT = "Somebody owns it and sees it through; of a serious one the authority is told in time."
_RETRAIN = "The monitor's pipeline makes a candidate and, where it says so, a draft request; it puts nothing forward."


@admin.register(Alert)
class AlertAdmin(ActingAdmin):
    system_path = "monitor__slot__system"
    list_display = (
        columns.text("title", "Alert", words=110),
        columns.chip("state"),
        columns.record("monitor.slot", "Slot"),
        columns.number("impact", "Impact"),
        columns.number("in_a_row", "In a row"),
        "since",
        "what_was_done",
    )
    list_filter = ("state", "monitor__kind")
    list_select_related = ("monitor__slot", "incident")
    page_related = (
        "monitor__slot__system",
        "handled_by",
        "incident",
        "first_run__monitor__slot",
        "last_run__monitor__slot",
    )
    search_fields = ("title", "monitor__name", "monitor__slot__key")
    date_hierarchy = "created_at"
    acts = ("acknowledge", "suppress", "resolve", "open_incident", "retrain")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return super().get_queryset(request).prefetch_related("actions")

    def get_ordering(self, request: HttpRequest) -> list[Any]:
        return board.order()

    @admin.display(description="Since", ordering="created_at")
    def since(self, row: Alert) -> str:
        return show.distance(row.created_at)

    @admin.display(description="What was done")
    def what_was_done(self, row: Alert) -> SafeString:
        return board.done(row)

    def facts(self, row: Alert) -> Iterable[tuple[str, Any]]:
        yield "State", show.state(row)
        yield "Slot", row.monitor.slot
        yield "Monitor", row.monitor
        yield "Impact", "not estimated" if row.impact is None else row.impact
        yield "Rang", f"{row.alarms:,} times, {row.in_a_row:,} in a row"
        yield "Since", row.created_at
        yield "Silent until", row.suppressed_until
        yield "Escalates", row.escalate_at
        yield "Incident", row.incident
        yield "Handled by", row.handled_by

    def sections(self, row: Alert, request: HttpRequest) -> Iterable[Section]:
        yield Section("What was done", board.actions(row))
        yield Section("The monitor over time", drawn.history(drawn.newest(row.monitor)))
        runs = [("First", row.first_run), ("Last", row.last_run)]
        yield Section(
            "The looks that rang",
            show.table(
                ["Which", "Looked", "Verdict", "Why", "n"],
                [
                    [name, show.row(one, show.moment(one.window_to)), show.chip(one.verdict), one.reason, one.n]
                    for name, one in runs
                ],
            ),
        )

    def offers(self, row: Alert, request: HttpRequest) -> Iterable[Act]:
        if row.state == State.RESOLVED or not allows(
            scoped.account(request), Action.HANDLE_ALERT, row.monitor.slot.system
        ):
            return
        if row.state != State.ACKNOWLEDGED:
            words = "You take it on; it stays until it is resolved."
            yield Act("acknowledge", "Acknowledge", words, revision=row.revision)
        until = Question("until", "Until", kind="time", help="In UTC, at most 90 days from now.")
        yield Act("suppress", "Suppress for a time", _SUPPRESS, revision=row.revision, asks=(until,))
        yield Act("resolve", "Resolve", "It is answered; a new alarm raises a new alert.", revision=row.revision)
        if row.incident is None:
            severity = Question("severity", "Severity", kind="choice", choices=Incident.Severity.choices)
            yield Act("open_incident", "Open an incident", _INCIDENT, revision=row.revision, asks=(severity,))
        if row.monitor.pipeline_id is not None:
            yield Act("retrain", "Ask for a retraining", _RETRAIN, revision=row.revision)

    def acknowledge(self, request: HttpRequest, row: Alert) -> str:
        alerts.acknowledge(row, **_given(request))
        return "The alert is yours."

    def suppress(self, request: HttpRequest, row: Alert) -> str:
        made = alerts.suppress(row, until=acting.moment(request, "until"), **_given(request))
        return f"The alert is silent until {made.suppressed_until:%d %b %Y, %H:%M} UTC."

    def resolve(self, request: HttpRequest, row: Alert) -> str:
        alerts.resolve(row, **_given(request))
        return "The alert is resolved."

    def open_incident(self, request: HttpRequest, row: Alert) -> str:
        made = alerts.open_incident(row, severity=request.POST.get("severity", ""), **_given(request))
        return f"The incident is open: {made.incident}."

    def retrain(self, request: HttpRequest, row: Alert) -> str:
        alerts.retrain(row, **_given(request))
        return "The pipeline makes a candidate; nothing is put forward."


def _given(request: HttpRequest) -> dict[str, Any]:
    return {
        "revision": acting.revision(request),
        "reason": acting.reason(request),
        "actor": acting.actor(request),
    }
