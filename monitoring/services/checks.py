"""One look of each kind of monitor: a window in, figures and one verdict out."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow.parquet as parquet

from monitoring.measures import drift, fairness, performance, reference
from monitoring.measures.estimate import Estimate
from monitoring.models import Monitor, MonitorRun
from monitoring.services import windows
from monitoring.services.windows import Window
from registry import artifacts
from registry.models import ModelVersion

Verdict = MonitorRun.Verdict
MIN_ROWS = 200
WINDOW_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look came to: the verdict, why in words, and the figures."""

    window: Window
    verdict: str
    reason: str
    figures: list[dict[str, Any]]


def look(monitor: Monitor, version: ModelVersion, until: Any) -> Finding:
    """Run a monitor's check on the newest rows up to a moment; reads, and changes nothing."""
    labelled = monitor.kind == Monitor.Kind.PERFORMANCE
    rows = int(monitor.parameters.get("window_rows", WINDOW_ROWS))
    window = windows.recent(monitor.slot, until=until, rows=rows, labelled=labelled)
    least = int(monitor.parameters.get("min_n", MIN_ROWS))
    if len(window.rows) < least:
        what = "labelled predictions" if labelled else "predictions"
        reason = f"Only {len(window.rows)} {what} are there; the check needs {least}."
        return Finding(window, Verdict.NOT_EVALUABLE, reason, [])
    return _CHECKS[monitor.kind](monitor, version, window)


def _drift(monitor: Monitor, version: ModelVersion, window: Window) -> Finding:
    kinds = tuple((column["name"], column["type"]) for column in version.input_schema)
    profile = _profile(version.dataset_version.digest, kinds)
    report = drift.drift(
        profile,
        window.features([name for name, _ in kinds]),
        fdr=float(monitor.parameters.get("fdr", 0.05)),
        psi_floor=float(monitor.parameters.get("psi_floor", 0.1)),
    )
    verdict = {"quiet": Verdict.QUIET, "drift": Verdict.ALARM}.get(report.verdict, Verdict.NOT_EVALUABLE)
    figures = [
        {**asdict(column.column), "adjusted_p": column.adjusted_p, "drifted": column.drifted}
        for column in report.columns
    ]
    return Finding(window, verdict, report.reason, figures)


def _performance(monitor: Monitor, version: ModelVersion, window: Window) -> Finding:
    metric, floor = monitor.parameters.get("metric", "roc_auc"), float(monitor.parameters.get("floor", 0.8))
    found = performance.binary_classification(window.labels, window.scores, threshold=version.threshold, draws=200)
    one = next(estimate for estimate in found if estimate.metric == metric)
    verdict, reason = _against_floor(one, floor, f"{metric} on {one.n} labelled predictions")
    return Finding(window, verdict, reason, [asdict(estimate) for estimate in found])


def _fairness(monitor: Monitor, version: ModelVersion, window: Window) -> Finding:
    attributes = list(monitor.parameters.get("attributes", version.dataset_version.dataset.sensitive_columns))
    floor = float(monitor.parameters.get("floor", 0.8))
    found = fairness.selection(window.decisions, window.attributes(attributes))
    ratios = [one for one in found if one.metric == "impact_ratio" and not one.detail.get("excluded")]
    figures = [asdict(estimate) for estimate in found]
    if not ratios or all(one.value is None for one in ratios):
        return Finding(window, Verdict.NOT_EVALUABLE, "No group is large enough to compare.", figures)
    worst = min((one for one in ratios if one.value is not None), key=lambda one: one.high or 0.0)
    verdict, reason = _against_floor(worst, floor, f"Impact ratio of {worst.attribute} group {worst.group}")
    return Finding(window, verdict, reason, figures)


def _against_floor(one: Estimate, floor: float, subject: str) -> tuple[str, str]:
    """An alarm only where the whole interval lies below the floor: the data, not luck, must say so."""
    if one.value is None or one.low is None or one.high is None:
        return Verdict.NOT_EVALUABLE, f"{subject} is undefined: {one.detail.get('reason', 'no interval')}."
    figure = f"{subject} is {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
    if one.high < floor:
        return Verdict.ALARM, f"{figure}: the whole interval is below {floor}."
    if one.low < floor:
        return Verdict.QUIET, f"{figure}: the interval holds {floor}, so nothing is shown either way."
    return Verdict.QUIET, f"{figure}: the whole interval is above {floor}."


@lru_cache(maxsize=16)
def _profile(digest: str, kinds: tuple[tuple[str, Any], ...]) -> reference.Profile:
    """The reference of a dataset version, made once in this process; its digest is its identity."""
    with artifacts.local(digest, suffix=".parquet") as path:
        table = parquet.read_table(path, columns=[name for name, _ in kinds])
    columns = {name: np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=np.float64) for name, _ in kinds}
    return reference.profile(columns, dict(kinds))


_CHECKS: dict[str, Callable[[Monitor, ModelVersion, Window], Finding]] = {
    Monitor.Kind.DRIFT: _drift,
    Monitor.Kind.PERFORMANCE: _performance,
    Monitor.Kind.FAIRNESS: _fairness,
}
