"""Questions to a canonical file that need all its rows at once: duckdb answers them on disk where memory is short."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from workers.ingestion.canonical import Rows

MEMORY = "256MB"


def quantiles(rows: Rows, column: str, shares: Sequence[float]) -> list[float]:
    """Approximate quantiles (a t-digest) of the finite values."""
    with _asked(rows, [column]) as database:
        (found,) = database.execute(
            f"SELECT approx_quantile(c0::DOUBLE, {list(shares)}) FROM rows WHERE isfinite(c0::DOUBLE)"
        ).fetchone() or (None,)
    return [float(one) for one in found or []]


def repeats(rows: Rows, columns: Sequence[str], *, examples: int) -> tuple[int, list[int]]:
    """How many rows repeat the values of an earlier row, and the numbers of the first; nulls equal each other."""
    key = ", ".join(f"c{place}" for place in range(len(columns)))
    with _asked(rows, columns) as database:
        (distinct,) = database.execute(f"SELECT count(*) FROM (SELECT DISTINCT {key} FROM rows)").fetchone() or (0,)
    if distinct == rows.count:
        return 0, []
    with _asked(rows, columns) as database:
        found = database.execute(
            f"SELECT min(row, 2)[2] AS again FROM rows GROUP BY {key} HAVING count(*) > 1 "
            f"ORDER BY again LIMIT {examples}"
        ).fetchall()
    return rows.count - int(distinct), [int(row) for (row,) in found]


@contextmanager
def _asked(rows: Rows, columns: Sequence[str]) -> Iterator[Any]:
    """A database of one table, `rows`, that can be read once: the columns as c0, c1 and so on, and the row's number.

    Names of ours, because duckdb takes `A` and `a` for one. Its memory is small, and its spilled blocks go when it
    closes.
    """
    schema = rows.schema
    types = [schema.field(name).type for name in columns]
    shown = pa.schema([*((f"c{place}", type) for place, type in enumerate(types)), ("row", pa.int64())])
    with tempfile.TemporaryDirectory(prefix="duckdb-", dir=rows.path.parent) as spilled:
        settings = {"memory_limit": MEMORY, "temp_directory": spilled, "threads": "1"}
        with duckdb.connect(":memory:", config={**settings, "preserve_insertion_order": "false"}) as database:
            reader = pa.RecordBatchReader.from_batches(shown, _numbered(rows, columns, shown))
            database.register("rows", reader)
            yield database


def _numbered(rows: Rows, columns: Sequence[str], shown: pa.Schema) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in rows.batches(columns):
        numbers = pa.array(np.arange(start, start + batch.num_rows))
        yield pa.RecordBatch.from_arrays([*(batch.column(name) for name in columns), numbers], schema=shown)
        start += batch.num_rows
