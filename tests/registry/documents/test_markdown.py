"""Markdown of what people write: another program reads it, and text stays text."""

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from registry.documents import layout, markdown, parts

READER = MarkdownIt("commonmark", {"html": True}).enable("table")
HOSTILE = [
    "<script>alert(1)</script>",
    "[a link](https://elsewhere.test) and ![a picture](x)",
    "# no heading",
    "1. no list",
    "- no list either",
    "Title\n===",
    "`code` **bold** _slanted_ ~~gone~~",
    "a | b | c",
    "> no quotation",
    "&lt;b&gt; \\ backslash",
    "<https://elsewhere.test>",
]


def page(text: str) -> str:
    """A document in which everything that a person can write is this text."""
    written = {"text": text, "printed_name": text, "role": "Owner", "signed_at": "", "meaning": "m", "verifies": True}
    table = parts.table("T", {"a": "A"}, [{"a": text}])
    section = parts.section("s", "S", facts=[parts.fact("F", text)], tables=[table], text=written)
    document: Any = parts.document("k", title=text, subject={"id": "1"}, sections=[section], records={})
    return READER.render(markdown.render(layout.lay_out(document), digest="d"))


@pytest.mark.parametrize("text", HOSTILE)
def test_page_with_hostile_text_has_the_marks_of_the_page_alone(text: str) -> None:
    assert tags(page(text)) == tags(page("plain" + "\nplain" * text.count("\n")))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1))
def test_text_of_a_cell_is_read_as_it_was_written(text: str) -> None:
    read = READER.render(f"| A |\n| --- |\n| x{markdown.escaped(text)}x |")
    (cell,) = re.findall(r"<td>(.*)</td>", read)
    assert html.unescape(cell).split() == f"x{markdown.escaped(text) and ' '.join(text.split())}x".split()


def tags(rendered: str) -> list[str]:
    return re.findall(r"</?[a-z0-9]+", rendered)
