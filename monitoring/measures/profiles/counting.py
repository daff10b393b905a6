"""Rows counted in the frames of a profile: all that any comparison reads of a window, and it adds up over parts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import bins, codes, correlation, grid
from monitoring.kernels.correlation import ORDERS, Moments
from monitoring.kernels.sketches import counts
from monitoring.kernels.sketches.counts import Sketch
from monitoring.measures import categories
from monitoring.measures.profiles.framing import Categorical, Frames, Numeric

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class NumericCounts:
    """Rows by bin, those without a value in the last, and by cell."""

    bins: Integers
    sketch: Sketch

    def __add__(self, other: "NumericCounts") -> "NumericCounts":
        return NumericCounts(self.bins + other.bins, self.sketch + other.sketch)

    @property
    def missing(self) -> int:
        return int(self.bins[-1])


@dataclass(frozen=True, slots=True)
class CategoricalCounts:
    """Rows by level, and rows without one."""

    levels: Mapping[str, int]
    missing: int

    def __add__(self, other: "CategoricalCounts") -> "CategoricalCounts":
        return CategoricalCounts(Counter(self.levels) + Counter(other.levels), self.missing + other.missing)


Counts = NumericCounts | CategoricalCounts


@dataclass(frozen=True, slots=True, eq=False)
class Summary:
    """A table, or parts of one, counted in the frames of a profile; summaries of the same frames add."""

    rows: int
    columns: tuple[Counts, ...]
    moments: Moments

    def __add__(self, other: "Summary") -> "Summary":
        pairs = zip(self.columns, other.columns, strict=True)
        columns = tuple(first + second for first, second in pairs)  # type: ignore[operator]
        return Summary(self.rows + other.rows, columns, self.moments + other.moments)


def count(frames: Frames, table: Mapping[str, ArrayLike]) -> Summary:
    """Count a table's rows. Raises KeyError on a column that the table lacks, ValueError on columns of unequal length;
    further columns are ignored."""
    sizes = {len(table[column.name]) for column in frames.columns}  # type: ignore[arg-type]
    if len(sizes) != 1:
        raise ValueError("a table needs columns, all of one length")
    columns: list[Counts] = []
    scored = []
    for place, column in enumerate(frames.columns):
        if isinstance(column, Categorical):
            columns.append(_by_level(table[column.name]))
            continue
        values = column.numbers(table[column.name])
        cells = grid.cells(values, column.ruler.grid)
        columns.append(NumericCounts(bins.count(values, column.edges), counts.located(values, cells, column.ruler)))
        if place in frames.correlated:
            scored.append(column.scores[cells])
    rows = sizes.pop()
    width = len(frames.correlated)
    scores = np.stack(scored, axis=1) if scored and width else np.empty((rows, 0), np.int8)
    return Summary(rows, tuple(columns), correlation.moments(scores))


def nothing(frames: Frames) -> Summary:
    """Of no rows: where adding begins."""
    empty: list[Counts] = [
        NumericCounts(np.zeros(column.edges.size + 1, np.int64), counts.empty(column.ruler))
        if isinstance(column, Numeric)
        else CategoricalCounts({}, 0)
        for column in frames.columns
    ]
    width = len(frames.correlated)
    return Summary(0, tuple(empty), Moments(np.zeros((len(ORDERS), width, width), np.int64)))


def _by_level(values: ArrayLike) -> CategoricalCounts:
    levels, found = categories.factorise(values)
    cells = codes.count(found, len(levels)).tolist()
    return CategoricalCounts(dict(zip(levels, cells, strict=False)), cells[-1])
