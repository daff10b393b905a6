"""Calibrations: how often a monitor rings without a reason, and how soon with one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import columns, show
from audit.pages.records import Section
from monitoring.models import Calibration, Monitor
from registry.admin.scoped import ScopedAdmin

NOTE = "Looks of the same code on rows of the reference: as they are, and moved."
HEADERS = ("Shift", "Size", "Found", "Looks until it rang", "At its cadence")


@admin.register(Calibration)
class CalibrationAdmin(ScopedAdmin):
    system_path = "monitor__slot__system"
    list_display = (
        columns.record("monitor", "Monitor"),
        columns.record("model_version", "Of"),
        columns.number("false_alarms", "False alarms"),
        columns.number("looks", "of looks"),
        columns.number("high", "At most"),
        columns.number("stated", "Stated"),
        columns.moment("created_at", "Measured"),
    )
    list_filter = ("monitor__kind",)
    list_select_related = page_related = ("monitor__slot", "model_version__model")
    search_fields = ("monitor__name", "monitor__slot__key")
    date_hierarchy = "created_at"

    def headline(self, row: Calibration) -> str:
        return words(row)

    def facts(self, row: Calibration) -> Iterable[tuple[str, Any]]:
        yield "Monitor", row.monitor
        yield "Rows of", row.model_version
        yield "False alarms", row.false_alarms
        yield "Of looks", row.looks
        yield "Rows a look", row.report["rows"]
        yield "Drawn from", row.report["pool"]
        yield "Stated", _share(row.stated)
        yield "Settings", row.definition
        yield "Report", row.report_digest
        yield "Measured", row.created_at

    def sections(self, row: Calibration, request: Any) -> Iterable[Section]:
        yield Section("How soon it notices", delays(row), NOTE)


def section(row: Calibration | None, monitor: Monitor, why_not: str | None) -> Section:
    """What was measured of a monitor with the settings that hold, or why nothing was."""
    title = "False alarms, measured"
    if row is None:
        words_ = why_not or "Not yet: a worker measures it after its next look, where the reference has rows enough."
        return Section(title, format_html('<p class="note">{}</p>', words_))
    return Section(title, format_html("<p>{}</p>{}", words(row), delays(row)), NOTE)


def words(row: Calibration) -> str:
    """The false-alarm rate in a sentence, with its interval and what the settings promise."""
    share = f"{row.false_alarms / row.looks:.1%} [{row.low:.1%}, {row.high:.1%}]"
    promised = "" if row.stated is None else f"; its settings state {_share(row.stated)}"
    return f"It rang in {row.false_alarms} of {row.looks} looks at rows that did not move: {share}{promised}."


def delays(row: Calibration) -> SafeString:
    """One line a shift."""
    cadence = timedelta(seconds=row.monitor.cadence_seconds)
    return show.table(
        HEADERS,
        [
            [
                one["shift"],
                one["size"],
                f"{one['found']} of {one['of']} within {one['looks_most']} looks",
                None if one["looks_median"] is None else f"{one['looks_median']:g}",
                None if one["looks_median"] is None else _span(one["looks_median"] * cadence),
            ]
            for one in row.report["shifts"]
        ],
        empty="No shift could be made of these rows.",
    )


def _share(value: float | None) -> str | None:
    return None if value is None else f"{value:.2%}"


def _span(time: timedelta) -> str:
    return f"{time.total_seconds():g} s" if time < timedelta(minutes=1) else show.span(time)
