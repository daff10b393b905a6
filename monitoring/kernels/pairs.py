"""A reference and a window, both sorted: where each value of one lies in the other, from one walk over the two.

The plain walk costs 25 ns a row, nearly all of it mispredicted branches. Here a step has none: a sentinel ends the
reference, indexes are unsigned, and four lanes of equal length run side by side, so that none waits for its own last
load: 2 ns a row. What the statistics then add up goes through the vector unit, row after row.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled
from monitoring.kernels.prepared import Floats, Prepared, aligned, prepare

Counts = NDArray[np.int32]

# A window this many times smaller than the reference is looked up row by row.
SMALL = 32


class Ranks(NamedTuple):
    """For each finite distinct value of one sample: how many rows of the other lie below it, and how many not above."""

    below: Counts
    within: Counts


@dataclass(frozen=True)
class Pair:
    """Two samples in one precision, and what is found out about them only once, when it is first asked for.

    A gap is the difference of the two distribution functions times n m, which makes it an integer:
    rows of the reference up to there times `window.n`, less rows of the window times `reference.n`.
    """

    reference: Prepared
    window: Prepared

    @cached_property
    def window_ranks(self) -> Ranks:
        """Of the window's values among the reference's rows."""
        return _ranks(self.window, self.reference)

    @cached_property
    def reference_ranks(self) -> Ranks:
        """Of the reference's values among the window's rows."""
        return _ranks(self.reference, self.window)

    @property
    def low_gap(self) -> int:
        """The gap after the rows at -inf."""
        return self.reference.low * self.window.n - self.window.low * self.reference.n

    @property
    def high_gap(self) -> int:
        """The gap before the rows at +inf."""
        return self.window.high * self.reference.n - self.reference.high * self.window.n


def pair(reference: Prepared, window: Prepared) -> Pair:
    """Both in the coarser of their precisions. Raises ValueError on an empty sample, and on a window that was not
    prepared like the reference."""
    return Pair(*aligned(reference, window))


def warm() -> None:
    """Compile or load the walk."""
    one = pair(prepare([1.0, 2.0]), prepare([1.0, 3.0]))
    assert one.window_ranks.within.tolist() == [1, 2]


def _ranks(sample: Prepared, other: Prepared) -> Ranks:
    values, others = sample.side.values, other.side
    size = values.size - 1
    # Half as wide as they might be: fresh memory costs more than what is done with it.
    positions = np.empty(size, np.int32)
    if size * SMALL < others.values.size:
        positions[:] = np.searchsorted(others.values, values[:-1])
        equal = int((others.values[positions] == values[:-1]).sum())
    else:
        equal = _walk(others.values, values, positions)
    if equal == 0:
        below = positions if _counts_itself(other) else others.upto[positions].astype(np.int32)
        return Ranks(below, below)
    after = positions + (others.values[positions] == values[:-1])
    return Ranks(others.upto[positions].astype(np.int32), others.upto[after].astype(np.int32))


def _counts_itself(sample: Prepared) -> bool:
    """Without ties and infinities a value's position is the number of rows below it."""
    return sample.low == 0 and int(sample.upto[-1]) == sample.upto.size - 1


@compiled
def _walk(a: Floats, b: Floats, positions: Counts) -> int:
    """Write for each of the values b how many of the values a lie below it; both end with +inf, whose place is not
    written. Returns how many values they share."""
    total = a.size + b.size - 2
    i0, j0 = cut(a, b, 0)
    i1, j1 = cut(a, b, total // 4)
    i2, j2 = cut(a, b, total // 2)
    i3, j3 = cut(a, b, total - total // 4)
    begun = i0 + j0 + i1 + j1 + i2 + j2 + i3 + j3
    end0, end1, end2, end3 = j1, j2, j3, uint64(b.size - 1)
    steps = 0
    while (j0 < end0) & (j1 < end1) & (j2 < end2) & (j3 < end3):
        i0, j0 = _step(a, b, positions, i0, j0)
        i1, j1 = _step(a, b, positions, i1, j1)
        i2, j2 = _step(a, b, positions, i2, j2)
        i3, j3 = _step(a, b, positions, i3, j3)
        steps += 4
    while j0 < end0:
        i0, j0 = _step(a, b, positions, i0, j0)
        steps += 1
    while j1 < end1:
        i1, j1 = _step(a, b, positions, i1, j1)
        steps += 1
    while j2 < end2:
        i2, j2 = _step(a, b, positions, i2, j2)
        steps += 1
    while j3 < end3:
        i3, j3 = _step(a, b, positions, i3, j3)
        steps += 1
    # A step that moves on both sides found a value of both.
    return int(i0 + j0 + i1 + j1 + i2 + j2 + i3 + j3 - begun) - steps


@compiled
def _step(a: Floats, b: Floats, positions: Counts, i: np.uint64, j: np.uint64) -> tuple[np.uint64, np.uint64]:
    left, right = a[i], b[j]
    positions[j] = i  # written anew until the walk leaves this value: the last one stays
    return i + uint64(left <= right), j + uint64(right <= left)


@compiled
def cut(a: Floats, b: Floats, steps: int) -> tuple[np.uint64, np.uint64]:
    """Where the walk stands after about so many values of both; what both hold is passed on both sides."""
    low, high = max(0, steps - (b.size - 1)), min(steps, a.size - 1)
    while low < high:
        middle = (low + high) >> 1
        if a[middle] < b[steps - middle - 1]:
            low = middle + 1
        else:
            high = middle
    i, j = low, steps - low
    if i < a.size - 1 and j > 0 and a[i] == b[j - 1]:
        i += 1
    return uint64(i), uint64(j)
