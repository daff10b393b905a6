"""Rows as tables, HTML in a notebook and rich in a terminal; what the server sent is text in both, never markup."""

import html
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# As wide as any table: where no terminal says how wide it is, nothing is folded.
WIDE = 1000
# What is copied into the next command stays in one piece.
_WHOLE = ("id", "name", "key", "state", "gate", "verdict", "metric")
# Escape sequences in a name or a log line would move the cursor, or worse.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def as_html(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "") -> str:
    """An HTML table; every cell is escaped."""
    head = "".join(f"<th>{html.escape(header)}</th>" for header in headers)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(shown(cell))}</td>' for cell in row)}</tr>" for row in rows)
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_rich(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "") -> Table:
    """A table for the terminal; no cell is read as rich's markup."""
    table = Table(title=Text(plain(caption)) if caption else None, title_justify="left", box=None, pad_edge=False)
    for header in headers:
        table.add_column(Text(header, style="bold"), overflow="fold", no_wrap=header in _WHOLE)
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    return table


def as_text(headers: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "") -> str:
    """The table as plain text, as wide as it needs to be."""
    console = Console(file=io.StringIO(), width=WIDE, color_system=None)
    with console.capture() as capture:
        console.print(as_rich(headers, rows, caption=caption))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def shown(value: Any) -> str:
    """A value as a person reads it: four digits of a fraction, times to the second, nothing for nothing."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.4g}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case dict() | list() | tuple():
            return plain(", ".join(_parts(value)))
    return plain(str(value))


def plain(text: str) -> str:
    """Text without control characters; line breaks and tabs stay."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _parts(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        return (f"{name}: {shown(inner)}" for name, inner in value.items())
    return (shown(inner) for inner in value)
