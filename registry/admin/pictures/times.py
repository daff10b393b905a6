"""Values over time, each with its interval: a line at the limit, and a mark at what rang."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.pictures import axes
from registry.admin.pictures.lines import dot

WIDTH, HEIGHT = 640, 260
LEFT, RIGHT, TOP, BOTTOM = 58, 16, 14, 46
TICKS_AT_MOST = 8
MINUTE, HOUR, DAY = 60, 3_600, 86_400
STEPS = (
    *(MINUTE * count for count in (1, 2, 5, 10, 15, 30)),
    *(HOUR * count for count in (1, 2, 3, 6, 12)),
    *(DAY * count for count in (1, 2, 7, 14, 28, 91, 182, 365)),
)


@dataclass(frozen=True, slots=True)
class Look:
    """A value at a moment, with its interval where it has one; `rang` is drawn so that nobody misses it."""

    at: datetime
    value: float
    low: float | None = None
    high: float | None = None
    rang: bool = False


def history(title: str, name: str, looks: Sequence[Look], *, limit: float | None = None) -> SafeString:
    """The looks from left to right as they came, a dashed line at the limit; in a box of its own that scrolls."""
    frame = _Frame.of(looks, limit)
    parts = [*_grid(frame), *_limit(frame, limit), axes.stroke(_path(frame, looks))]
    for look in looks:
        parts += _drawn(frame, look)
    first, last = looks[0].at.astimezone(UTC), looks[-1].at.astimezone(UTC)
    parts.append(axes.text(f"{_day(first)} to {_day(last)}, UTC", (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, kind="name"))
    parts.append(_upright(name))
    return format_html(
        '<div class="scroll scroll-newest" tabindex="0">{}</div>', axes.svg(title, (WIDTH, HEIGHT), parts)
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """From moments and values to places."""

    start: float
    end: float
    low: float
    high: float

    @classmethod
    def of(cls, looks: Sequence[Look], limit: float | None) -> "_Frame":
        moments = [look.at.timestamp() for look in looks]
        ends = [end for look in looks for end in (look.value, look.low, look.high) if end is not None]
        known = [end for end in [*ends, *([] if limit is None else [limit])] if math.isfinite(end)]
        low, high = min(known), max(known)
        air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
        aside = (moments[-1] - moments[0]) * 0.03 or HOUR / 2
        return cls(moments[0] - aside, moments[-1] + aside, low - air, high + air)

    def x(self, moment: float) -> float:
        return round(LEFT + (moment - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """An end that is infinite stands at the edge."""
        inside = min(max(value, self.low), self.high)
        return round(TOP + (self.high - inside) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM), 1)


def _grid(frame: _Frame) -> list[SafeString]:
    drawn = []
    for value in axes.ticks(frame.low, frame.high):
        y = frame.y(value)
        drawn += [axes.stroke(f"M{LEFT} {y:g}H{WIDTH - RIGHT}", "grid"), _number(value, y)]
    step = next((one for one in STEPS if (frame.end - frame.start) / one <= TICKS_AT_MOST), STEPS[-1])
    for place in range(math.ceil(frame.start / step), math.floor(frame.end / step) + 1):
        x = frame.x(place * step)
        words = datetime.fromtimestamp(place * step, UTC).strftime("%-d %b" if step >= DAY else "%H:%M")
        drawn += [axes.stroke(f"M{x:g} {TOP}V{HEIGHT - BOTTOM}", "grid"), axes.text(words, x, HEIGHT - BOTTOM + 16)]
    return drawn


def _limit(frame: _Frame, limit: float | None) -> list[SafeString]:
    if limit is None:
        return []
    y = frame.y(limit)
    return [
        axes.stroke(f"M{LEFT} {y:g}H{WIDTH - RIGHT}", "chance"),
        axes.text("limit", WIDTH - RIGHT - 4, y - 5, anchor="end"),
    ]


def _drawn(frame: _Frame, look: Look) -> list[SafeString]:
    x, parts = frame.x(look.at.timestamp()), []
    if look.low is not None and look.high is not None:
        parts.append(axes.stroke(f"M{x:g} {frame.y(look.low):g}V{frame.y(look.high):g}", "whisker"))
    return [*parts, dot(x, frame.y(look.value), "dot-chosen" if look.rang else "dot")]


def _path(frame: _Frame, looks: Sequence[Look]) -> str:
    return "M" + "L".join(f"{frame.x(look.at.timestamp()):g} {frame.y(look.value):g}" for look in looks)


def _number(value: float, y: float) -> SafeString:
    return axes.text(f"{value + 0.0:.6g}", LEFT - 6, y + 4, anchor="end")


def _upright(words: str) -> SafeString:
    return format_html(
        '<text class="picture-name" transform="translate(14 {}) rotate(-90)" text-anchor="middle">{}</text>',
        (HEIGHT - BOTTOM + TOP) // 2,
        words,
    )


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"
