"""Alerts: what rang, on which figures, and who answered."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.models import Alert
from monitoring.services import alerts
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.permissions import allows
from registry.roles import Action

State = Alert.State


@admin.register(Alert)
class AlertAdmin(ActingAdmin):
    system_path = "monitor__slot__system"
    list_display = (
        columns.text("title", "Alert", words=110),
        columns.chip("state"),
        columns.record("monitor", "Monitor"),
        columns.text("handled_by", "Handled by"),
        columns.moment("created_at", "Raised"),
    )
    list_filter = ("state", "monitor__kind")
    list_select_related = ("monitor__slot", "handled_by")
    page_related = ("monitor__slot__system", "handled_by", "first_run__monitor__slot", "last_run__monitor__slot")
    search_fields = ("title", "monitor__name", "monitor__slot__key")
    date_hierarchy = "created_at"
    acts = ("acknowledge", "resolve")

    def facts(self, row: Alert) -> Iterable[tuple[str, Any]]:
        yield "State", show.chip(row.state)
        yield "Slot", row.monitor.slot
        yield "Monitor", row.monitor
        yield "Raised", row.created_at
        yield "Handled by", row.handled_by

    def sections(self, row: Alert, request: HttpRequest) -> Iterable[Section]:
        runs = [("First", row.first_run), ("Last", row.last_run)]
        yield Section(
            "The runs that rang",
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
        if row.state == State.OPEN:
            yield Act(
                "acknowledge", "Acknowledge", "You take it on; it stays until it is resolved.", revision=row.revision
            )
        yield Act("resolve", "Resolve", "It is answered; a new alarm raises a new alert.", revision=row.revision)

    def acknowledge(self, request: HttpRequest, row: Alert) -> str:
        alerts.acknowledge(
            row, revision=acting.revision(request), reason=acting.reason(request), actor=acting.actor(request)
        )
        return "The alert is yours."

    def resolve(self, request: HttpRequest, row: Alert) -> str:
        alerts.resolve(
            row, revision=acting.revision(request), reason=acting.reason(request), actor=acting.actor(request)
        )
        return "The alert is resolved."
