"""Columns of a list: each made from the path to its value, so that an admin reads like a table's head."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin

from audit.pages import show

Column = Callable[[Any], Any]


def text(path: str, title: str, *, words: int = 0) -> Column:
    """A text, shortened to so many characters where a number is given."""

    def shown(row: Any) -> str:
        found = str(at(row, path) or show.NOTHING)
        return f"{found[:words].rstrip()}…" if words and len(found) > words else found

    return _column(shown, path, title)


def chip(path: str, title: str = "State") -> Column:
    owner, _, name = path.rpartition(".")

    def marked(row: Any) -> str:
        found = at(row, path)
        return show.chip(found, show.said(at(row, owner), name)) if found else show.NOTHING

    return _column(marked, path, title)


def moment(path: str, title: str) -> Column:
    return _column(lambda row: show.moment(at(row, path)), path, title)


def digest(path: str, title: str = "Digest") -> Column:
    return _column(lambda row: show.digest(at(row, path)), path, title)


def number(path: str, title: str) -> Column:
    return _column(lambda row: show.number(at(row, path)), path, title)


def record(path: str, title: str, *, shown: Column = str) -> Column:
    """A related record, with the way to its page."""

    def linked(row: Any) -> Any:
        found = at(row, path)
        return show.row(found, shown(found)) if found is not None else show.NOTHING

    return _column(linked, path, title)


def interval(title: str = "Value") -> Column:
    """A row's own figure with its interval."""
    return _column(lambda row: show.interval(row.value, row.low, row.high), "value", title)


def at(row: Any, path: str) -> Any:
    """The value at a path of attributes, None as soon as one of them is; the empty path is the row itself."""
    for name in filter(None, path.split(".")):
        row = getattr(row, name) if row is not None else None
    return row


def _column(shown: Column, path: str, title: str) -> Column:
    return admin.display(description=title, ordering=path.replace(".", "__") or None)(shown)
