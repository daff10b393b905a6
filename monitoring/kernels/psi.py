"""Population stability index: the symmetrised Kullback-Leibler divergence of two binned distributions, in nats.

Reference: B. Yurdakul, Statistical Properties of Population Stability Index (2018), which also gives its expected value
without drift. PSI has no standard, so the constants below are part of what a figure means: DEFINITION names them.
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import shares
from monitoring.kernels.compiled import compiled

Integers = NDArray[np.int64]

# A share counts as no less than half a row of its sample, nor than FLOOR. (FLOOR alone makes a rare category that a
# small window lacks look like drift; half a row alone makes one row of a million look like it.)
FLOOR = 1e-4
DEFINITION = (
    "psi-2: 20 quantile bins or categories, a cell for unseen and one for missing, nats, floor 1e-4 or half a row"
)


@compiled
def index(reference: Integers, window: Integers) -> float:
    """PSI >= 0 of two arrays of cell counts; cells empty in both add nothing. Raises ValueError on an empty sample."""
    n, m = shares.sizes(reference, window)
    total = 0.0
    for cell in range(reference.size):
        if reference[cell] + window[cell] > 0:
            before = max(reference[cell] / n, 0.5 / n, FLOOR)
            after = max(window[cell] / m, 0.5 / m, FLOOR)
            difference = after - before
            if before == reference[cell] / n and after == window[cell] / m:
                difference = shares.gap(reference[cell], n, window[cell], m)
            total += difference * math.log1p(difference / before)
    return total


@compiled
def expected(reference: Integers, window: Integers) -> float:
    """What PSI is on average when nothing drifted: (cells in use - 1) (1/n + 1/m)."""
    n, m = shares.sizes(reference, window)
    used = 0
    for cell in range(reference.size):
        used += reference[cell] + window[cell] > 0
    return (used - 1) * (1.0 / n + 1.0 / m)


def warm() -> None:
    """Compile or load what compares counts."""
    counts = np.array([1, 2])
    index(counts, counts)
    expected(counts, counts)
