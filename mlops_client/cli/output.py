"""What a command shows: a table for people, JSON for programs; to standard output, and nothing else goes there."""

import json
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from typing import Any

from rich.console import Console
from rich.text import Text

from mlops_client import tables
from mlops_client.comparing import Compared, Comparison
from mlops_client.nouns.base import Record, Rows
from mlops_client.nouns.datasets import DatasetVersion
from mlops_client.nouns.jobs import Line
from mlops_client.nouns.pipelines import PipelineRun
from mlops_client.nouns.promotions import Promotion
from mlops_client.nouns.runs import Run
from mlops_client.nouns.slots import Predictions
from mlops_client.nouns.sources import DataSource

_GATE = ("gate", "verdict", "effect", "value", "threshold", "reason")
_NEWEST = 5
_VIOLATION = ("column", "rule", "severity", "count", "examples")


def show(result: Any, *, as_json: bool) -> None:
    """Print what a command returned; a list as it comes in."""
    if result is None:
        return
    if as_json:
        json.dump(_plain(result), sys.stdout, indent=1)
        print()
        return
    console = Console(width=None if sys.stdout.isatty() else tables.WIDE, highlight=False)
    for part in _parts(result):
        console.print(part)


def _parts(result: Any) -> Iterable[Any]:
    match result:
        case str() | Line():
            yield Text(tables.plain(str(result)))
        case Promotion():
            yield from (_one(result), _listed(_GATE, [[gate.get(name) for name in _GATE] for gate in result.gates]))
        case DatasetVersion():
            yield _one(result)
            if result.contract_verdict != "pass":
                yield _listed(_VIOLATION, [[one.get(name) for name in _VIOLATION] for one in result.violations()])
        case DataSource():
            yield _one(result)
            yield from _parts(list(islice(result.readings(), _NEWEST)))
        case Run() | PipelineRun():
            yield from (_one(result), *([_one(result.version)] if result.model_version else []))
        case Record():
            yield _one(result)
        case Rows():
            yield _listed(result.record.columns(), [one.cells() for one in result])
        case Predictions():
            yield _listed(
                ("score", "decision", "arm", "id"), [(one.score, one.decision, one.arm, one.id) for one in result]
            )
        case dict():
            yield _listed(("", ""), result.items())
        case Comparison():
            yield result
        case _:
            for kind, several in groupby(result, type):
                yield from _several(kind, several)


def _several(kind: type, several: Iterable[Any]) -> Iterable[Any]:
    """Records of one kind in a row are a table."""
    if issubclass(kind, Record):
        yield _listed(kind.columns(), [one.cells() for one in several])
        return
    for one in several:
        yield from _parts(one)


def _one(record: Record) -> Any:
    """What a record says; a field that is empty says nothing."""
    values = ((name, getattr(record, name)) for name in record.SHOWN)
    rows = [(name, _lines(value)) for name, value in values if value not in (None, "", [], {})]
    return _listed(("", type(record).__name__), rows)


def _lines(value: Any) -> Any:
    """What is nested as lines, everything else as it is."""
    match value:
        case [dict(), *_]:
            return "\n".join(tables.shown(one) for one in value)
        case dict() if any(isinstance(inner, dict) for inner in value.values()):
            return json.dumps(value, indent=1, ensure_ascii=False)
    return value


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
