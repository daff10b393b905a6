"""The cells a reference column is counted in, and how places within a cell are measured."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import grid
from monitoring.kernels.grid import LARGEST, Grid

Floats = NDArray[np.float64]

STEPS = 2**30  # a cell is divided into so many steps; sums of them stay below 2^63 for eight thousand million rows
DOUBLINGS = 4  # between neighbouring cuts outside the reference's range


@dataclass(frozen=True, slots=True, eq=False)
class Ruler:
    """A grid with each cell's lower end, its width, and steps per unit of the column.

    `steps` is 0 where a cell holds one value only (an infinity, a value that occurs often) or NaN: `single` says so.
    """

    grid: Grid
    starts: Floats
    widths: Floats
    steps: Floats
    single: NDArray[np.bool_]


def make(inner: Floats) -> Ruler:
    """A ruler of the ascending `inner` cuts and some far outside them, where a window's values may lie."""
    cells = grid.make(_around(inner), among=inner)
    cuts = cells.cuts
    starts = np.concatenate([[-np.inf], cuts[:-1], [np.nan]])
    ends = np.append(cuts, np.nan)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        single = ~(np.nextafter(starts, np.inf) < ends)
        widths = np.where(single, 0.0, ends - starts)
        steps = np.where(np.isfinite(STEPS / widths), STEPS / widths, 0.0)
    return Ruler(cells, starts, widths, steps, single)


def inner_cuts(ordered: Floats, size: int) -> Floats:
    """Cuts at values of an ascending sample of finite numbers: `size` evenly spaced ones, and more towards both ends.

    Towards the ends there is one at each quantile 2^-k and 1 - 2^-k, out to the extremes: the mean distance lives in
    the tails. A value on which several cuts fall gets a cell of its own; so does every value if there are no more than
    `size`: the Kolmogorov-Smirnov distance is then exact.
    """
    n = ordered.size
    if n == 0:
        return ordered
    halves = n >> np.arange(1, n.bit_length())
    places = np.concatenate([np.arange(1, size + 1) * n // size - 1, halves - 1, n - halves, [0, n - 1]])
    places = np.sort(np.clip(places, 0, n - 1)) if n > size else np.arange(n)
    chosen, occurrences = np.unique(ordered[np.unique(places)], return_counts=True)
    below = np.nextafter(chosen if n <= size else chosen[occurrences > 1], -np.inf)
    return np.unique(np.concatenate([chosen, below]))


def _around(inner: Floats) -> Floats:
    """The cuts, then further ones at growing distances on both sides; infinities get cells of their own."""
    low, high = (float(inner[0]), float(inner[-1])) if inner.size else (0.0, 0.0)
    unit = max(high / 16 - low / 16, abs(low) * 1e-6, 1e-6)
    with np.errstate(over="ignore"):
        distances = np.ldexp(unit, np.arange(0, 2048, DOUBLINGS))  # exact, so the same on every machine
        lower, upper = low - distances[::-1], high + distances
    far = [lower[lower > -LARGEST], inner, upper[upper < LARGEST]]
    return np.unique(np.concatenate([[-np.inf, -LARGEST], *far, [LARGEST]]))
