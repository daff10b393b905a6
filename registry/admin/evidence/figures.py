"""A measured figure as a reader sees it: with its interval, in a table, and what a difference shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.safestring import SafeString

from audit.pages import show
from registry.gates import words
from registry.models import EvidenceItem

#: Where less is better, a difference below nought is an improvement.
LOWER_IS_BETTER = frozenset(
    {"brier", "log_loss", "calibration_error", "calibration_error_equal_mass", "mse", "rmse", "mae", "mape"}
)
#: The attribute of what is told by column of a table.
COLUMN = "column"
KINDS = (
    "comparison",
    "evaluation",
    "fairness",
    "slice",
    "robustness",
    "privacy_attack",
    "explanation",
    "curve",
    "trade_off",
    "leakage",
    "reproduction",
    "contract_check",
    "personal_data",
)


def name(metric: str) -> str:
    """A metric as a reader writes it."""
    return words.name(metric) if metric else ""


def plain(items: Iterable[EvidenceItem]) -> SafeString:
    """One line a figure."""
    headers = ["Metric", "Value", "n", "Confidence", "Method"]
    return show.table(
        headers,
        [[_linked(item), figure(item), item.n, share(item.confidence), item.method] for item in items],
    )


def figure(item: EvidenceItem | None) -> SafeString | str:
    """A figure with its interval, or why there is none."""
    if item is None:
        return show.NOTHING
    if item.value is None:
        return str(item.fields.get("reason", "undefined"))
    return show.interval(item.value, item.low, item.high)


def change(item: EvidenceItem) -> SafeString:
    """What a paired difference shows, in a word: nothing where its interval holds nought."""
    if item.low is None or item.high is None or item.low <= 0 <= item.high:
        return show.chip("none", "no difference shown")
    better = (item.low > 0) != (item.metric in LOWER_IS_BETTER)
    return show.chip("pass", "better") if better else show.chip("fail", "worse")


def unsaved(report: Mapping[str, Any]) -> EvidenceItem:
    """A figure of a monitor's report, shown like the evidence it has the shape of."""
    kind = "fairness" if report["attribute"] not in ("", COLUMN) else "evaluation"
    shared = ("metric", "attribute", "group", "value", "low", "high", "confidence", "n", "method")
    return EvidenceItem(kind=kind, fields=report.get("detail", {}), **{key: report[key] for key in shared})


def _linked(item: EvidenceItem) -> SafeString | str:
    return name(item.metric) if item._state.adding else show.row(item, name(item.metric))


def share(confidence: float | None) -> str:
    """A confidence in per cent; empty where there is none."""
    return words.percent(confidence) if confidence else ""
