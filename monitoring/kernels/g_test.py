"""The likelihood-ratio (G) test that two samples of categories, or of bins, come from one distribution.

Reference: S. S. Wilks, Ann. Math. Stat. 9 (1938), 60-62. Checked against
`scipy.stats.chi2_contingency(correction=False, lambda_="log-likelihood")`, whose sum cancels where samples agree.
"""

import math

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import contingency, shares
from monitoring.kernels.compiled import compiled

Integers = NDArray[np.int64]


@compiled
def term(before: int, n: int, after: int, m: int) -> float:
    """One cell's part of twice the log-likelihood ratio, each sample's made positive by its share of sum(p - r) = 0."""
    both = before + after
    if both == 0:
        return 0.0
    pooled = both / (n + m)
    step = shares.gap(before, n, after, m) / both
    return 2.0 * pooled * (n * _deviance(-m * step) + m * _deviance(n * step))


@compiled
def _deviance(x: float) -> float:
    """(1 + x) log(1 + x) - x for x >= -1, by its series where that would cancel."""
    if x <= -1.0:
        return 1.0
    if abs(x) > 0.05:
        return (1.0 + x) * math.log1p(x) - x
    total = 0.0
    for k in range(14, 1, -1):
        total = total * -x + 1.0 / (k * (k - 1))
    return total * x * x


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
