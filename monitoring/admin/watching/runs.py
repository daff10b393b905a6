"""Looks: the window that was read, every figure with its interval, and the verdict."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.models import MonitorRun
from registry.admin.evidence import figures, measured
from registry.admin.pictures import shown
from registry.admin.pictures.bars import Line
from registry.admin.scoped import ScopedAdmin

Figures = Sequence[Mapping[str, Any]]


@admin.register(MonitorRun)
class MonitorRunAdmin(ScopedAdmin):
    system_path = "monitor__slot__system"
    list_display = (
        columns.moment("window_to", "Looked"),
        columns.record("monitor", "Monitor"),
        columns.chip("verdict", "Verdict"),
        columns.text("reason", "Why", words=110),
        columns.number("n", "n"),
        columns.number("impact", "Impact"),
    )
    list_filter = ("verdict", "monitor__kind")
    list_select_related = ("monitor__slot",)
    page_related = ("monitor__slot", "model_version__model")
    search_fields = ("monitor__name", "monitor__slot__key", "reason")
    date_hierarchy = "window_to"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MonitorRun]:
        match = request.resolver_match
        found = super().get_queryset(request)
        return found if match and "object_id" in match.kwargs else found.defer("report")

    def headline(self, row: MonitorRun) -> str:
        return row.reason

    def tone(self, row: MonitorRun) -> str:
        return {"alarm": "blocked", "quiet": "approved"}.get(row.verdict, "")

    def facts(self, row: MonitorRun) -> Iterable[tuple[str, Any]]:
        yield "Monitor", row.monitor
        yield "Verdict", show.state(row, "verdict")
        yield "Answers of", row.model_version
        yield "Impact", row.impact
        yield "Rows", row.n
        yield "From", row.window_from
        yield "Until", row.window_to
        yield "Was due", row.due_at
        yield "Report", row.report_digest

    def sections(self, row: MonitorRun, request: HttpRequest) -> Iterable[Section]:
        found = row.report.get("figures", [])
        drifted = [one for one in found if "psi" in one]
        measures = [one for one in found if "metric" in one and "psi" not in one]
        together = [one["correlation"] for one in found if "correlation" in one]
        others = [one for one in found if not {"psi", "metric", "correlation"} & one.keys()]
        if drifted:
            yield Section("Columns", columns_of(drifted), "The one furthest from the reference first.")
        if together:
            yield Section("Between columns", _together(together), "Told, and never an alarm by itself.")
        told = row.monitor.get_kind_display()
        for title, body in measured.by_kind([figures.unsaved(one) for one in measures]):
            yield Section(told[:1].upper() + told[1:] if title == "Performance" else title, body)
        if others:
            yield Section("Figures", show.document(others))
        if not found:
            yield Section("Figures", show.table([], [], empty="Too few rows to measure anything."))


def columns_of(found: Figures) -> SafeString:
    """Drift of each column, drawn and in a table."""
    ranked = sorted(found, key=lambda one: -(one.get("excess") or one.get("psi") or 0.0))
    sizes = [Line(str(one["name"]), one["psi"]) for one in ranked if one.get("psi") is not None]
    drawn = shown.side_by_side([shown.bar_figure("Population stability index", sizes)]) if sizes else SafeString()
    return drawn + _table(ranked)


def _together(shifts: Figures) -> SafeString:
    """The pair whose rank correlation changed most surely, among so many."""
    return show.table(
        ["Columns", "Correlation before", "In this look", "Largest change", "Pairs", "p, over all pairs"],
        [
            [
                " and ".join(one["columns"]),
                *(one[name] for name in ("before", "after", "largest", "pairs")),
                10.0 ** one["log10_p"],
            ]
            for one in shifts
        ],
    )


def _table(ranked: Figures) -> SafeString:
    return show.table(
        ["Column", "Verdict", "PSI", "Beyond chance", "Test", "p, adjusted", "Missing", "New values", "n"],
        [
            [
                one["name"],
                _verdict(one),
                *(one.get(key) for key in ("psi", "excess")),
                str(one.get("test") or "").replace("_", " "),
                *(one.get(key) for key in ("adjusted_p", "missing_rate", "new_category_rate", "n")),
            ]
            for one in ranked
        ],
    )


def _verdict(one: Mapping[str, Any]) -> SafeString:
    if one.get("drifted") or one.get("verdict") == "drift":
        return show.chip("alarm", "drifted")
    return show.chip(str(one.get("verdict") or "quiet"))
