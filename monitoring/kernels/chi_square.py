"""Pearson's chi-square test that two samples of categories, or of bins, come from one distribution.

Reference: K. Pearson, Phil. Mag. 50 (1900), 157-175. Checked against `scipy.stats.chi2_contingency(correction=False)`.
"""

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import contingency, shares
from monitoring.kernels.compiled import compiled

Integers = NDArray[np.int64]


@compiled
def term(before: int, n: int, after: int, m: int) -> float:
    """One cell's part: n m (q - p)^2 over its rows is Pearson's sum over both rows of the table."""
    both = before + after
    if both == 0:
        return 0.0
    return float(n) * float(m) * shares.gap(before, n, after, m) ** 2 / both


@compiled
def statistic(reference: Integers, window: Integers) -> float:
    """The sum over the cells of two arrays of counts. Raises ValueError when a sample has no rows."""
    n, m = shares.sizes(reference, window)
    total = 0.0
    for cell in range(reference.size):
        total += term(reference[cell], n, window[cell], m)
    return total


def test(reference: Integers, window: Integers) -> contingency.Result:
    """Two arrays of cell counts; cells empty in both are left out. Raises ValueError when a sample has no rows."""
    return contingency.result(reference, window, statistic(reference, window), term)


def warm() -> None:
    """Compile or load the statistic and its terms."""
    test(np.array([1, 2]), np.array([2, 1]))
