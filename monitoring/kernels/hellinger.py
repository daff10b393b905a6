"""Hellinger distance of two binned distributions: 0 when equal, 1 when they share no cell.

Reference: E. Hellinger, J. reine angew. Math. 136 (1909), 210-271; D. Pollard, A User's Guide to Measure Theoretic
Probability (2002), 3.3. With drift d the total variation lies between d^2 and sqrt(2) d. It needs no floor.
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import shares
from monitoring.kernels.compiled import compiled


@compiled
def distance(reference: NDArray[np.int64], window: NDArray[np.int64]) -> float:
    """Distance in [0, 1] of two arrays of cell counts. Raises ValueError when one has no rows."""
    n, m = shares.sizes(reference, window)
    total = 0.0
    for cell in range(reference.size):
        roots = math.sqrt(reference[cell] / n) + math.sqrt(window[cell] / m)
        if roots > 0.0:
            # sqrt(q) - sqrt(p), from the exact difference.
            total += (shares.gap(reference[cell], n, window[cell], m) / roots) ** 2
    return math.sqrt(min(1.0, total / 2.0))


def warm() -> None:
    """Compile or load what compares counts."""
    distance(np.array([1, 2]), np.array([1, 2]))
