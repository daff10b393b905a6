"""What is kept of any number of rows of one column: how many lie in each cell, and how far into it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import grid
from monitoring.kernels.compiled import compiled
from monitoring.kernels.sketches.ruler import Ruler, make

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Rows in each cell of a ruler (NaN in the last), and the sum of their steps from the cell's lower end.

    Integers both, so that sketches of parts add to the sketch of the whole exactly, in any order.
    """

    rows: Integers
    steps: Integers

    def __add__(self, other: "Sketch") -> "Sketch":
        return Sketch(self.rows + other.rows, self.steps + other.steps)

    @property
    def n(self) -> int:
        """How many rows have a value."""
        return int(self.rows[:-1].sum())

    @property
    def missing(self) -> int:
        return int(self.rows[-1])


def empty(ruler: Ruler) -> Sketch:
    """Of no rows: where adding begins."""
    return Sketch(np.zeros(ruler.grid.size, np.int64), np.zeros(ruler.grid.size, np.int64))


def sketch(values: Floats, ruler: Ruler) -> Sketch:
    """Of float64 values in any order; NaN is counted, infinities have cells of their own."""
    return located(values, grid.cells(values, ruler.grid), ruler)


def located(values: Floats, found: grid.Cells, ruler: Ruler) -> Sketch:
    """The same of values whose cells are known already."""
    return Sketch(grid.count(found, ruler.grid.size), _steps(values, found, ruler.starts, ruler.steps))


def warm() -> None:
    """Compile or load the sums, for arrays that may be written to and for those that may not."""
    values = np.array([1.0, 2.0])
    sketch(values, make(values))
    values.flags.writeable = False
    sketch(values, make(np.array([1.0, 2.0])))


@compiled
def _steps(values: Floats, found: NDArray[np.uint16], starts: Floats, steps: Floats) -> Integers:
    sums = np.zeros(starts.size, np.int64)
    for i in range(values.size):
        cell = np.uint64(found[i])
        if steps[cell] > 0.0:
            sums[cell] += np.int64((values[i] - starts[cell]) * steps[cell] + 0.5)
    return sums
