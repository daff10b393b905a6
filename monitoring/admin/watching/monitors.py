"""Monitors: what each watches, how its looks came out over time, and its settings to change."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.admin.watching import calibrations as measured
from monitoring.admin.watching import drawn, settings
from monitoring.models import Monitor, MonitorRun
from monitoring.services import calibrations, monitors
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.permissions import allows
from registry.roles import Action

_CHANGE = "From its next look on. What was found before stays as it is."


@admin.register(Monitor)
class MonitorAdmin(ActingAdmin):
    system_path = "slot__system"
    list_display = (
        "name",
        columns.record("slot", "Slot"),
        columns.text("get_kind_display", "Watches"),
        columns.chip("last_verdict", "Last verdict"),
        columns.moment("last_look", "Last look"),
        "every",
        "enabled",
        columns.moment("next_due_at", "Next look"),
    )
    list_filter = ("kind", "arm", "enabled")
    list_select_related = ("slot",)
    page_related = ("slot__system", "created_by", "pipeline")
    search_fields = ("name", "slot__key")
    acts = ("run_now", "edit")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Monitor]:
        newest = MonitorRun.objects.filter(monitor=OuterRef("pk")).order_by("-id")
        found = super().get_queryset(request)
        return found.annotate(
            last_verdict=Subquery(newest.values("verdict")[:1]),
            last_look=Subquery(newest.values("window_to")[:1]),
            last_reason=Subquery(newest.values("reason")[:1]),
        )

    @admin.display(description="Every", ordering="cadence_seconds")
    def every(self, row: Monitor) -> str:
        if row.cadence_seconds < 60:
            return f"{row.cadence_seconds} s"
        return show.span(timedelta(seconds=row.cadence_seconds))

    def headline(self, row: Any) -> str:
        """The last look's finding."""
        return row.last_reason or ""

    def tone(self, row: Any) -> str:
        return {"alarm": "blocked", "quiet": "approved"}.get(row.last_verdict, "")

    def facts(self, row: Any) -> Iterable[tuple[str, Any]]:
        yield "Last verdict", _verdict(row)
        yield "Slot", row.slot
        yield "Watches", row.get_kind_display()
        yield "Answers of", f"the {row.get_arm_display()}"
        yield "Looks every", self.every(row)
        yield "Enabled", row.enabled
        yield "Next look", row.next_due_at
        yield "A retraining starts", row.pipeline
        yield "Set up by", row.created_by
        yield "Revision", row.revision

    def sections(self, row: Monitor, request: HttpRequest) -> Iterable[Section]:
        note = f"The newest {drawn.LOOKS} looks that came to a verdict; what rang is red."
        yield Section("Over time", drawn.history(drawn.newest(row)), note)
        yield _calibration(row)
        alerts = row.alerts.select_related("handled_by")[:20]
        yield Section(
            "Alerts",
            show.table(
                ["Alert", "State", "Rang", "Raised", "Handled by"],
                [[one, show.state(one), one.alarms, one.created_at, one.handled_by] for one in alerts],
                empty="It has never raised one.",
            ),
        )
        yield Section("Settings", _settings(row))

    def offers(self, row: Monitor, request: HttpRequest) -> Iterable[Act]:
        if not allows(scoped.account(request), Action.MONITOR, row.slot.system):
            return
        yield Act("run_now", "Look now", "A worker looks at once, beside the schedule.", asks_reason=False)
        asks = tuple(settings.questions(row))
        yield Act("edit", "Change it", _CHANGE, revision=row.revision, asks=asks)

    def run_now(self, request: HttpRequest, row: Monitor) -> str:
        monitors.run_now(row, actor=acting.actor(request))
        return "A worker was asked to look."

    def edit(self, request: HttpRequest, row: Monitor) -> str:
        monitors.change(
            row,
            changes=settings.changes(request, row),
            revision=acting.revision(request),
            reason=acting.reason(request),
            actor=acting.actor(request),
        )
        return "The monitor is changed."


def _calibration(row: Monitor) -> Section:
    look = row.runs.select_related("model_version__dataset_version").defer("report").first()
    version = look.model_version if look else None
    if version is None:
        return measured.section(None, row, None)
    return measured.section(calibrations.newest(row, version), row, calibrations.why_not(row, version))


def _verdict(row: Any) -> SafeString:
    return show.chip(row.last_verdict) if row.last_verdict else show.chip("none", "has not looked yet")


def _settings(row: Monitor) -> SafeString:
    """Every parameter that the kind takes, as set or by default."""
    known = settings.standing(row)
    return show.table(["Setting", "Value", "Meaning"], known, empty="It has none to set.")
