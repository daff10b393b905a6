"""What is known about a model version: its newest figures and curves, the work on it, what goes in and comes out."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import show
from audit.pages.records import Section
from registry.admin import jobs
from registry.admin.evidence import measured
from registry.models import Evaluation, EvidenceItem, ModelVersion

SHOWN = 10
#: Of levels that a column may have, so many are named.
LEVELS_SHOWN = 24


def figures(row: ModelVersion) -> Iterable[Section]:
    """How good it was when it was measured last, and the newest curves; nothing before it was measured."""
    for kind in ("evaluation", "curve"):
        newest = _newest(row, kind)
        if newest is None:
            continue
        items = newest.evidence_set.items.filter(kind=kind).exclude(metric="partial_dependence")
        note = format_html(
            "{}, {}. {} has all that was measured.",
            show.moment(newest.finished_at),
            newest.get_split_display(),
            show.row(newest, "The evaluation"),
        )
        for title, body in measured.by_kind(list(items)):
            yield Section(title, body, note)


def work(row: ModelVersion) -> Section:
    """Evaluations, explanations and reproductions, under way and over, the newest first."""
    made = [
        *row.evaluations.select_related("model_version__model", "dataset_version__dataset", "requested_by")[:SHOWN],
        *row.explanations.select_related("model_version__model", "requested_by")[:SHOWN],
        *row.run.reproductions.select_related("run__model", "requested_by")[:SHOWN],
    ]
    lines = [
        [one._meta.verbose_name, one, show.state(one), one.requested_by, one.started_at, jobs.took(one), one.failure]
        for one in sorted(made, key=lambda one: one.created_at, reverse=True)
    ]
    head = ["Kind", "Record", "State", "Asked by", "Started", "Took", "Why not"]
    return Section("Work on it", show.table(head, lines, empty="Nobody has had it measured, explained or done again."))


def schema(row: ModelVersion) -> Iterable[Section]:
    """The columns that it takes and gives, with the values that it has seen."""
    inputs = [[one["name"], one.get("type", "numeric"), _values(one)] for one in row.input_schema]
    yield Section("Input", show.table(["Column", "Type", "Seen in training"], inputs), folded=len(inputs) > 20)
    outputs = [[one["name"], one.get("type"), _values(one)] for one in row.output_schema]
    yield Section("Output", show.table(["Name", "Type", "Values"], outputs, empty="Its outputs are not described."))


def _newest(row: ModelVersion, kind: str) -> Evaluation | None:
    """The newest evaluation that left evidence of this kind about all rows."""
    found = EvidenceItem.objects.filter(kind=kind, set__model_version=row).exclude(metric="partial_dependence")
    sets = found.filter(set__evaluation__isnull=False).values("set__evaluation")
    return row.evaluations.filter(pk__in=sets).select_related("evidence_set").order_by("-pk").first()


def _values(column: Mapping[str, Any]) -> SafeString | str:
    """A range, or the levels."""
    least, most = column.get("minimum"), column.get("maximum")
    levels = column.get("allowed", column.get("values", column.get("classes")))
    if levels:
        rest = len(levels) - LEVELS_SHOWN
        return ", ".join(map(str, levels[:LEVELS_SHOWN])) + (f" and {rest} more" if rest > 0 else "")
    if "width" in column:
        return f"{column['width']} by {column['height']} pixels, {column['mode']}"
    return "" if least is None and most is None else f"{_plain(least)} to {_plain(most)}"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else show.NOTHING
