"""Describe a table: its schema and the distribution of every column, as plain JSON values."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.types import NUMERIC, kind

DISTINCT_CAP = 10_000
LEVELS_AT_MOST = 50
LEVELS_SHOWN = 20
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def schema(table: pa.Table) -> list[dict[str, Any]]:
    """One entry a column in the table's order: name, type (a kind of workers.ingestion.types), nullable."""
    return [
        {"name": field.name, "type": kind(field.type), "nullable": column.null_count > 0}
        for field, column in zip(table.schema, table.columns, strict=True)
    ]


def profile(table: pa.Table) -> dict[str, Any]:
    """Rows, and per column: type, missing, distinct, and numbers, range or levels as the type allows."""
    return {"rows": table.num_rows, "columns": {name: _column(table[name]) for name in table.column_names}}


def levels(column: pa.ChunkedArray) -> list[dict[str, Any]]:
    """The most frequent values with their counts, most frequent first, ties by value."""
    counted = [entry for entry in pc.value_counts(column).to_pylist() if entry["values"] is not None]
    counted.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    return [{"level": _plain(entry["values"]), "count": entry["counts"]} for entry in counted]


def low_cardinality(column: pa.ChunkedArray, at_most: int = LEVELS_AT_MOST) -> bool:
    """Whether listing the values describes groups, not persons: few values, each standing for several rows."""
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    present = len(column) - column.null_count
    return bool(0 < distinct <= at_most and 2 * distinct <= present)


def numbers(column: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The column as float64, shape (rows,), NaN where missing."""
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _column(column: pa.ChunkedArray) -> dict[str, Any]:
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    described: dict[str, Any] = {
        "type": kind(column.type),
        "missing": column.null_count,
        "distinct": min(distinct, DISTINCT_CAP),
        "distinct_capped": distinct > DISTINCT_CAP,
    }
    if kind(column.type) in NUMERIC:
        described |= _numeric(numbers(column))
    elif kind(column.type) in ("date", "timestamp"):
        described |= {name: _plain(value) for name, value in pc.min_max(column).as_py().items()}
    if low_cardinality(column):
        described["levels"] = levels(column)[:LEVELS_SHOWN]
    return described


def _numeric(values: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    present = values[~np.isnan(values)]
    finite = present[np.isfinite(present)]
    if finite.size == 0:
        return {"infinite": int(present.size)}
    return {
        "infinite": int(present.size - finite.size),
        "min": float(finite.min()),
        "max": float(finite.max()),
        "mean": float(finite.mean()),
        "std": float(finite.std(ddof=1)) if finite.size > 1 else 0.0,
        "quantiles": {str(q): float(v) for q, v in zip(QUANTILES, np.quantile(finite, QUANTILES), strict=True)},
    }


def _plain(value: Any) -> Any:
    """JSON has no dates and no decimals: those become text."""
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
