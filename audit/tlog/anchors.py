"""Which digests a log entry commits to, directly or through records that are themselves committed to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from audit.tlog.canonical import Json

_MEMBERS = ("data", "changes", "row", "rows")


def mentions(value: Json, name: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a value with the name of the nearest member that holds it."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from mentions(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from mentions(item, name)


def anchored(entries: Iterable[Mapping[str, Json]], records: Mapping[str, Json]) -> dict[str, set[str]]:
    """Every text that proven entries hold in data, changes, row or rows, or that a record reached from there holds.

    Returns text -> the names under which it stands. A record is reached where its digest stands as a text of its own.
    """
    found: dict[str, set[str]] = defaultdict(set)
    waiting: list[Json] = [{name: entry.get(name) for name in _MEMBERS} for entry in entries]
    while waiting:
        for name, text in mentions(waiting.pop()):
            if text in records and text not in found:
                waiting.append(records[text])
            found[text].add(name)
    return dict(found)
