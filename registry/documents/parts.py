"""What a document is made of, as plain JSON without floats; a page shows exactly this and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from audit.events import Json, plain

FORMAT = 1
Cell = Any
#: JSON all the way down, without floats.
Part = dict[str, Any]


def document(
    kind: str, *, title: str, subject: Mapping[str, Json], sections: Sequence[Part], records: Mapping[str, str]
) -> Part:
    """The whole. records: for each record that something was read from, by its name in the log, its digest."""
    return {
        "kind": kind,
        "format": FORMAT,
        "title": title,
        "subject": dict(subject),
        "sections": list(sections),
        "records": dict(sorted(records.items())),
    }


def section(
    name: str,
    title: str,
    *,
    facts: Iterable[Part] = (),
    tables: Iterable[Part] = (),
    text: Part | None = None,
    gap: str = "",
    clauses: Iterable[str] = (),
) -> Part:
    """One part of the page. gap: what is missing, in a sentence; a document shows its gaps."""
    return {
        "name": name,
        "title": title,
        "clauses": list(clauses),
        "facts": list(facts),
        "tables": [one for one in tables if one["rows"]],
        "text": text,
        "gap": gap,
    }


def fact(name: str, value: Cell, record: str = "") -> Part:
    """One line: what, its value, and the record it was read from."""
    return {"name": name, "value": plain(value), "record": record}


def table(title: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, Cell]]) -> Part:
    """Figures or facts of one shape. columns: by name the title to print; a row may name its `record`."""
    return {
        "title": title,
        "columns": [{"name": name, "title": shown} for name, shown in columns.items()],
        "rows": [{**{name: plain(row[name]) for name in columns}, "record": row.get("record", "")} for row in rows],
    }


def capital(text: str) -> str:
    """A state in words as a table prints it, whatever the record's own spelling begins with."""
    return text[:1].upper() + text[1:]


def figure(value: float | None, low: float | None, high: float | None) -> Part | None:
    """A number with its interval, every digit of it."""
    if value is None:
        return None
    return {"value": plain(float(value)), "low": _bound(low), "high": _bound(high)}


def _bound(value: float | None) -> Json:
    return None if value is None else plain(float(value))
