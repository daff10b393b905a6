"""Jensen-Shannon distance of two binned distributions, in base 2: 0 when equal, 1 when they share no cell.

Reference: D. M. Endres and J. E. Schindelin, IEEE Trans. Inf. Theory 49 (2003), 1858-1860. Checked against
`scipy.spatial.distance.jensenshannon(base=2)`. It needs no floor for empty cells.
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled


@compiled
def distance(reference: NDArray[np.int64], window: NDArray[np.int64]) -> float:
    """Distance in [0, 1] of two arrays of cell counts. Raises ValueError when one has no rows."""
    n = reference.sum()
    m = window.sum()
    if n == 0 or m == 0:
        raise ValueError("a sample is empty")
    divergence = 0.0
    for cell in range(reference.size):
        before = reference[cell] / n
        after = window[cell] / m
        middle = (before + after) / 2.0
        if before > 0.0:
            divergence += before * math.log2(before / middle)
        if after > 0.0:
            divergence += after * math.log2(after / middle)
    return math.sqrt(min(1.0, max(0.0, divergence / 2.0)))
