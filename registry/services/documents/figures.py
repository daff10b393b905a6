"""Evidence as tables of a document: the newest figure of each kind, with its interval, its n and its record."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry.documents import parts
from registry.gates import words
from registry.models import EvidenceItem, Explanation, ModelVersion
from registry.services.approvals import gating
from registry.services.documents.sources import Sources

_COLUMNS = {
    "metric": "Metric",
    "value": "Value and interval",
    "n": "n",
    "confidence": "Confidence",
    "rows": "Rows",
    "method": "Method",
    "note": "Note",
}
_GROUP_COLUMNS = {"group": "Group", **{name: title for name, title in _COLUMNS.items() if name != "metric"}}
#: Evidence of which one measurement leaves several with the same name, and what tells them apart.
_PARTED, _PART = ("trade_off", "curve"), ("candidate", "split", "series")
#: What has a table of its own; every other kind has one by its name.
_TOLD = frozenset(
    {"evaluation", "comparison", "fairness", "slice", "explanation", "curve", "trade_off"}
    | {"contract_check", "personal_data"}
)


def newest(version: ModelVersion) -> list[EvidenceItem]:
    """What is known about a version now: of figures measured in the same way on the same data the newest."""
    found: dict[tuple[str, ...], EvidenceItem] = {}
    for item in sorted(gating.evidence_about(version), key=lambda item: (item.set.created_at, item.pk)):
        found[_what(item)] = item
    return sorted(found.values(), key=_what)


def accuracy(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """How well it answers, over all rows."""
    whole = [item for item in _of(items, "evaluation") if not item.group]
    return parts.table("Performance", _COLUMNS, _rows(whole, sources))


def classes(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """How well it tells each of several classes."""
    found = [item for item in _of(items, "evaluation") if item.group]
    return parts.table("Performance by class", {"group": "Class", **_COLUMNS}, _rows(found, sources))


def confusion(items: Sequence[EvidenceItem], sources: Sources) -> Iterable[parts.Part]:
    """How many rows of each class were decided as which."""
    for item in (one for one in _of(items, "curve") if one.metric == "confusion_matrix"):
        names = list(item.fields["classes"])
        columns = {"truth": "Truly", **{f"as_{place}": f"Decided {name}" for place, name in enumerate(names)}}
        rows = [
            {
                "truth": str(name),
                **{f"as_{place}": count for place, count in enumerate(counts)},
                "record": sources.cite(item),
            }
            for name, counts in zip(names, item.fields["counts"], strict=True)
        ]
        yield parts.table("Confusion matrix", columns, rows)


def comparison(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """How it differs from the version that served when it was measured, on the same rows."""
    return parts.table("Difference to the champion", _COLUMNS, _rows(_of(items, "comparison"), sources))


def groups(items: Sequence[EvidenceItem], sources: Sources) -> Iterable[parts.Part]:
    """One table for each attribute and metric; figures over all groups of an attribute stand by themselves."""
    fair = _of(items, "fairness")
    for attribute, metric in dict.fromkeys((item.attribute, item.metric) for item in fair if item.group):
        chosen = [one for one in fair if (one.attribute, one.metric) == (attribute, metric) and one.group]
        title = f"{words.name(metric)} by {attribute.replace('+', ' and ')}"
        yield parts.table(title, _GROUP_COLUMNS, _rows(chosen, sources))
    overall = [item for item in fair if not item.group]
    columns = {"attribute": "Attribute", **_COLUMNS}
    yield parts.table("Over all groups of an attribute", columns, _rows(overall, sources))


def slices(items: Sequence[EvidenceItem], sources: Sources) -> Iterable[parts.Part]:
    """How well it answers for parts of the rows, one table for each way to divide them."""
    found = _of(items, "slice")
    for attribute in dict.fromkeys(item.attribute for item in found):
        chosen = [one for one in found if one.attribute == attribute]
        title = f"Performance by {attribute.replace('+', ' and ')}"
        yield parts.table(title, {"group": "Rows of", **_COLUMNS}, _rows(chosen, sources))


def other(items: Sequence[EvidenceItem], sources: Sources) -> Iterable[parts.Part]:
    """Robustness, attacks, leakage, reproduction and whatever else was measured, a table for each kind."""
    rest = [item for item in items if item.kind not in _TOLD]
    for kind in dict.fromkeys(item.kind for item in rest):
        chosen = [one for one in rest if one.kind == kind]
        beside = {"attribute": "What", "group": "How much, or where"} if any(one.group for one in chosen) else {}
        yield parts.table(words.name(kind), {**beside, **_COLUMNS}, _rows(chosen, sources))


def explanations(items: Sequence[EvidenceItem], sources: Sources) -> Iterable[parts.Part]:
    """What it goes by, the weightiest feature first, one table for each way to ask."""
    found = _of(items, "explanation")
    for metric in dict.fromkeys(item.metric for item in found):
        chosen = sorted((one for one in found if one.metric == metric), key=lambda one: -(one.value or 0.0))
        columns = {**_GROUP_COLUMNS, "group": "Feature"}
        yield parts.table(words.name(metric), columns, _rows(chosen, sources))


def importance(explanation: Explanation, sources: Sources) -> parts.Part:
    """What an explanation in general found each feature to weigh."""
    record = sources.cite(explanation)
    rows = [
        {"feature": one["feature"], "value": parts.figure(one["value"], one["low"], one["high"]), "record": record}
        for one in explanation.content.get("importance", [])
    ]
    columns = {"feature": "Feature", "value": "Mean size of SHAP values"}
    return parts.table("By the newest explanation of the version", columns, rows)


def trade_off(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """What fairness each candidate of a mitigation reached, and at what price."""
    columns = {
        "candidate": "Candidate",
        "kind": "Kind",
        "split": "Rows",
        "error": "Error",
        "disparity": "Disparity",
        "chosen": "Chosen",
    }
    rows = [
        {
            **{name: item.fields.get(name) for name in ("candidate", "split", "chosen")},
            "kind": str(item.fields.get("kind", "")).replace("_", " "),
            **{name: parts.figure(item.fields.get(name), None, None) for name in ("error", "disparity")},
            "record": sources.cite(item),
        }
        for item in _of(items, "trade_off")
    ]
    return parts.table("Fairness against error, of each candidate", columns, rows)


def personal(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """Which columns seem to hold personal data; never an example."""
    rows = [
        {
            "column": item.attribute,
            "kinds": ", ".join(sorted(item.fields.get("kinds", []))).replace("_", " "),
            "purpose": item.fields.get("purpose"),
            "record": sources.cite(item),
        }
        for item in _of(items, "personal_data")
    ]
    columns = {"column": "Column", "kinds": "Seems to hold", "purpose": "Held for"}
    return parts.table("Personal data", columns, rows)


def contracts(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """What the data's contract said."""
    rows = [
        {
            "verdict": item.fields.get("verdict"),
            "n": item.n,
            "violations": [_violation(one) for one in item.fields.get("violations") or []],
            "record": sources.cite(item),
        }
        for item in _of(items, "contract_check")
    ]
    return parts.table("Data contract", {"verdict": "Verdict", "n": "Rows", "violations": "Violations"}, rows)


def bound(items: Iterable[EvidenceItem], sources: Sources) -> parts.Part:
    """Figures of every kind in one table, as a decision is bound to them."""
    columns = {"kind": "Kind", "attribute": "Attribute", "group": "Group", **_COLUMNS}
    return parts.table("Evidence that the decision is bound to", columns, _rows(items, sources))


def _of(items: Iterable[EvidenceItem], kind: str) -> list[EvidenceItem]:
    return [item for item in items if item.kind == kind]


def _rows(items: Iterable[EvidenceItem], sources: Sources) -> Iterable[dict[str, parts.Cell]]:
    for item in items:
        yield {
            "kind": words.name(item.kind),
            "metric": words.name(item.metric) if item.metric else "",
            "attribute": item.attribute,
            "group": words.group(item.attribute, item.group),
            "value": parts.figure(item.value, item.low, item.high),
            "n": item.n,
            "confidence": words.percent(item.confidence) if item.confidence else "",
            "rows": item.split,
            "method": item.method,
            "note": _note(item),
            "record": sources.cite(item),
        }


def _violation(one: Mapping[str, Any]) -> str:
    """What was broken, without examples: a document goes to people who may not see the data."""
    return f"{one['column'] or 'all columns'}: {one['rule'].replace('_', ' ')} ({one['count']} rows, {one['severity']})"


def _note(item: EvidenceItem) -> str:
    if item.fields.get("suspect"):
        return "suspect"
    if item.fields.get("excluded"):
        return "too few rows to be judged"
    if item.value is None:
        return str(item.fields.get("reason") or item.fields.get("verdict") or "")
    return ""


def _what(item: EvidenceItem) -> tuple[str, ...]:
    set_ = item.set
    return (
        *(item.kind, item.attribute, item.metric, item.group, item.split, item.against),
        *(set_.dataset_digest, set_.against_digest),
        *(str(item.fields.get(name, "")) for name in _PART if item.kind in _PARTED),
    )
