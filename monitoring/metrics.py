"""Figures of the monitors for Prometheus, read from the database at each scrape, so that every process tells the same.

Five queries, however many monitors there are.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import Error
from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitoring.models import Alert, Calibration, Monitor, MonitorRun
from registry.models import Hold

logger = structlog.get_logger(__name__)

#: Of one look; a wide table or many groups must not flood whoever scrapes. The report itself has every figure.
FIGURES_AT_MOST = 100
MONITOR = ("slot", "monitor", "kind")
BOUNDS = ("value", "low", "high")
Looked = Sequence[tuple[Monitor, MonitorRun]]


class MonitorCollector(Collector):
    """Reads the figures; a database that is away is a figure too, never an error of the page."""

    def describe(self) -> Iterable[Metric]:
        """Nothing: else registering would ask the database, in processes that have none yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        try:
            found, up = list(_stored(timezone.now())), 1.0
        except Error as problem:
            logger.warning("the monitors' figures cannot be read", why=str(problem))
            found, up = [], 0.0
        yield GaugeMetricFamily("monitor_database_up", "Whether the monitors' tables could be read", value=up)
        yield from found


def register() -> None:
    """Once a process."""
    REGISTRY.register(_COLLECTOR)


def _stored(now: datetime) -> Iterator[Metric]:
    newest = MonitorRun.objects.filter(monitor=OuterRef("pk")).order_by("-id").values("pk")[:1]
    watching = Monitor.objects.filter(enabled=True).select_related("slot").annotate(newest=Subquery(newest))
    monitors = list(watching.order_by("pk"))
    runs = MonitorRun.objects.filter(pk__in=[monitor.newest for monitor in monitors])
    known = {run.monitor_id: run for run in runs}
    looked = [(monitor, known[monitor.pk]) for monitor in monitors if monitor.pk in known]
    yield _overdue(monitors, now)
    yield _verdicts(looked)
    yield _rows(looked)
    yield _impacts(looked)
    yield _figures(looked)
    yield _false_alarms(monitors)
    yield _alerts()
    yield _holds()


def _overdue(monitors: Sequence[Monitor], now: datetime) -> Metric:
    family = _family("monitor_overdue_seconds", "How long a look is overdue, 0 where none is", MONITOR)
    for monitor in monitors:
        family.add_metric(_labels(monitor), max(0.0, (now - monitor.next_due_at).total_seconds()))
    return family


def _verdicts(looked: Looked) -> Metric:
    """Each verdict is a series, 1 for the one that stands."""
    family = _family("monitor_verdict", "The verdict of the last look", (*MONITOR, "verdict"))
    for monitor, run in looked:
        for verdict in run.Verdict.values:
            family.add_metric([*_labels(monitor), verdict], float(run.verdict == verdict))
    return family


def _rows(looked: Looked) -> Metric:
    family = _family("monitor_rows", "Rows that the last look read", MONITOR)
    for monitor, run in looked:
        family.add_metric(_labels(monitor), float(run.n))
    return family


def _impacts(looked: Looked) -> Metric:
    family = _family("monitor_impact", "How much of the metric the last finding costs, as estimated", MONITOR)
    for monitor, run in looked:
        if run.impact is not None:
            family.add_metric(_labels(monitor), run.impact)
    return family


def _figures(looked: Looked) -> Metric:
    words = "Figures of the last look, each with the ends of its interval"
    family = _family("monitor_figure", words, (*MONITOR, "figure", "attribute", "group", "bound"))
    for monitor, run in looked:
        for name, attribute, group, bounds in list(told(run.report))[:FIGURES_AT_MOST]:
            for bound, value in bounds.items():
                family.add_metric([*_labels(monitor), name, attribute, group, bound], value)
    return family


def told(report: Mapping[str, Any]) -> Iterator[tuple[str, str, str, dict[str, float]]]:
    """Name, attribute, group and finite bounds of each figure; of a column's drift, its size."""
    for figure in report.get("figures", []):
        if "psi" in figure:
            name, attribute, group, bounds = "psi", figure["name"], "", {"value": figure["psi"]}
        else:
            name, attribute, group = (str(figure.get(key) or "") for key in ("metric", "attribute", "group"))
            bounds = {bound: figure.get(bound) for bound in BOUNDS}
        finite = {bound: float(value) for bound, value in bounds.items() if _is_finite(value)}
        if finite:
            yield name, attribute, group, finite


def _false_alarms(monitors: Sequence[Monitor]) -> Metric:
    words = "Share of looks that rang on reference rows that did not move, with its interval, as last measured"
    family = _family("monitor_false_alarm_rate", words, (*MONITOR, "bound"))
    newest = Calibration.objects.filter(monitor=OuterRef("monitor")).order_by("-id").values("pk")[:1]
    known = {row.monitor_id: row for row in Calibration.objects.filter(pk=Subquery(newest)).defer("report")}
    for monitor in monitors:
        if row := known.get(monitor.pk):
            for bound, value in zip(BOUNDS, (row.false_alarms / row.looks, row.low, row.high), strict=True):
                family.add_metric([*_labels(monitor), bound], value)
    return family


def _alerts() -> Metric:
    family = _family("monitor_alerts", "Alerts that nobody has resolved", ("slot", "state"))
    found = Alert.objects.exclude(state=Alert.State.RESOLVED).order_by("monitor__slot__key", "state")
    for slot, state, count in found.values_list("monitor__slot__key", "state").annotate(count=Count("pk")):
        family.add_metric([slot, state], float(count))
    return family


def _holds() -> Metric:
    family = _family("slot_holds", "Holds that stop what is new in a slot", ("slot",))
    found = Hold.objects.filter(lifted_at=None).order_by("slot__key")
    for slot, count in found.values_list("slot__key").annotate(count=Count("pk")):
        family.add_metric([slot], float(count))
    return family


def _family(name: str, meaning: str, labels: Sequence[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, labels=labels)


def _labels(monitor: Monitor) -> list[str]:
    return [monitor.slot.key, monitor.name, monitor.kind]


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_COLLECTOR = MonitorCollector()
