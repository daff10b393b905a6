"""A page as somebody reads it: its words in their order, without the tags."""

import html
import re
from typing import Any

from django.test import Client

from tests import desks


def words(markup: str) -> str:
    """The text, each piece after a space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())


def headings(client: Client, row: Any) -> list[str]:
    """The titles of a record's parts in their order."""
    return re.findall(r"<h3>([^<]+)</h3>", client.get(desks.page(row)).content.decode())


def page(client: Client, row: Any) -> str:
    """What a record's page says."""
    return words(client.get(desks.page(row)).content.decode())
