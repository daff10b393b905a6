"""Monitors and their runs: what each look read, found and concluded."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.models import Monitor, MonitorRun
from registry.admin.evidence import figures, measured
from registry.admin.scoped import ScopedAdmin

RUNS_SHOWN = 30


@admin.register(Monitor)
class MonitorAdmin(ScopedAdmin):
    system_path = "slot__system"
    list_display = (
        "name",
        columns.record("slot", "Slot"),
        columns.text("get_kind_display", "Watches"),
        columns.chip("last_verdict", "Last verdict"),
        "cadence",
        "enabled",
        columns.moment("next_due_at", "Next look"),
    )
    list_filter = ("kind", "enabled")
    list_select_related = ("slot",)
    page_related = ("slot__system", "created_by")
    search_fields = ("name", "slot__key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Monitor]:
        newest = MonitorRun.objects.filter(monitor=OuterRef("pk")).order_by("-id")
        found = super().get_queryset(request)
        return found.annotate(last_verdict=Subquery(newest.values("verdict")[:1]))

    @admin.display(description="Every", ordering="cadence_seconds")
    def cadence(self, row: Monitor) -> str:
        return (
            show.span(timedelta(seconds=row.cadence_seconds))
            if row.cadence_seconds >= 60
            else f"{row.cadence_seconds} s"
        )

    def facts(self, row: Monitor) -> Iterable[tuple[str, Any]]:
        yield "Slot", row.slot
        yield "Watches", row.get_kind_display()
        yield "Every", self.cadence(row)
        yield "Enabled", row.enabled
        yield "Next look", row.next_due_at
        yield "An alarm starts", row.pipeline
        yield "Set up by", row.created_by
        yield "Revision", row.revision

    def sections(self, row: Monitor, request: HttpRequest) -> Iterable[Section]:
        runs = row.runs.select_related("monitor__slot").defer("report")[:RUNS_SHOWN]
        yield Section(
            "Last runs",
            show.table(
                ["Looked", "Verdict", "Why", "n"],
                [
                    [show.row(one, show.moment(one.window_to)), show.chip(one.verdict), one.reason, one.n]
                    for one in runs
                ],
                empty="It has not looked yet.",
            ),
        )
        alerts = row.alerts.select_related("handled_by")
        yield Section(
            "Alerts",
            show.table(
                ["Alert", "State", "Raised", "Handled by"],
                [[one, show.chip(one.state), one.created_at, one.handled_by] for one in alerts],
                empty="It has never raised one.",
            ),
        )
        yield Section("Settings", show.document(row.parameters))


@admin.register(MonitorRun)
class MonitorRunAdmin(ScopedAdmin):
    system_path = "monitor__slot__system"
    list_display = (
        columns.moment("window_to", "Looked"),
        columns.record("monitor", "Monitor"),
        columns.chip("verdict", "Verdict"),
        columns.text("reason", "Why", words=110),
        columns.number("n", "n"),
    )
    list_filter = ("verdict", "monitor__kind")
    list_select_related = page_related = ("monitor__slot",)
    search_fields = ("monitor__name", "monitor__slot__key", "reason")
    date_hierarchy = "window_to"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MonitorRun]:
        match = request.resolver_match
        found = super().get_queryset(request)
        return found if match and "object_id" in match.kwargs else found.defer("report")

    def headline(self, row: MonitorRun) -> str:
        return row.reason

    def facts(self, row: MonitorRun) -> Iterable[tuple[str, Any]]:
        yield "Monitor", row.monitor
        yield "Verdict", show.chip(row.verdict)
        yield "Rows", row.n
        yield "From", row.window_from
        yield "Until", row.window_to
        yield "Was due", row.due_at
        yield "Report", row.report_digest

    def sections(self, row: MonitorRun, request: HttpRequest) -> Iterable[Section]:
        found = row.report.get("figures", [])
        if row.monitor.kind == Monitor.Kind.DRIFT:
            yield Section("Columns", _drift(found))
        else:
            for title, body in measured.by_kind([figures.unsaved(one) for one in found]):
                yield Section(title, body)


def _drift(found: list[dict[str, Any]]) -> SafeString:
    """One line a column, the one furthest from the reference first."""
    return show.table(
        ["Column", "Verdict", "PSI", "Beyond chance", "Test", "p, adjusted", "Missing", "New values", "n"],
        [
            [
                one["name"],
                show.chip("alarm", "drifted") if one["drifted"] else show.chip("quiet"),
                *(one.get(key) for key in ("psi", "excess")),
                str(one.get("test") or "").replace("_", " "),
                *(one.get(key) for key in ("adjusted_p", "missing_rate", "new_category_rate", "n")),
            ]
            for one in sorted(found, key=lambda one: -(one.get("excess") or 0.0))
        ],
        empty="Too few rows to measure anything.",
    )
