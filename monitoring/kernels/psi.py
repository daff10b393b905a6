"""Population stability index: the symmetrised Kullback-Leibler divergence of two binned distributions, in nats.

Reference: B. Yurdakul, Statistical Properties of Population Stability Index (2018), which also gives its expected value
without drift. PSI has no standard: ours uses natural logarithms, and a share counts as no less than half a row of its
sample, nor than FLOOR. (FLOOR alone makes a rare category that a small window lacks look like drift.)
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled

FLOOR = 1e-4


@compiled
def counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many float64 `values` (any order) fall into each bin of ascending `edges`; NaN has a last cell of its own.

    k edges make k + 1 bins, closed on the right: (-inf, e1], (e1, e2], ..., (ek, inf]; so k + 2 cells are returned.
    """
    cells = np.zeros(edges.size + 2, np.int64)
    for value in values:
        cell = 0
        for edge in edges:
            cell += value > edge
        if np.isnan(value):
            cell = edges.size + 1
        cells[cell] += 1
    return cells


@compiled
def index(reference: NDArray[np.int64], window: NDArray[np.int64]) -> float:
    """PSI >= 0 of two arrays of cell counts; cells empty in both add nothing. Raises ValueError on an empty sample."""
    n = reference.sum()
    m = window.sum()
    if n == 0 or m == 0:
        raise ValueError("a sample is empty")
    total = 0.0
    for cell in range(reference.size):
        if reference[cell] + window[cell] > 0:
            before = max(reference[cell] / n, 0.5 / n, FLOOR)
            after = max(window[cell] / m, 0.5 / m, FLOOR)
            total += (after - before) * math.log(after / before)
    return total


@compiled
def expected(reference: NDArray[np.int64], window: NDArray[np.int64]) -> float:
    """What PSI is on average when nothing drifted: (cells in use - 1) (1/n + 1/m)."""
    used = 0
    for cell in range(reference.size):
        used += reference[cell] + window[cell] > 0
    return (used - 1) * (1.0 / float(reference.sum()) + 1.0 / float(window.sum()))
