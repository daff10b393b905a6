"""A second look at the rows of the few cells that a sketch leaves open makes its distances exact.

open_cells = exact.open_for_ks(reference, window, ruler)
few = np.concatenate([exact.kept(chunk, open_cells, ruler) for chunk in chunks])    # of the window, and the same
exact.ks((reference, few_of_reference), (window, few), open_cells)                  # of the reference
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import grid, shares
from monitoring.kernels.compiled import compiled
from monitoring.kernels.sketches import distances
from monitoring.kernels.sketches.counts import Sketch, sketch
from monitoring.kernels.sketches.ruler import STEPS, Ruler, make

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Cells = NDArray[np.bool_]
Seen = tuple[Sketch, Floats]


def open_for_ks(reference: Sketch, window: Sketch, ruler: Ruler) -> Cells:
    """The cells in which the distance might be larger than at every cut; all false means that it is known already."""
    bounds = distances.ks(reference, window, ruler)
    return np.append(distances.cell_ks(reference.rows[:-1], window.rows[:-1], ruler.single) > bounds.low, False)


def open_for_wasserstein(reference: Sketch, window: Sketch, ruler: Ruler) -> Cells:
    """The cells in which the functions may cross."""
    low, high = distances.cell_areas(reference.rows[:-1], reference.steps, window.rows[:-1], window.steps, ruler.widths)
    inside = reference.rows[:-1] / reference.n + window.rows[:-1] / window.n
    # Rounding alone leaves less than this.
    return np.append(high - low > 4.0 * inside * ruler.widths[:-1] / STEPS, False)


def kept(values: Floats, cells: Cells, ruler: Ruler) -> Floats:
    """A chunk's values that lie in these cells."""
    chosen: Floats = values[cells[grid.cells(values, ruler.grid)]]
    return chosen


def ks(reference: Seen, window: Seen, cells: Cells) -> float:
    """The exact distance, from both sketches and both sides' values in the open cells."""
    return _ks(reference[0].rows, np.sort(reference[1]), window[0].rows, np.sort(window[1]), cells)


def wasserstein(reference: Seen, window: Seen, cells: Cells, ruler: Ruler) -> float:
    """The distance, exact but for rounding to 2^-30 of the cells that one look was enough for."""
    (before, values), (after, others) = reference, window
    if distances.differ_at_infinity(before.rows[:-1], after.rows[:-1]):
        return math.inf
    low, high = distances.cell_areas(before.rows[:-1], before.steps, after.rows[:-1], after.steps, ruler.widths)
    closed = float(((low + high) / 2.0)[~cells[:-1]].sum())
    area = _area(before.rows, np.sort(values), after.rows, np.sort(others), cells, ruler.starts)
    return closed + area


def warm() -> None:
    """Compile or load both."""
    measure = make(np.array([1.0, 2.0]))
    few, every = np.array([1.25, 1.5]), np.ones(measure.grid.size, np.bool_)
    seen = sketch(few, measure), few
    ks(seen, seen, every)
    wasserstein(seen, seen, every, measure)


@compiled
def _ks(before: Integers, values: Floats, after: Integers, others: Floats, cells: Cells) -> float:
    n, m = shares.sizes(before[:-1], after[:-1])
    largest = 0.0
    i = j = above = below = 0
    for cell in range(before.size - 1):
        if cells[cell]:
            last_i, last_j = i + before[cell], j + after[cell]
            while i < last_i and j < last_j:
                value = min(values[i], others[j])
                while i < last_i and values[i] == value:
                    i += 1
                    above += 1
                while j < last_j and others[j] == value:
                    j += 1
                    below += 1
                largest = max(largest, abs(shares.gap(above, n, below, m)))
            above += last_i - i
            below += last_j - j
            i, j = last_i, last_j
        else:
            above += before[cell]
            below += after[cell]
        largest = max(largest, abs(shares.gap(above, n, below, m)))
    return largest


@compiled
def _area(before: Integers, values: Floats, after: Integers, others: Floats, cells: Cells, starts: Floats) -> float:
    n, m = shares.sizes(before[:-1], after[:-1])
    area = 0.0
    i = j = above = below = 0
    for cell in range(before.size - 1):
        if not cells[cell]:
            above += before[cell]
            below += after[cell]
            continue
        last_i, last_j = i + before[cell], j + after[cell]
        position = starts[cell]
        while i < last_i or j < last_j:
            value = starts[cell + 1]
            if i < last_i:
                value = values[i]
            if j < last_j:
                value = min(value, others[j])
            area += (value - position) * abs(shares.gap(above, n, below, m))
            position = value
            while i < last_i and values[i] == value:
                i += 1
                above += 1
            while j < last_j and others[j] == value:
                j += 1
                below += 1
        area += (starts[cell + 1] - position) * abs(shares.gap(above, n, below, m))
    return area
