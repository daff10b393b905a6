"""Evidence as tables of a document: the newest figure of each kind, with its interval, its n and its record."""

from collections.abc import Iterable, Sequence

from registry.documents import parts
from registry.gates import words
from registry.models import EvidenceItem, ModelVersion
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
_KINDS = frozenset({"evaluation", "comparison", "fairness", "contract_check"})


def newest(version: ModelVersion) -> list[EvidenceItem]:
    """What is known about a version now: of figures measured in the same way on the same data the newest."""
    found: dict[tuple[str, ...], EvidenceItem] = {}
    for item in sorted(gating.evidence_about(version), key=lambda item: (item.set.created_at, item.pk)):
        found[_what(item)] = item
    return sorted(found.values(), key=_what)


def accuracy(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """How well it answers."""
    return parts.table("Performance", _COLUMNS, _rows(_of(items, "evaluation"), sources))


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


def other(items: Sequence[EvidenceItem], sources: Sources) -> Iterable[parts.Part]:
    """Robustness, calibration, reproduction and whatever else was measured, a table for each kind."""
    rest = [item for item in items if item.kind not in _KINDS]
    for kind in dict.fromkeys(item.kind for item in rest):
        yield parts.table(words.name(kind), _COLUMNS, _rows([one for one in rest if one.kind == kind], sources))


def contracts(items: Sequence[EvidenceItem], sources: Sources) -> parts.Part:
    """What the data's contract said."""
    rows = [
        {
            "verdict": item.fields.get("verdict"),
            "n": item.n,
            "violations": item.fields.get("violations"),
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
            "group": item.group,
            "value": parts.figure(item.value, item.low, item.high),
            "n": item.n,
            "confidence": words.percent(item.confidence) if item.confidence else "",
            "rows": item.split,
            "method": item.method,
            "note": _note(item),
            "record": sources.cite(item),
        }


def _note(item: EvidenceItem) -> str:
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
    )
