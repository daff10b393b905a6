"""A document as a page: HTML without scripts, for a screen and for paper, or Markdown."""

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string

from registry import records
from registry.documents import layout, markdown


def html(document: Mapping[str, Any]) -> str:
    """The page, from the document alone; whatever people wrote is text in it."""
    page = layout.lay_out(document)
    return render_to_string("registry/documents/document.html", {"page": page, "digest": digest(document)})


def text(document: Mapping[str, Any]) -> str:
    """The same page as Markdown."""
    return markdown.render(layout.lay_out(document), digest=digest(document))


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of the document's canonical JSON: the same records always give the same."""
    return records.digest(dict(document))
