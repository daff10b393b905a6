"""Kolmogorov-Smirnov and Wasserstein-1 distances of two sketches, each with the interval that it certainly lies in."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import shares
from monitoring.kernels.compiled import compiled
from monitoring.kernels.sketches.counts import Sketch, sketch
from monitoring.kernels.sketches.ruler import STEPS, Ruler, make

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The exact figure lies in [low, high]; where the rows lie evenly within cells it is nearly always close to low."""

    low: float
    high: float


def ks(reference: Sketch, window: Sketch, ruler: Ruler) -> Bounds:
    """The largest distance of the two distribution functions.

    Never wider than the largest share of reference rows in a cell of more than one value. Raises ValueError when a
    sketch has no values.
    """
    highest = cell_ks(reference.rows[:-1], window.rows[:-1], ruler.single)
    return Bounds(_ks_at_cuts(reference.rows[:-1], window.rows[:-1]), float(highest.max()))


def wasserstein(reference: Sketch, window: Sketch, ruler: Ruler) -> Bounds:
    """The area between the two distribution functions, in the column's unit.

    Exact but for rounding to 2^-30 of a cell, save in cells where the functions may cross. Infinite when the shares of
    rows at an infinity differ. Raises ValueError when a sketch has no values.
    """
    if differ_at_infinity(reference.rows[:-1], window.rows[:-1]):
        return Bounds(math.inf, math.inf)
    low, high = cell_areas(reference.rows[:-1], reference.steps, window.rows[:-1], window.steps, ruler.widths)
    return Bounds(float(low.sum()), float(high.sum()))


def warm() -> None:
    """Compile or load both distances."""
    measure = make(np.array([1.0, 2.0]))
    one = sketch(np.array([1.0, 1.5]), measure)
    ks(one, one, measure)
    wasserstein(one, one, measure)


@compiled
def differ_at_infinity(reference: Integers, window: Integers) -> bool:
    """Whether the shares of rows at -inf, the first cell, or at +inf, the last, are not equal."""
    n, m = shares.sizes(reference, window)
    low, high = shares.gap(reference[0], n, window[0], m), shares.gap(reference[-1], n, window[-1], m)
    return low != 0.0 or high != 0.0


@compiled
def _ks_at_cuts(reference: Integers, window: Integers) -> float:
    n, m = shares.sizes(reference, window)
    before = after = 0
    largest = 0.0
    for cell in range(reference.size):
        before += reference[cell]
        after += window[cell]
        largest = max(largest, abs(shares.gap(before, n, after, m)))
    return largest


@compiled
def cell_ks(reference: Integers, window: Integers, single: NDArray[np.bool_]) -> Floats:
    """For each cell the most that the distance can be in it: its ends', and the smaller of the two shares more."""
    n, m = shares.sizes(reference, window)
    highest = np.zeros(reference.size)
    before = after = 0
    left = 0.0
    for cell in range(reference.size):
        before += reference[cell]
        after += window[cell]
        right = abs(shares.gap(before, n, after, m))
        highest[cell] = right
        if not single[cell] and reference[cell] > 0 and window[cell] > 0:
            highest[cell] = min(1.0, max(left, right) + min(reference[cell] / n, window[cell] / m))
        left = right
    return highest


@compiled
def cell_areas(
    reference: Integers, reference_steps: Integers, window: Integers, window_steps: Integers, widths: Floats
) -> tuple[Floats, Floats]:
    """For each cell the least and most area between the two functions in it.

    Their mean distance in a cell follows from its counts and sums. It is the area where one function lies above the
    other throughout; where they may cross, the area is most if the distance takes only its two extreme values.
    """
    n, m = shares.sizes(reference, window)
    low, high = np.zeros(reference.size), np.zeros(reference.size)
    before = after = 0
    left = 0.0
    for cell in range(reference.size):
        share, other = reference[cell] / n, window[cell] / m
        fall, rise = left - share, left + other
        if widths[cell] > 0.0 and (fall != 0.0 or rise != 0.0):
            mean = left + other - window_steps[cell] / (STEPS * float(m))
            mean -= share - reference_steps[cell] / (STEPS * float(n))
            mean = min(max(mean, fall), rise)
            rounding = (share + other) / (2.0 * STEPS)
            low[cell] = widths[cell] * max(0.0, abs(mean) - rounding)
            most = abs(mean)
            if fall < 0.0 < rise:
                most = (rise * (mean - fall) - fall * (rise - mean)) / (rise - fall)
            high[cell] = widths[cell] * (most + rounding)
        before += reference[cell]
        after += window[cell]
        left = shares.gap(before, n, after, m)
    return low, high
