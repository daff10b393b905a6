"""Describe rows: their schema and the distribution of every column, as plain JSON values, batch by batch."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion import queries
from workers.ingestion.canonical import Rows
from workers.ingestion.types import NUMERIC, kind

DISTINCT_CAP = 10_000
LEVELS_AT_MOST = 50
LEVELS_SHOWN, LONGEST_LEVEL = 20, 200
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
EXACT_ROWS = 4_000_000
Numbers = np.ndarray[Any, np.dtype[np.float64]]
Each = Callable[[Callable[[str], dict[str, Any]], Iterable[str]], Iterable[dict[str, Any]]]


def schema(rows: Rows, profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One entry a column in the file's order: name, type (a kind of workers.ingestion.types), nullable."""
    described = profile["columns"]
    return [
        {"name": name, "type": described[name]["type"], "nullable": described[name]["missing"] > 0}
        for name in rows.schema.names
    ]


def profile(rows: Rows, *, personal: Collection[str] = (), each: Each = map) -> dict[str, Any]:
    """Rows, and per column: type, missing, distinct, and numbers, range or levels as the type allows.

    personal: columns of which no value is shown. Distinct values are counted exactly up to a cap; quantiles are exact
    up to four million rows and beyond them those of a t-digest, as the profile itself says.
    each: maps the description over the columns, here or on other machines.
    """
    count = rows.count
    exact = count <= EXACT_ROWS
    names = rows.schema.names
    described = each(partial(_described, rows.path, frozenset(personal), exact), names)
    return {
        "rows": count,
        "method": {
            "quantiles": "exact" if exact else "approximate: t-digest of duckdb",
            "distinct": f"exact up to {DISTINCT_CAP}",
        },
        "columns": dict(zip(names, described, strict=True)),
    }


def levels(column: pa.ChunkedArray) -> list[dict[str, Any]]:
    """The most frequent values with their counts, most frequent first, ties by value."""
    counts = Counts()
    counts.see(column)
    return counts.levels()


def low_cardinality(column: pa.ChunkedArray, at_most: int = LEVELS_AT_MOST) -> bool:
    """Whether listing the values describes groups, not persons: few values, each standing for several rows."""
    counts = Counts()
    counts.see(column)
    return counts.few(at_most)


def numbers(column: Any) -> Numbers:
    """The column as float64, shape (rows,), NaN where missing."""
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


class Counts:
    """How often each value occurs, until there are more values than the cap; then only that there are."""

    def __init__(self, cap: int = DISTINCT_CAP) -> None:
        self.present = self.missing = 0
        self._cap = cap
        self._table: pa.Table | None = None
        self._capped = False

    def see(self, column: Any) -> None:
        """Count a batch or a whole column."""
        self.present += len(column) - column.null_count
        self.missing += column.null_count
        if self._capped:
            return
        counted = pc.value_counts(column)
        fresh = pa.table({"value": counted.field("values"), "count": counted.field("counts")})
        together = fresh if self._table is None else pa.concat_tables([self._table, fresh])
        self._table = together.group_by("value").aggregate([("count", "sum")]).rename_columns(["value", "count"])
        if self._table.num_rows > self._cap + 1:
            self._table, self._capped = None, True

    @property
    def distinct(self) -> int:
        """How many values there are; one more than the cap where there are more than that."""
        if self._table is None:
            return self._cap + 1 if self._capped else 0
        return int(self._table.num_rows - self._table["value"].null_count)

    def few(self, at_most: int = LEVELS_AT_MOST) -> bool:
        """Few values, each standing for several rows."""
        return 0 < self.distinct <= at_most and 2 * self.distinct <= self.present

    def levels(self) -> list[dict[str, Any]]:
        """The values with their counts, most frequent first, ties by value."""
        rows = [] if self._table is None else self._table.to_pylist()
        known = [row for row in rows if row["value"] is not None]
        known.sort(key=lambda row: (-row["count"], row["value"]))
        return [{"level": plain(row["value"]), "count": row["count"]} for row in known]


def plain(value: Any) -> Any:
    """JSON has no dates, no decimals and no infinity: those become text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _described(path: Path, personal: frozenset[str], exact: bool, name: str) -> dict[str, Any]:
    rows, kind_ = Rows(path), kind(Rows(path).schema.field(name).type)
    if kind_ == "image":
        return {"type": kind_, "missing": 0}  # A row is made of an image that was read.
    counts = Counts()
    for column in _columns(rows, name):
        counts.see(column)
    described: dict[str, Any] = {
        "type": kind_,
        "missing": counts.missing,
        "distinct": min(counts.distinct, DISTINCT_CAP),
        "distinct_capped": counts.distinct > DISTINCT_CAP,
    }
    if name in personal:
        return described | {"personal": True}
    if kind_ in NUMERIC:
        described |= _exact(rows, name) if exact else _streamed(rows, name)
    elif kind_ in ("date", "timestamp"):
        described |= _range(rows, name)
    shown = counts.levels()[:LEVELS_SHOWN] if counts.few() else []
    # Long ones are no levels but texts that came twice.
    if shown and all(len(str(one["level"])) <= LONGEST_LEVEL for one in shown):
        described["levels"] = shown
    return described


def _columns(rows: Rows, name: str) -> Iterator[Any]:
    return (batch.column(0) for batch in rows.batches([name]))


def _range(rows: Rows, name: str) -> dict[str, Any]:
    found = [pc.min_max(column).as_py() for column in _columns(rows, name)]
    least = [one["min"] for one in found if one["min"] is not None]
    most = [one["max"] for one in found if one["max"] is not None]
    return {"min": plain(min(least, default=None)), "max": plain(max(most, default=None))}


def _exact(rows: Rows, name: str) -> dict[str, Any]:
    values = np.concatenate([numbers(column) for column in _columns(rows, name)])
    present = values[~np.isnan(values)]
    finite = present[np.isfinite(present)]
    if finite.size == 0:
        return {"infinite": int(present.size)}
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = float(finite.mean()), float(finite.std(ddof=1)) if finite.size > 1 else 0.0
        quantiles = np.quantile(finite, QUANTILES)
    return {
        "infinite": int(present.size - finite.size),
        "min": float(finite.min()),
        "max": float(finite.max()),
        **_figures(mean, std, quantiles),
    }


def _figures(mean: float, std: float, quantiles: Iterable[float]) -> dict[str, Any]:
    """Near the largest numbers there are, sums and squares overflow: what is not finite is left open."""
    shares = zip(QUANTILES, quantiles, strict=True)
    return {"mean": _finite(mean), "std": _finite(std), "quantiles": {str(q): _finite(float(v)) for q, v in shares}}


def _finite(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None


def _streamed(rows: Rows, name: str) -> dict[str, Any]:
    """The same figures without ever holding the column: moments are merged (Chan, Golub and LeVeque 1979)."""
    n, infinite, mean, squares, least, most = 0, 0, 0.0, 0.0, np.inf, -np.inf
    for column in _columns(rows, name):
        values = numbers(column)
        present = values[~np.isnan(values)]
        finite = present[np.isfinite(present)]
        infinite += int(present.size - finite.size)
        if finite.size == 0:
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            apart, total = finite.mean() - mean, n + finite.size
            squares += float(((finite - finite.mean()) ** 2).sum() + apart**2 * n * finite.size / total)
            mean += float(apart * finite.size / total)
        n, least, most = total, min(least, float(finite.min())), max(most, float(finite.max()))
    if n == 0:
        return {"infinite": infinite}
    figures = queries.quantiles(rows, name, QUANTILES)
    return {
        "infinite": infinite,
        "min": least,
        "max": most,
        **_figures(mean, float(np.sqrt(squares / (n - 1))) if n > 1 else 0.0, figures),
    }
