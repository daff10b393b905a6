"""What a command shows: a table for people, JSON for programs; to standard output, and nothing else goes there."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from mlops_client import tables
from mlops_client.comparing import Compared, Comparison
from mlops_client.nouns.base import Record, Rows
from mlops_client.nouns.jobs import Line
from mlops_client.nouns.promotions import Promotion
from mlops_client.nouns.slots import Predictions

_GATE = ("gate", "verdict", "effect", "value", "threshold", "reason")


def show(result: Any, *, as_json: bool) -> None:
    """Print what a command returned; a list as it comes in."""
    if result is None:
        return
    if as_json:
        json.dump(_plain(result), sys.stdout, indent=1)
        print()
        return
    console = Console(soft_wrap=not sys.stdout.isatty(), highlight=False)
    for part in _parts(result):
        console.print(part)


def _parts(result: Any) -> Iterable[Any]:
    match result:
        case str() | Line():
            yield Text(tables.plain(str(result)))
        case Promotion():
            yield from (_one(result), _listed(_GATE, [[gate.get(name) for name in _GATE] for gate in result.gates]))
        case Record():
            yield _one(result)
        case Rows():
            names = result.record.SHOWN
            yield _listed(names, [[getattr(one, name) for name in names] for one in result])
        case Predictions():
            yield _listed(
                ("score", "decision", "arm", "id"), [(one.score, one.decision, one.arm, one.id) for one in result]
            )
        case dict():
            yield _listed(("", ""), result.items())
        case Comparison():
            yield result
        case _:
            for one in result:
                yield from _parts(one)


def _one(record: Record) -> Any:
    return _listed(("", type(record).__name__), [(name, getattr(record, name)) for name in record.SHOWN])


def _listed(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Any:
    return tables.as_rich(headers, rows)


def _plain(result: Any) -> Any:
    match result:
        case Record():
            return result.data
        case Line():
            return {"at": result.at.isoformat(), "level": result.level, "text": result.text}
        case Comparison():
            both = {"first": result.first.id, "second": result.second.id, "same_rows": result.same_rows}
            return both | {"figures": [_compared(row) for row in result]}
        case Predictions():
            return [one.data for one in result]
        case str() | dict():
            return result
    return [_plain(one) for one in result]


def _compared(row: Compared) -> dict[str, Any]:
    figures = {"first": row.first, "second": row.second, "difference": row.difference}
    kept = ("value", "low", "high", "n", "method")
    shown = {name: one and {field: getattr(one, field) for field in kept} for name, one in figures.items()}
    return {"metric": row.metric, "attribute": row.attribute, "group": row.group, **shown, "differ": row.differ}
