"""One line a name: bars from nought, or dots, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.pictures import axes
from registry.admin.pictures.lines import dot

LABELS_AT_MOST, LETTER, PLOT, ROW, EDGE, FOOT = 190, 7, 264, 24, 16, 30
AT_MOST = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A named value with its interval, where it has one."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None


def bars(title: str, lines: Sequence[Line]) -> SafeString:
    """Bars to either side of nought, the first thirty."""
    shown = list(lines)[:AT_MOST]
    scale = _Scale.of(shown, nought=True)
    parts = _ticks(scale, len(shown))
    for place, line in enumerate(shown):
        top = EDGE + place * ROW
        start, end = sorted((scale.at(0.0), scale.at(line.value)))
        kind = "bar" if line.value >= 0 else "bar-less"
        parts.append(
            format_html(
                '<rect class="picture-{}" x="{}" y="{}" width="{}" height="{}"/>',
                kind, f"{start:g}", top + 4, f"{max(end - start, 0.5):g}", ROW - 9,
            )
        )  # fmt: skip
        parts += _interval(scale, line, top)
    return _whole(title, shown, parts, scale.left)


def dots(title: str, lines: Sequence[Line], *, mark: float | None = None) -> SafeString:
    """Dots with their intervals, the first thirty, and a line at what would be even."""
    shown = list(lines)[:AT_MOST]
    scale = _Scale.of(shown, nought=False, mark=mark)
    parts = _ticks(scale, len(shown))
    if mark is not None:
        x = scale.at(mark)
        parts.append(axes.stroke(f"M{x:g} {EDGE}V{EDGE + ROW * len(shown)}", "chance"))
    for place, line in enumerate(shown):
        top = EDGE + place * ROW
        parts += [*_interval(scale, line, top), dot(scale.at(line.value), top + ROW / 2)]
    return _whole(title, shown, parts, scale.left)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places; `left` is the room that the names take."""

    low: float
    high: float
    left: int

    @classmethod
    def of(cls, lines: Sequence[Line], *, nought: bool, mark: float | None = None) -> "_Scale":
        ends = [end for line in lines for end in (line.value, line.low, line.high) if end is not None]
        ends += [0.0] if nought else []
        ends += [mark] if mark is not None else []
        low, high = min(ends), max(ends)
        air = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
        left = min(LABELS_AT_MOST, 16 + LETTER * max(len(line.name) for line in lines))
        if nought:
            return cls(low - air if low < 0.0 else 0.0, high + air if high > 0.0 or low == 0.0 else 0.0, left)
        return cls(low - air, high + air, left)

    def at(self, value: float) -> float:
        return round(self.left + (value - self.low) / (self.high - self.low) * PLOT, 1)


def _ticks(scale: _Scale, rows: int) -> list[SafeString]:
    foot = EDGE + rows * ROW
    drawn = []
    for value in axes.ticks(scale.low, scale.high):
        x = scale.at(value)
        drawn += [axes.stroke(f"M{x:g} {EDGE}V{foot}", "grid"), axes.text(f"{value + 0.0:.6g}", x, foot + 16)]
    return drawn


def _interval(scale: _Scale, line: Line, top: int) -> list[SafeString]:
    if line.low is None or line.high is None:
        return []
    middle = top + ROW // 2
    return [axes.stroke(f"M{scale.at(line.low):g} {middle}H{scale.at(line.high):g}", "whisker")]


def _whole(title: str, lines: Sequence[Line], parts: Sequence[SafeString], left: int) -> SafeString:
    names = [
        axes.text(_short(line.name), left - 8, EDGE + place * ROW + ROW // 2 + 4, anchor="end", kind="label")
        for place, line in enumerate(lines)
    ]
    size = left + PLOT + 24, EDGE + ROW * len(lines) + FOOT
    return axes.svg(title, size, [*parts, *names])


def _short(name: str) -> str:
    return name if len(name) <= 26 else f"{name[:25]}…"
