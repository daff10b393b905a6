"""Measured figures as tables: performance by metric, fairness by group, a comparison as differences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.admin.pictures import shown
from registry.gates import words
from registry.models import EvidenceItem

#: Where less is better, a difference below nought is an improvement.
LOWER_IS_BETTER = frozenset(
    {"brier", "log_loss", "calibration_error", "calibration_error_equal_mass", "mse", "rmse", "mae", "mape"}
)
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
)
GROUP_METRICS = ("impact_ratio", "selection_rate", "true_positive_rate", "false_positive_rate")


#: Kinds whose figures are of groups, with what stands before the attribute.
GROUPED = {
    "fairness": "Fairness by",
    "slice": "Figures by",
    "robustness": "Robustness:",
    "privacy_attack": "Membership inference:",
}
TOLD = ("comparison", "evaluation", "curve", "explanation", "trade_off")
#: What is drawn of groups, and what would be even.
PICTURED = {"impact_ratio": 1.0, "accuracy": None, "mae": None, "attack_auc": 0.5, "adversarial_accuracy": None}


def name(metric: str) -> str:
    """A metric as a reader writes it."""
    return words.name(metric) if metric else ""


def by_kind(items: Sequence[EvidenceItem]) -> Iterable[tuple[str, SafeString]]:
    """Each kind of evidence under its title, in the order in which a reviewer asks."""
    for kind, title in (("comparison", "Candidate minus champion"), ("evaluation", "Performance")):
        chosen = [item for item in items if item.kind == kind]
        if chosen:
            yield title, _plain_and_grouped(chosen)
    drawn = [item for item in items if item.kind == "curve"]
    measured = [item for item in drawn if item.metric != "partial_dependence"]
    if measured:
        yield "Curves", shown.curves(measured)
    for kind, title in GROUPED.items():
        found = [item for item in items if item.kind == kind]
        for attribute in dict.fromkeys(item.attribute for item in found):
            own = [one for one in found if one.attribute == attribute]
            yield f"{title} {attribute.replace('_', ' ').replace('+', ' and ')}", _pictured(own) + by_group(own)
    features = [item for item in items if item.kind == "explanation"]
    if features:
        yield "What the model goes by", shown.importance(features)
    moved = [item for item in drawn if item.metric == "partial_dependence"]
    if moved:
        yield "Partial dependence", shown.curves(moved)
    traded = [dict(item.fields) for item in items if item.kind == "trade_off"]
    if traded:
        yield "Trade-off found in training", shown.trade_off(traded) or show.document(traded)
    rest = [item for item in items if item.kind not in (*GROUPED, *TOLD)]
    for item in rest:
        yield item.kind.replace("_", " ").capitalize(), show.document(item.fields)


def plain(items: Iterable[EvidenceItem]) -> SafeString:
    """One line a figure."""
    headers = ["Metric", "Value", "n", "Confidence", "Method"]
    return show.table(
        headers,
        [[_linked(item), figure(item), item.n, _share(item.confidence), item.method] for item in items],
    )


def by_group(items: Sequence[EvidenceItem]) -> SafeString:
    """One line a group, one column a metric; the summaries over the groups beneath."""
    grouped = [item for item in items if item.group]
    known = dict.fromkeys(item.metric for item in grouped)
    metrics = [metric for metric in dict.fromkeys((*GROUP_METRICS, *known)) if metric in known]
    found = {(item.group, item.metric): item for item in grouped}
    rows = [
        [group, _count(found, group), *(figure(found.get((group, metric))) for metric in metrics)]
        for group in dict.fromkeys(item.group for item in grouped)
    ]
    table = show.table(["Group", "n", *map(name, metrics)], rows) if rows else mark_safe("")
    summaries = [item for item in items if not item.group]
    return table + (plain(summaries) if summaries else mark_safe(""))


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
    kind = "fairness" if report["attribute"] else "evaluation"
    shared = ("metric", "attribute", "group", "value", "low", "high", "confidence", "n", "method")
    return EvidenceItem(kind=kind, fields=report.get("detail", {}), **{key: report[key] for key in shared})


def _linked(item: EvidenceItem) -> SafeString | str:
    return name(item.metric) if item._state.adding else show.row(item, name(item.metric))


def _count(found: dict[tuple[str, str], EvidenceItem], group: str) -> Any:
    """How many rows stand behind a group: those behind its selection, not behind a rate among some of them."""
    for metric in ("selection_rate", *GROUP_METRICS):
        if (group, metric) in found:
            return found[group, metric].n
    return next((item.n for (named, _), item in found.items() if named == group), None)


def _plain_and_grouped(items: Sequence[EvidenceItem]) -> SafeString:
    """Figures of all rows in a table; those of each class in another."""
    grouped = [item for item in items if item.group]
    whole = plain([item for item in items if not item.group])
    return whole + by_group(grouped) if grouped else whole


def _pictured(items: Sequence[EvidenceItem]) -> SafeString:
    """The first figure of the groups that has a picture, where there are groups to compare."""
    for metric, mark in PICTURED.items():
        own = [item for item in items if item.metric == metric and item.group]
        if len(own) > 1:
            return shown.groups(name(metric), own, mark=mark)
    return mark_safe("")


def _share(confidence: float | None) -> str:
    return words.percent(confidence) if confidence else ""
