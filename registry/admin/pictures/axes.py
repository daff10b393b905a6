"""A picture's frame: from values to places, with ticks that people can read."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 340, 270
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 14, 46
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axes:
    """The ranges that a picture shows, and what stands at its axes."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_name: str
    y_name: str

    def place(self, point: Point) -> Point:
        """Where a value stands, in the picture's units, to a tenth of one."""
        across = (point[0] - self.x[0]) / (self.x[1] - self.x[0])
        up = (point[1] - self.y[0]) / (self.y[1] - self.y[0])
        inside = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return round(LEFT + across * inside[0], 1), round(TOP + (1 - up) * inside[1], 1)

    def path(self, points: Iterable[Point]) -> str:
        """The points as a path's data."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in map(self.place, points))


def axes(xs: Sequence[float], ys: Sequence[float], names: tuple[str, str], *, unit: bool = False) -> Axes:
    """Axes that hold all the values: from 0 to 1 where both are shares, else with a little air."""
    if unit:
        return Axes((0.0, 1.0), (0.0, 1.0), *names)
    return Axes(_range(xs), _range(ys), *names)


def drawn(frame: Axes, title: str, parts: Iterable[SafeString]) -> SafeString:
    """The whole picture: grid, ticks, names of the axes, and what is drawn in it."""
    return svg(
        title,
        (WIDTH, HEIGHT),
        [*_grid(frame), *parts, _name(frame.x_name, WIDTH // 2 + 20, HEIGHT - 8), _upright(frame.y_name)],
    )


def svg(title: str, size: tuple[int, int], parts: Iterable[SafeString]) -> SafeString:
    """A picture of this size that says in words what it shows."""
    inner = format_html_join("", "{}", ((part,) for part in parts))
    return format_html(
        '<svg class="picture" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>',
        *size,
        title,
        inner,
    )


def text(words: str, x: float, y: float, *, anchor: str = "middle", kind: str = "tick") -> SafeString:
    """A word in a picture."""
    return format_html(
        '<text class="picture-{}" x="{}" y="{}" text-anchor="{}">{}</text>', kind, f"{x:g}", f"{y:g}", anchor, words
    )


def stroke(data: str, kind: str = "line") -> SafeString:
    """A line in a picture."""
    return format_html('<path class="picture-{}" d="{}"/>', kind, data)


def ticks(low: float, high: float) -> list[float]:
    """Four to eight round values between the two."""
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 2.5, 5, 10) if one * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def _grid(frame: Axes) -> Iterable[SafeString]:
    for value in ticks(*frame.x):
        x, _ = frame.place((value, frame.y[0]))
        yield stroke(f"M{x:g} {TOP}V{HEIGHT - BOTTOM}", "grid")
        yield text(_said(value), x, HEIGHT - BOTTOM + 16)
    for value in ticks(*frame.y):
        _, y = frame.place((frame.x[0], value))
        yield stroke(f"M{LEFT} {y:g}H{WIDTH - RIGHT}", "grid")
        yield text(_said(value), LEFT - 6, y + 4, anchor="end")


def _name(words: str, x: int, y: int) -> SafeString:
    return text(words, x, y, kind="name")


def _upright(words: str) -> SafeString:
    middle = (HEIGHT - BOTTOM + TOP) // 2
    return format_html(
        '<text class="picture-name" transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}</text>',
        middle,
        words,
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known), max(known)
    air = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return low - air, high + air


def _said(value: float) -> str:
    return f"{value + 0.0:.6g}" if abs(value) < 1e6 else f"{value:.1e}"


def empty(words: str) -> SafeString:
    """Said where there is nothing to draw."""
    return format_html('<p class="empty">{}</p>', words) if words else mark_safe("")
