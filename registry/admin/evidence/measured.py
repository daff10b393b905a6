"""Evidence under its titles, in the order in which a reviewer asks: is it better, how good, for whom, how it breaks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import show
from registry.admin.evidence import figures, groups
from registry.admin.pictures import shown
from registry.models import EvidenceItem, EvidenceSet

#: More pictures of partial dependence than this are folded: those of the features that matter least.
DEPENDENCES_SHOWN = 6
#: What evidence without an evaluation comes from, by the kind of its first item.
ORIGINS = {
    "contract_check": "data contract",
    "reproduction": "reproduction",
    "trade_off": "training",
    "curve": "training",
}
TOLD = ("comparison", "evaluation", "curve", "explanation", "trade_off", "leakage", *groups.KINDS)

_ALONE = (
    "The mean answer where one feature alone is changed; between the ends lie the answers to eight tenths of the rows."
)


def by_kind(items: Sequence[EvidenceItem]) -> Iterable[tuple[str, SafeString]]:
    """Each kind of evidence under its title."""
    for kind, title in (("comparison", "Candidate minus champion"), ("evaluation", "Performance")):
        chosen = [item for item in items if item.kind == kind]
        if chosen:
            yield title, _plain_and_grouped(chosen)
    drawn = [item for item in items if item.kind == "curve"]
    measured = [item for item in drawn if item.metric != "partial_dependence"]
    if measured:
        yield "Curves", curves(measured)
    yield from groups.sections(items)
    features = [item for item in items if item.kind == "explanation"]
    if features:
        yield "What the model goes by", shown.importance(features)
    moved = [item for item in drawn if item.metric == "partial_dependence"]
    if moved:
        yield "Partial dependence", _dependences(moved, features)
    leaks = [item for item in items if item.kind == "leakage"]
    if leaks:
        yield "Leakage", _leaks(leaks)
    traded = [dict(item.fields) for item in items if item.kind == "trade_off"]
    if traded:
        yield "Trade-off found in training", shown.trade_off(traded) or show.document(traded)
    for item in items:
        if item.kind not in TOLD:
            yield figures.name(item.kind), show.document(item.fields)


def with_origin(sets: QuerySet[EvidenceSet]) -> QuerySet[EvidenceSet]:
    """The sets, each with what `origin` asks for."""
    first = EvidenceItem.objects.filter(set=OuterRef("pk")).order_by("pk").values("kind")[:1]
    return sets.annotate(first_kind=Subquery(first))


def origin(row: EvidenceSet) -> str:
    """The work that left the evidence."""
    return "evaluation" if row.evaluation_id else ORIGINS.get(row.first_kind, "")  # type: ignore[attr-defined]


def sets(found: QuerySet[EvidenceSet]) -> SafeString:
    """Evidence with the work that left it, the newest first."""
    head = ["Evidence", "From", "On", "Root", "Recorded"]
    rows = [[one, origin(one), one.dataset_version, one.root, one.created_at] for one in with_origin(found)]
    return show.table(head, rows, empty="Nothing was measured yet.")


def summary(items: Sequence[EvidenceItem]) -> str:
    """The first figure of all rows and how many leaks are suspected, in a sentence; empty without a figure."""
    first = next(
        (item for item in items if item.kind == "evaluation" and not item.group and item.value is not None), None
    )
    if first is None:
        return ""
    interval = f" [{first.low:.3f}, {first.high:.3f}]" if first.low is not None and first.high is not None else ""
    suspects = sum(1 for item in items if item.kind == "leakage" and item.fields.get("suspect"))
    leaks = f" Leakage is suspected in {suspects} place{'s' if suspects > 1 else ''}." if suspects else ""
    return f"{figures.name(first.metric)} {first.value:.3f}{interval} on {first.n:,} rows.{leaks}"


def curves(items: Sequence[EvidenceItem]) -> SafeString:
    """Curves of all rows side by side; those of each class under its name, to be opened."""
    whole = [item for item in items if not item.group]
    classes = dict.fromkeys(item.group for item in items if item.group)
    folded = [
        show.details(f"Class {one}", shown.curves([item for item in items if item.group == one])) for one in classes
    ]
    return shown.curves(whole) + SafeString("".join(folded))


def _plain_and_grouped(items: Sequence[EvidenceItem]) -> SafeString:
    """Figures of all rows in a table; those of each class, or of each column of the data, in another."""
    grouped = [item for item in items if item.group]
    called = "Column" if any(item.attribute == figures.COLUMN for item in grouped) else "Class"
    whole = figures.plain([item for item in items if not item.group])
    return whole + groups.table(grouped, called=called) if grouped else whole


def _dependences(moved: Sequence[EvidenceItem], features: Sequence[EvidenceItem]) -> SafeString:
    """Those of the features that matter most first; the others folded."""
    sizes = {item.group: item.value or 0.0 for item in features if item.metric == "mean_abs_shap"}
    ranked = sorted(moved, key=lambda item: -sizes.get(str(item.fields.get("feature")), 0.0))
    first, rest = ranked[:DEPENDENCES_SHOWN], ranked[DEPENDENCES_SHOWN:]
    more = show.details(f"{len(rest)} more, of features that matter less", shown.curves(rest)) if rest else ""
    return format_html('<p class="note">{}</p>{}{}', _ALONE, shown.curves(first), more)


def _leaks(items: Sequence[EvidenceItem]) -> SafeString:
    """One line a check, what is suspect first."""
    ranked = sorted(items, key=lambda item: (not item.fields.get("suspect"), -(item.value or 0.0)))
    return show.table(
        ["Check", "Column", "Found", "Value", "n", "What it is", "Details"], [_leak(item) for item in ranked]
    )


def _leak(item: EvidenceItem) -> list[Any]:
    suspect = bool(item.fields.get("suspect"))
    rest: Mapping[str, Any] = {name: value for name, value in item.fields.items() if name != "suspect"}
    return [
        show.row(item, figures.name(item.metric)),
        item.group,
        show.chip("warn", "suspect") if suspect else show.chip("none", "nothing suspect"),
        item.value,
        item.n,
        item.method,
        rest or "",
    ]
