"""Measured figures as tables: performance by metric, fairness by group, a comparison as differences."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.gates import words
from registry.models import EvidenceItem

#: Where less is better, a difference below nought is an improvement.
LOWER_IS_BETTER = frozenset({"brier", "log_loss", "calibration_error", "rmse", "mae"})
KINDS = ("comparison", "evaluation", "fairness", "contract_check")
GROUP_METRICS = ("impact_ratio", "selection_rate", "true_positive_rate", "false_positive_rate")


def name(metric: str) -> str:
    """A metric as a reader writes it."""
    return words.name(metric) if metric else ""


def by_kind(items: Sequence[EvidenceItem]) -> Iterable[tuple[str, SafeString]]:
    """Each kind of evidence under its title, in the order in which a reviewer asks."""
    for kind, title in (("comparison", "Candidate minus champion"), ("evaluation", "Performance")):
        chosen = [item for item in items if item.kind == kind]
        if chosen:
            yield title, plain(chosen)
    fair = [item for item in items if item.kind == "fairness"]
    for attribute in dict.fromkeys(item.attribute for item in fair):
        yield (
            f"Fairness by {attribute.replace('+', ' and ')}",
            by_group([one for one in fair if one.attribute == attribute]),
        )
    rest = [item for item in items if item.kind not in ("comparison", "evaluation", "fairness")]
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
    metrics = [metric for metric in GROUP_METRICS if any(item.metric == metric for item in grouped)]
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
    return None


def _share(confidence: float | None) -> str:
    return words.percent(confidence) if confidence else ""
