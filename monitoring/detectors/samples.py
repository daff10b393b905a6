"""Samples as a detector of this process takes them: a table, columns by name."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.detectors.verdict import Verdict

Table = Mapping[str, ArrayLike]
Columns = dict[str, NDArray[Any]]
Floats = NDArray[np.float64]


class Unusable(Exception):
    """A column that a detector cannot take: which, and why."""

    def __init__(self, column: str, why: str) -> None:
        super().__init__(f"{column}: {why}")
        self.column = column
        self.why = why

    @property
    def verdict(self) -> Verdict:
        """What a look at it comes to."""
        return Verdict("not_evaluable", str(self))


def columns(table: Table, names: Iterable[str], *, numbers: bool) -> Columns:
    """These columns in this order, whatever the order and the others of the table; with `numbers`, as numbers.

    Raises Unusable on a column that is not there, of another length than the first, or not of numbers where it must be.
    """
    found = {name: _column(table, name, numbers=numbers) for name in names}
    sizes = {name: column.size for name, column in found.items()}
    for name, size in sizes.items():
        if size != (first := next(iter(sizes.values()))):
            raise Unusable(name, f"{size} values, where the first column has {first}")
    return found


def _column(table: Table, name: str, *, numbers: bool) -> NDArray[Any]:
    if name not in table:
        raise Unusable(name, "there is no such column")
    column = np.asarray(table[name])
    if column.ndim != 1:
        raise Unusable(name, f"{column.ndim} dimensions, where a column has one")
    return as_numbers(column, name) if numbers else column


def as_numbers(column: NDArray[Any], name: str) -> NDArray[Any]:
    """The column itself, or numbers that stood among None; text that looks like a number is none. Raises Unusable."""
    if column.dtype.kind in "biuf":
        return column
    if column.dtype.kind == "O" and not any(isinstance(value, str) for value in column):
        try:
            return column.astype(np.float64)
        except (TypeError, ValueError):
            pass
    raise Unusable(name, f"{column.dtype} values, where numbers are needed")


def matrix(numeric: Columns) -> Floats:
    """Columns of numbers side by side as (rows, columns)."""
    return np.column_stack([column.astype(np.float64) for column in numeric.values()])


def drawn(rows: Floats, most: int, seed: int) -> Floats:
    """At most so many of the complete rows, each as likely as the other."""
    complete = rows[np.isfinite(rows).all(axis=1)]
    if len(complete) <= most:
        return complete
    return complete[np.sort(np.random.default_rng(seed).choice(len(complete), most, replace=False))]
