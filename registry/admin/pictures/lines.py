"""Curves: one value against another, with the line that chance or truth would follow, and a band where there is one."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString

from registry.admin.pictures import axes
from registry.admin.pictures.axes import Axes

NAMES = {
    "roc": ("ROC curve", "False positive rate", "True positive rate"),
    "precision_recall": ("Precision and recall", "Recall", "Precision"),
    "gain": ("Gain", "Share of rows taken", "Share of positives found"),
    "calibration": ("Calibration", "Mean probability", "Share that came true"),
    "residuals": ("True against predicted", "Mean predicted", "Mean true"),
}
DIAGONAL = ("roc", "gain", "calibration", "residuals")
POINTED = ("calibration", "residuals")


def curve(metric: str, fields: Mapping[str, Any]) -> SafeString:
    """A stored curve as a picture."""
    title, x_name, y_name = NAMES[metric]
    columns = fields["columns"]
    xs, ys = columns[fields["x"]], columns[fields["y"]]
    banded = [*columns.get("low", ()), *columns.get("high", ())]
    shared = [*xs, *ys, *banded]
    if metric == "residuals":
        frame = axes.axes(shared, shared, (x_name, y_name))
    else:
        frame = axes.axes(xs, ys, (x_name, y_name), unit=True)
    parts = [axes.stroke(frame.path([(frame.x[0], frame.x[0]), (frame.x[1], frame.x[1])]), "chance")] if (
        metric in DIAGONAL
    ) else []  # fmt: skip
    if metric == "precision_recall" and "positives" in fields:
        parts.append(axes.stroke(frame.path([(0.0, fields["positives"]), (1.0, fields["positives"])]), "chance"))
    if banded:
        parts += _whiskers(frame, xs, columns)
    parts.append(axes.stroke(frame.path(zip(xs, ys, strict=True))))
    parts += _dots(frame, xs, ys) if metric in POINTED else []
    return axes.drawn(frame, f"{title}, {len(xs)} points; the table below has them.", parts)


def dependence(fields: Mapping[str, Any]) -> SafeString:
    """Partial dependence on a number: the mean answer, within a tenth and nine tenths of the rows' own."""
    grid, low, high = fields["grid"], fields["quantiles"]["0.1"], fields["quantiles"]["0.9"]
    frame = axes.axes(grid, [*fields["mean"], *low, *high], (str(fields["feature"]), _capital(fields["output"])))
    band = frame.path([*zip(grid, low, strict=True), *reversed(list(zip(grid, high, strict=True)))]) + "Z"
    parts = [
        axes.stroke(band, "band"),
        axes.stroke(frame.path(zip(grid, fields["mean"], strict=True))),
        *_dots(frame, grid, fields["mean"]),
    ]
    title = f"Partial dependence on {fields['feature']}, {len(grid)} values; the table below has them."
    return axes.drawn(frame, title, parts)


def is_named(fields: Mapping[str, Any]) -> bool:
    """Whether a partial dependence is on levels, between which nothing lies: codes are no distances."""
    return fields["type"] == "categorical" or not all(isinstance(value, int | float) for value in fields["grid"])


def traced(fields: Mapping[str, Any]) -> SafeString:
    """What a fit left to be drawn: one line a value, named at its end, and where something was chosen."""
    xs, names = [point[0] for point in fields["points"]], traces(fields)
    values = [[point[place] for point in fields["points"]] for place in range(1, len(names) + 1)]
    if not xs:
        return axes.empty("It has no points.")
    frame = axes.axes(
        xs, [value for line in values for value in line], (_capital(fields["x"]), _capital(", ".join(names)))
    )
    parts = [axes.stroke(_upright(frame, fields["chosen"]), "chance")] if "chosen" in fields else []
    for place, (name, line) in enumerate(zip(names, values, strict=True)):
        parts.append(axes.stroke(frame.path(zip(xs, line, strict=True)), "line-second" if place else "line"))
        x, y = frame.place((xs[0], line[0]))
        parts.append(axes.text(name, x + 4, y - 6, anchor="start", kind="label"))
    return axes.drawn(frame, f"{', '.join(names)} by {fields['x']}; the table below has every point.", parts)


def traces(fields: Mapping[str, Any]) -> list[str]:
    """The names of the values at each point."""
    return [fields["y"]] if isinstance(fields["y"], str) else list(fields["y"])


def _upright(frame: Axes, x: float) -> str:
    return frame.path([(x, frame.y[0]), (x, frame.y[1])])


def _capital(words: object) -> str:
    text = str(words)
    return text[:1].upper() + text[1:]


def _whiskers(frame: Axes, xs: Sequence[float], columns: Mapping[str, Sequence[float]]) -> list[SafeString]:
    ends = zip(xs, columns["low"], columns["high"], strict=True)
    return [axes.stroke(frame.path([(x, low), (x, high)]), "whisker") for x, low, high in ends]


def _dots(frame: Axes, xs: Sequence[float], ys: Sequence[float]) -> list[SafeString]:
    return [dot(*frame.place(point)) for point in zip(xs, ys, strict=True)]


def dot(x: float, y: float, kind: str = "dot") -> SafeString:
    """A point in a picture."""
    return axes.format_html('<circle class="picture-{}" cx="{}" cy="{}" r="3.5"/>', kind, f"{x:g}", f"{y:g}")
