"""Wasserstein-1 (earth mover's) distance: the area between two empirical distribution functions, in the column's unit.

Reference: S. S. Vallender, Theory Probab. Appl. 18 (1974), 784-786. Checked against `scipy.stats.wasserstein_distance`.
"""

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled


@compiled
def distance(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    """Distance >= 0 of two ascending float64 samples.

    Infinite when the shares at -inf or at +inf differ; equal shares there cost nothing. Raises ValueError on an empty
    sample and on NaN.
    """
    n = reference.size
    m = window.size
    if n == 0 or m == 0:
        raise ValueError("a sample is empty")
    if np.isnan(reference[n - 1]) or np.isnan(window[m - 1]):
        raise ValueError("a sample holds NaN: drop and count it first")
    i = j = gap = 0
    value = area = 0.0
    while i < n or j < m:
        following = np.inf
        if i < n:
            following = reference[i]
        if j < m:
            following = min(following, window[j])
        # The gap is an integer: where it is exactly 0 an infinite step adds nothing instead of NaN.
        if gap != 0:
            area += float(gap) * (following - value)
        value = following
        while i < n and reference[i] == value:
            i += 1
        while j < m and window[j] == value:
            j += 1
        gap = abs(i * m - j * n)
    return area / (float(n) * float(m))
