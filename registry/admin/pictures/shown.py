"""Evidence as pictures, each with its figures as a table beneath."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from audit.pages import show
from registry.admin.pictures import axes, bars, lines, matrix
from registry.admin.pictures.bars import Line
from registry.models import EvidenceItem

TRADED = ("error", "disparity")


def curves(items: Sequence[EvidenceItem]) -> SafeString:
    """Stored curves side by side."""
    return format_html('<div class="pictures">{}</div>', format_html_join("", "{}", ((one(item),) for item in items)))


def one(item: EvidenceItem) -> SafeString:
    """A stored curve under its name."""
    return figure(_title(item), picture(item.metric, item.fields), table(item.metric, item.fields))


def _title(item: EvidenceItem) -> str:
    if item.metric == "partial_dependence":
        return item.group or f"{item.fields['feature']}, {item.fields['output']}"
    name = lines.NAMES[item.metric][0] if item.metric in lines.NAMES else item.metric.replace("_", " ").capitalize()
    beside = item.group or str(item.fields.get("series", ""))
    return f"{name}, {beside}" if beside else name


def figure(title: str, drawn: SafeString, below: SafeString) -> SafeString:
    """A picture with its title, and its numbers for whom it tells nothing."""
    return format_html(
        "<figure><figcaption>{}</figcaption>{}{}</figure>", title, drawn, show.details("The numbers", below)
    )


def picture(metric: str, fields: Mapping[str, Any]) -> SafeString:
    """The picture that fits the curve; nothing for one that has none."""
    if metric == "confusion_matrix":
        return matrix.confusion(fields)
    if metric == "partial_dependence":
        return _levels(fields) if lines.is_named(fields) else lines.dependence(fields)
    if "points" in fields:
        return lines.traced(fields)
    return lines.curve(metric, fields) if metric in lines.NAMES else axes.empty("")


def _levels(fields: Mapping[str, Any]) -> SafeString:
    """Partial dependence on a category: a dot a level, between a tenth and nine tenths of the rows' own."""
    spread = fields["quantiles"]["0.1"], fields["quantiles"]["0.9"]
    levels = [
        Line(f"{level:g}" if isinstance(level, int | float) else str(level), mean, low, high)
        for level, mean, low, high in zip(fields["grid"], fields["mean"], *spread, strict=True)
    ]
    title = f"Partial dependence on {fields['feature']}, {len(levels)} levels; the table below has them."
    return bars.dots(title, levels)


def table(metric: str, fields: Mapping[str, Any]) -> SafeString:
    """The numbers behind the picture."""
    if metric == "confusion_matrix":
        head = ["Truly", *(f"decided {name}" for name in fields["classes"])]
        rows = zip(fields["classes"], fields["counts"], strict=True)
        return show.table(head, [[name, *counts] for name, counts in rows])
    if metric == "partial_dependence":
        spread = fields["quantiles"]
        columns = [fields["grid"], fields["mean"], *(spread[key] for key in sorted(spread))]
        head = [str(fields["feature"]), "Mean", *(f"{float(key):.0%} of rows below" for key in sorted(spread))]
        return show.table(head, zip(*columns, strict=True))
    if "points" in fields:
        return show.table([name.capitalize() for name in (fields["x"], *lines.traces(fields))], fields["points"])
    if "columns" not in fields:
        return show.document(fields)
    named = fields["columns"]
    return show.table([name.replace("_", " ").capitalize() for name in named], zip(*named.values(), strict=True))


def importance(items: Sequence[EvidenceItem]) -> SafeString:
    """Figures of features as bars, a picture for each metric."""
    found = []
    for metric in dict.fromkeys(item.metric for item in items):
        ranked = sorted((item for item in items if item.metric == metric), key=lambda item: -(item.value or 0.0))
        found.append(bar_figure(WORDS.get(metric, metric), [_line(item) for item in ranked]))
    return side_by_side(found)


def bar_figure(title: str, found: Sequence[Line]) -> SafeString:
    """Named values as bars."""
    if not found:
        return mark_safe("")
    rows = [[line.name, show.interval(line.value, line.low, line.high)] for line in found]
    return figure(
        title, bars.bars(f"{title}; the table below has every value.", found), show.table(["", "Value"], rows)
    )


def groups(title: str, found: Sequence[Line], *, mark: float | None = None) -> SafeString:
    """Figures of groups as dots with their intervals; the table that follows has every value."""
    drawn = bars.dots(f"{title}; the table below has every value.", found, mark=mark)
    return format_html("<figure><figcaption>{}</figcaption>{}</figure>", title, drawn)


def trade_off(entries: Sequence[Mapping[str, Any]]) -> SafeString:
    """Error against disparity, a point for each candidate; the chosen one is marked."""
    known = [one for one in entries if all(isinstance(one.get(key), int | float) for key in TRADED)]
    if not known:
        return mark_safe("")
    xs, ys = [one["disparity"] for one in known], [one["error"] for one in known]
    frame = axes.axes(xs, ys, ("Disparity", "Error"))
    points = [
        lines.dot(*frame.place((one["disparity"], one["error"])), "dot-chosen" if one.get("chosen") else "dot")
        for one in sorted(known, key=lambda one: bool(one.get("chosen")))
    ]
    words = f"Trade-off of {len(known)} candidates; the table below has every one."
    head = ["Candidate", "Kind", "Rows", "Error", "Disparity", "Chosen"]
    keys = ("candidate", "kind", "split", "error", "disparity", "chosen")
    return figure(
        "Error against disparity",
        axes.drawn(frame, words, points),
        show.table(head, [[one.get(key) for key in keys] for one in known]),
    )


WORDS = {
    "mean_abs_shap": "Mean size of SHAP values",
    "permutation_importance": "Increase of the loss when shuffled",
}


def _line(item: EvidenceItem) -> Line:
    return Line(item.group, item.value or 0.0, item.low, item.high)


def side_by_side(found: Iterable[SafeString]) -> SafeString:
    """Pictures in a row, as many as there is room for."""
    return format_html('<div class="pictures">{}</div>', format_html_join("", "{}", ((one,) for one in found)))
