"""Verdicts in plain words: every number with its interval and n, and what follows from it."""

from collections import Counter
from collections.abc import Iterable

from registry.gates.facts import Evidence
from registry.gates.policy import BoundRequirement, EvidenceSelector, FieldRequirement, Gate
from registry.gates.results import SEVERITY

NAMES = {
    "roc_auc": "ROC AUC",
    "roc_auc_macro": "ROC AUC, macro",
    "roc_auc_weighted": "ROC AUC, weighted",
    "pr_auc": "PR AUC",
    "attack_auc": "Attack AUC",
    "mean_abs_shap": "Mean size of SHAP values",
    "f1": "F1",
    "f1_macro": "F1, macro",
    "f1_weighted": "F1, weighted",
    "mcc": "MCC",
    "mse": "MSE",
    "rmse": "RMSE",
    "mae": "MAE",
    "mape": "MAPE",
    "r2": "R²",
    "psi": "PSI",
}
RELATION = {">=": "at or above", ">": "above", "<=": "at or below", "<": "below"}
OPPOSITE = {">=": "below", ">": "at or below", "<=": "above", "<": "at or above"}
CONSEQUENCE = {"block": ": this blocks.", "review": ": a person decides.", "warn": ": a warning only.", "none": "."}
COUNTED = {
    "fail": ("fails", "fail"),
    "stale": ("is stale", "are stale"),
    "not_evaluable": ("cannot be judged", "cannot be judged"),
    "inconclusive": ("is inconclusive", "are inconclusive"),
    "waived": ("is waived", "are waived"),
    "pass": ("passes", "pass"),
    "skipped": ("is skipped", "are skipped"),
}
THRESHOLD_LENGTH = 60


def name(term: str) -> str:
    """`impact_ratio` as a reader writes it."""
    return NAMES.get(term, term.replace("_", " ").capitalize())


def group(attribute: str, group: str) -> str:
    """`AGEP below 30, SEX 1` of a group of two attributes, which evidence calls `below 30+1`; of one as it is."""
    attributes, parts = attribute.split("+"), group.split("+")
    if len(attributes) == 1 or len(attributes) != len(parts):
        return group
    return ", ".join(f"{name} {part}" for name, part in zip(attributes, parts, strict=True))


def sentence(finding: str, effect: str) -> str:
    """A finding with what follows from it."""
    return finding + CONSEQUENCE[effect]


def number(value: float, threshold: float | None = None) -> str:
    """Two decimals, or as many as it takes not to look like a threshold it does not equal."""
    digits = 2
    while threshold is not None and value != threshold and digits < 12:
        if f"{value:z.{digits}f}" != f"{threshold:z.{digits}f}":
            break
        digits += 1
    return f"{value:z.{digits}f}"


def limit(threshold: float) -> str:
    """A threshold as written: at least two decimals, never rounded."""
    return f"{threshold:.2f}" if round(threshold, 2) == threshold else repr(threshold)


def percent(share: float) -> str:
    """A share as a percentage, as short as it is exact to a tenth of a point."""
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def subject(item: Evidence) -> str:
    """What a figure is about."""
    text = name(item.metric or item.kind)
    if item.against:
        text += f" minus that of the {item.against}"
    if item.attribute:
        text += f" of {item.attribute} group {item.group}"
    return f"{text} on {item.split}" if item.split and not item.attribute else text


def measured(item: Evidence, require: BoundRequirement) -> str:
    """`Impact ratio of RAC1P group 9 is 0.78 [0.70, 0.86], n = 214`."""
    text = f"{subject(item)} is {number(item.value or 0.0, require.value)}"
    if item.low is not None and item.high is not None:
        text += f" [{number(item.low, require.value)}, {number(item.high, require.value)}]"
    return text if item.n is None else f"{text}, n = {item.n:,}"


def found(item: Evidence, require: BoundRequirement, answer: str) -> str:
    """The figure, and where it lies."""
    what = "the value" if require.bound == "point" else "the whole interval"
    where = f"{what} is {RELATION[require.op]} {limit(require.value)}"
    if answer == "fail":
        where = f"{what} is {OPPOSITE[require.op]} {limit(require.value)}"
    if answer == "inconclusive":
        where = f"the interval straddles {limit(require.value)}"
    return f"{measured(item, require)}; {where}"


def threshold(require: BoundRequirement | FieldRequirement) -> str:
    """The requirement, short enough for a table."""
    if isinstance(require, FieldRequirement):
        text = f"{require.field} is {' or '.join(plain(one) for one in require.allowed)}"
        return text if len(text) <= THRESHOLD_LENGTH else f"{text[: THRESHOLD_LENGTH - 1]}…"
    if require.bound == "point":
        return f"value {require.op} {limit(require.value)}"
    whole = "interval" if require.bound == "interval" else f"{require.bound} bound"
    return f"{percent(require.confidence or 0.0)} {whole} {require.op} {limit(require.value)}"


def rule(gate: Gate) -> str:
    """What a gate requires, and over how much at once."""
    text = threshold(gate.require)
    if gate.for_each is None or isinstance(gate.require, FieldRequirement) or gate.require.bound == "point":
        return text
    return f"{text}, each group alone" if gate.family == "none" else f"{text}, all groups together"


def plain(value: object) -> str:
    """A value as a policy writes it."""
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def tally(verdicts: Iterable[str], noun: str) -> str:
    """`1 gate fails, 2 are inconclusive`, the gravest first."""
    counts = Counter(verdicts)
    ordered = sorted(counts, key=lambda verdict: (-SEVERITY[verdict], verdict))
    parts = [f"{counts[verdict]} {COUNTED[verdict][counts[verdict] > 1]}" for verdict in ordered]
    first, rest = parts[0].split(" ", 1)
    return ", ".join([f"{first} {noun}{'s' if int(first) > 1 else ''} {rest}", *parts[1:]])


def wanted(selector: EvidenceSelector) -> str:
    """The evidence a gate looks for."""
    parts = [selector.kind.replace("_", " "), *(part for part in (selector.metric, selector.attribute) if part)]
    parts += [f"group {selector.group}"] if selector.group else []
    parts += [f"on {selector.split}"] if selector.split else []
    parts += [f"against the {selector.against}"] if selector.against else []
    return ", ".join(parts)
