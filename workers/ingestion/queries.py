"""Questions to a canonical file that need all its rows at once: duckdb answers them on disk where memory is short."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

MEMORY = "256MB"


def quantiles(path: Path, column: str, shares: Sequence[float]) -> list[float]:
    """Approximate quantiles (a t-digest) of the finite values."""
    value = f"{_name(column)}::DOUBLE"
    with _asked(path) as database:
        (found,) = database.execute(
            f"SELECT approx_quantile({value}, {list(shares)}) FROM rows WHERE isfinite({value})"
        ).fetchone() or (None,)
    return [float(one) for one in found or []]


def repeats(path: Path, columns: Sequence[str], *, examples: int) -> tuple[int, list[int]]:
    """How many rows repeat the values of an earlier row, and the numbers of the first; nulls equal each other."""
    key = ", ".join(map(_name, columns))
    with _asked(path) as database:
        (count,) = database.execute(
            f"SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT {key} FROM rows)) FROM rows"
        ).fetchone() or (0,)
        if not count:
            return 0, []
        found = database.execute(
            f"SELECT min(file_row_number, 2)[2] AS again FROM rows GROUP BY {key} HAVING count(*) > 1 "
            f"ORDER BY again LIMIT {examples}"
        ).fetchall()
    return int(count), [int(row) for (row,) in found]


@contextmanager
def _asked(path: Path) -> Iterator[Any]:
    """A database of one view, `rows`, whose memory is small and whose spilled blocks go when it closes."""
    with tempfile.TemporaryDirectory(prefix="duckdb-", dir=path.parent) as spilled:
        settings = {"memory_limit": MEMORY, "temp_directory": spilled, "threads": "1"}
        with duckdb.connect(":memory:", config={**settings, "preserve_insertion_order": "false"}) as database:
            escaped = str(path).replace("'", "''")
            database.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet('{escaped}', file_row_number = true)")
            yield database


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
