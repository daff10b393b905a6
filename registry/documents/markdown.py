"""A document as Markdown (CommonMark with tables): the same page for a repository or a wiki."""

import re
from collections.abc import Iterable

from registry.documents.layout import Page, Section, Table, Written

_SPECIAL = re.compile(r"([\\`*_\[\]<#|~&])")
_START = re.compile(r"^(\d+)?([.)+>=-])")


def render(page: Page, *, digest: str) -> str:
    """The page; digest: that of the JSON document it shows."""
    lines = [f"# {escaped(page.title)}", "", f"Document digest (SHA-256): `{digest}`", ""]
    if page.gaps:
        lines += [f"**Gaps:** {'; '.join(map(escaped, page.gaps))}.", ""]
    for section in page.sections:
        lines += _section(section)
    lines += ["## Records", "", "| Record | SHA-256 |", "| --- | --- |"]
    lines += [f"| `{record}` | `{value}` |" for record, value in page.records]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Text that stays text: nothing in it becomes a mark, a link or HTML, and it stays on its line."""
    return " ".join(_SPECIAL.sub(r"\\\1", text).split())


def _section(section: Section) -> Iterable[str]:
    yield from (f"## {escaped(section.title)}", "")
    if section.clauses:
        yield from (f"Clauses: {escaped(section.clauses)}", "")
    for line in section.lines:
        cited = f" (`{line.record}`)" if line.record else ""
        yield f"- **{escaped(line.name)}:** {escaped(line.value)}{cited}"
    if section.lines:
        yield ""
    for table in section.tables:
        yield from _table(table)
    if section.written:
        yield from _written(section.written)
    if section.gap:
        yield from (f"> **Gap.** {escaped(section.gap)}", "")
    if section.is_empty:
        yield from ("None on record.", "")


def _table(table: Table) -> Iterable[str]:
    yield from (f"**{escaped(table.title)}**", "", _row(table.headers))
    yield _row(["---:" if kind == "number" else "---" for kind in table.kinds], escape=False)
    yield from map(_row, table.rows)
    yield ""


def _row(cells: Iterable[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(escaped(cell) if escape else cell for cell in cells) + " |"


def _written(written: Written) -> Iterable[str]:
    for paragraph in written.text.splitlines():
        yield f"> {_paragraph(paragraph)}".rstrip()
    yield ">"
    yield f"> — {escaped(written.signature)}" + ("" if written.verifies else " **(the signature does not verify)**")
    yield ""


def _paragraph(text: str) -> str:
    """A line that begins like a list, a quotation or the line under a heading stays a line."""
    return _START.sub(r"\1\\\2", escaped(text))
