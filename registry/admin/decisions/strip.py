"""A figure, its interval and its threshold drawn on one short line, so that doubt is seen before it is read."""

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH, HEIGHT, EDGE = 168, 26, 6
MIDDLE = HEIGHT / 2


def strip(value: float, low: float, high: float, threshold: float, *, wants_more: bool) -> SafeString:
    """The interval as a line, the value as a dot, the threshold as a mark; the side that passes is shaded."""
    least, most = min(low, value, threshold), max(high, value, threshold)
    spread = (most - least) or 1.0

    def place(number: float) -> float:
        return round(EDGE + (number - least) / spread * (WIDTH - 2 * EDGE), 1)

    mark = place(threshold)
    start, length = (mark, WIDTH - mark) if wants_more else (0, mark)
    return format_html(
        '<svg class="strip" viewBox="0 0 {} {}" width="{}" height="{}" role="img" aria-label="{}">'
        '<rect class="strip-good" x="{}" y="3" width="{}" height="{}"/>'
        '<line class="strip-mark" x1="{}" x2="{}" y1="1" y2="{}"/>'
        '<line class="strip-line" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<circle class="strip-dot" cx="{}" cy="{}" r="4"/></svg>',
        *(WIDTH, HEIGHT, WIDTH, HEIGHT, _words(value, low, high, threshold)),
        *(round(start, 1), round(length, 1), HEIGHT - 6),
        *(mark, mark, HEIGHT - 1),
        *(place(low), place(high), MIDDLE, MIDDLE),
        *(place(value), MIDDLE),
    )


def _words(value: float, low: float, high: float, threshold: float) -> str:
    if low <= threshold <= high:
        where = "the interval holds the threshold"
    else:
        where = f"the whole interval is {'above' if low > threshold else 'below'} the threshold"
    return f"{value:.3f} between {low:.3f} and {high:.3f}, threshold {threshold:g}: {where}"
