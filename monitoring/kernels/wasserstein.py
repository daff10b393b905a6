"""Wasserstein-1 (earth mover's) distance: the area between two empirical distribution functions, in the column's unit.

Reference: S. S. Vallender, Theory Probab. Appl. 18 (1974), 784-786. Checked against `scipy.stats.wasserstein_distance`.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled, summing
from monitoring.kernels.pairs import Pair, cut, pair
from monitoring.kernels.prepared import Floats, Prepared, Side, prepare
from monitoring.kernels.results import Aside, Comparison, untested

# Exact, and large enough that neither differences nor sums of rescaled values overflow.
SMALLER = 2.0**-80


def compare(samples: Pair) -> Comparison:
    """The distance >= 0, without a test: its law depends on the column's own distribution.

    Infinite when the shares at -inf or at +inf differ; equal shares there cost nothing.
    """
    return untested(_distance(samples), Aside.of(samples.window))


def distance(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    """The distance of two samples that are used only once. Raises ValueError on an empty sample and on NaN."""
    samples = pair(prepare(reference), prepare(window))
    if samples.reference.missing + samples.window.missing > 0:
        raise ValueError("a sample holds NaN: drop and count it first")
    return _distance(samples)


def warm() -> None:
    """Compile or load the distance."""
    for column in ([1.0, 2.0], [1.0, 1.0]):
        compare(pair(prepare(column), prepare([0.5])))


def _distance(samples: Pair) -> float:
    if samples.low_gap != 0 or samples.high_gap != 0:
        return math.inf
    reference, window = samples.reference, samples.window
    area = _area(reference.side, window.side)
    if not math.isfinite(area):
        area = _area(_smaller(reference), _smaller(window)) / SMALLER
    return area


def _smaller(sample: Prepared) -> Side:
    return sample.side._replace(values=sample.values * SMALLER)


def _area(a: Side, b: Side) -> float:
    """Of the finite rows, whose shares are equal."""
    first, second = a.values.size - 1, b.values.size - 1
    if first == 0:
        return 0.0
    if _rows(a) > first or _rows(b) > second:
        return _by_values(a, b) / a.n / b.n
    larger, smaller = (a, b) if first >= second else (b, a)
    return _by_rows(larger.values, smaller.values) * (_rows(a) / a.n)


def _rows(side: Side) -> int:
    return int(side.upto[-1] - side.upto[0])


@summing
def _by_rows(a: Floats, b: Floats) -> float:
    """Without ties: the area between the quantile functions, which needs no walk.

    A row of the larger sample, 1/n of the height, meets one row of the smaller or two, known by its position alone.
    Both end with a sentinel. n m must stay below 2^50, or a position may round to the next.
    """
    n, m = a.size - 1, b.size - 1
    total = 0.0
    scale, last = 1.0 / n, uint64(m - 1)
    for i in range(n):
        start = float(i) * float(m)
        j = uint64(int((start + 0.5) * scale))
        # In units of 1 / (n m) a row of the larger is m high and one of the smaller n.
        height = min((float(j) + 1.0) * float(n) - start, float(m))
        total += abs(a[i] - b[j]) * height + abs(a[i] - b[min(j + uint64(1), last)]) * (float(m) - height)
    return total * scale / m


class Lane(NamedTuple):
    """Where a walk over both is: the next values, the last one, the gap after it, and the area so far."""

    i: np.uint64
    j: np.uint64
    value: float
    gap: float
    area: float


@compiled
def _by_values(a: Side, b: Side) -> float:
    """With ties: a walk over the distinct values, in two lanes as in `pairs`; in units of 1 / (n m)."""
    total = a.values.size + b.values.size - 2
    one, two = _lane(a, b, 0), _lane(a, b, total // 2)
    middle, end = two.i + two.j, uint64(total)
    while (one.i + one.j < middle) & (two.i + two.j < end):
        one, two = _next(one, a, b), _next(two, a, b)
    while one.i + one.j < middle:
        one = _next(one, a, b)
    while two.i + two.j < end:
        two = _next(two, a, b)
    return one.area + two.area


@compiled
def _lane(a: Side, b: Side, steps: int) -> Lane:
    i, j = cut(a.values, b.values, steps)
    value = min(a.values[0], b.values[0])
    if i > 0:
        value = max(value, a.values[i - uint64(1)])
    if j > 0:
        value = max(value, b.values[j - uint64(1)])
    return Lane(i, j, value, float(a.upto[i] * b.n - b.upto[j] * a.n), 0.0)


@compiled
def _next(lane: Lane, a: Side, b: Side) -> Lane:
    left, right = a.values[lane.i], b.values[lane.j]
    value = left if left < right else right
    i, j = lane.i + uint64(left <= right), lane.j + uint64(right <= left)
    gap = float(a.upto[i] * b.n - b.upto[j] * a.n)
    return Lane(i, j, value, gap, lane.area + abs(lane.gap) * (value - lane.value))
