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
    """Partial dependence: the mean answer, within a tenth and nine tenths of the rows' own."""
    grid, low, high = fields["grid"], fields["quantiles"]["0.1"], fields["quantiles"]["0.9"]
    named = not all(isinstance(value, int | float) for value in grid)
    xs = [float(place) for place in range(len(grid))] if named or fields["type"] == "categorical" else grid
    frame = axes.axes(xs, [*fields["mean"], *low, *high], (str(fields["feature"]), str(fields["output"]).capitalize()))
    band = frame.path([*zip(xs, low, strict=True), *reversed(list(zip(xs, high, strict=True)))]) + "Z"
    parts = [
        axes.stroke(band, "band"),
        axes.stroke(frame.path(zip(xs, fields["mean"], strict=True))),
        *_dots(frame, xs, fields["mean"]),
    ]
    title = f"Partial dependence on {fields['feature']}, {len(grid)} values; the table below has them."
    return axes.drawn(frame, title, parts)


def _whiskers(frame: Axes, xs: Sequence[float], columns: Mapping[str, Sequence[float]]) -> list[SafeString]:
    ends = zip(xs, columns["low"], columns["high"], strict=True)
    return [axes.stroke(frame.path([(x, low), (x, high)]), "whisker") for x, low, high in ends]


def _dots(frame: Axes, xs: Sequence[float], ys: Sequence[float]) -> list[SafeString]:
    return [dot(*frame.place(point)) for point in zip(xs, ys, strict=True)]


def dot(x: float, y: float, kind: str = "dot") -> SafeString:
    """A point in a picture."""
    return axes.format_html('<circle class="picture-{}" cx="{}" cy="{}" r="3.5"/>', kind, f"{x:g}", f"{y:g}")
