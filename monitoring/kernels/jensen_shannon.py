"""Jensen-Shannon distance of two binned distributions, in base 2: 0 when equal, 1 when they share no cell.

Reference: D. M. Endres and J. E. Schindelin, IEEE Trans. Inf. Theory 49 (2003), 1858-1860. Checked against
`scipy.spatial.distance.jensenshannon(base=2)`. It needs no floor for empty cells.
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
    divergence = 0.0
    for cell in range(reference.size):
        both = reference[cell] / n + window[cell] / m
        if both > 0.0:
            # With p = middle (1 - x) and q = middle (1 + x) both logarithms join into terms that do not cancel.
            x = shares.gap(reference[cell], n, window[cell], m) / both
            term = 2.0 * math.log(2.0) if abs(x) >= 1.0 else 2.0 * x * math.atanh(x) + math.log1p(-x * x)
            divergence += both / 4.0 * term
    return math.sqrt(min(1.0, divergence / math.log(2.0)))


def warm() -> None:
    """Compile or load what compares counts."""
    distance(np.array([1, 2]), np.array([1, 2]))
