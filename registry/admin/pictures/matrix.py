"""A confusion matrix: how many of each true class were decided as which."""

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from registry.admin.pictures import axes

CELL, LEFT, TOP, EDGE = 64, 120, 44, 12
AT_MOST = 12


def confusion(fields: Mapping[str, Any]) -> SafeString:
    """Counts, the darker the larger their share of the true class; nothing of more than twelve classes."""
    classes, counts, shares = fields["classes"], fields["counts"], fields["shares"]
    if len(classes) > AT_MOST:
        return axes.empty(f"{len(classes)} classes are too many for a picture; the table has them.")
    size = LEFT + CELL * len(classes) + EDGE, TOP + CELL * len(classes) + EDGE
    parts = [axes.text("decided as", LEFT + CELL * len(classes) / 2, 14, kind="name")]
    parts.append(axes.text("truly", LEFT - 10, 34, anchor="end", kind="name"))
    for place, name in enumerate(classes):
        middle = place * CELL + CELL / 2
        parts.append(axes.text(_short(str(name)), LEFT + middle, 36, kind="label"))
        parts.append(axes.text(_short(str(name), 14), LEFT - 10, TOP + middle + 4, anchor="end", kind="label"))
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            share = shares[row][column]
            parts += _cell(LEFT + column * CELL, TOP + row * CELL, count, share)
    words = f"Confusion matrix of {fields['n']:,} rows and {len(classes)} classes; the table below has every cell."
    return axes.svg(words, size, parts)


def _cell(x: int, y: int, count: int, share: float | None) -> list[SafeString]:
    shade = round(share or 0.0, 2)
    strong = "cell-strong" if shade > 0.55 else "cell-weak"
    found = [
        format_html(
            '<rect class="picture-cell" x="{0}" y="{1}" width="{2}" height="{2}"/>'
            '<rect class="picture-shade" x="{0}" y="{1}" width="{2}" height="{2}" fill-opacity="{3}"/>',
            x, y, CELL - 2, f"{shade:g}",
        ),
        axes.text(f"{count:,}", x + CELL / 2 - 1, y + CELL / 2, kind=strong),
    ]  # fmt: skip
    if share is not None:
        found.append(axes.text(f"{share * 100:.0f} %", x + CELL / 2 - 1, y + CELL / 2 + 16, kind=f"{strong}-note"))
    return found


def _short(name: str, letters: int = 9) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"
