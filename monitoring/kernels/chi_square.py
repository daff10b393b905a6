"""Chi-square test that two samples of categories come from one distribution.

Reference: K. Pearson, Phil. Mag. 50 (1900), 157-175; for the tail, Numerical Recipes 6.2 (Lentz's continued fraction of
the incomplete gamma function). Checked against `scipy.stats.chi2_contingency(correction=False)`.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from monitoring.kernels.compiled import compiled


@compiled
def counts(codes: NDArray[np.int64], levels: int) -> NDArray[np.int64]:
    """Count int64 codes 0 .. levels-1 into `levels` cells, then unseen ones (>= levels), then missing ones (< 0)."""
    cells = np.zeros(levels + 2, np.int64)
    for code in codes:
        if code < 0:
            cells[levels + 1] += 1
        else:
            cells[min(code, levels)] += 1
    return cells


@compiled
def statistic(reference: NDArray[np.int64], window: NDArray[np.int64]) -> tuple[float, int]:
    """The statistic and its degrees of freedom for two arrays of cell counts; cells empty in both are left out.

    Raises ValueError when a sample has no rows. Cells expected to hold less than one row make the p-value too small:
    join them first.
    """
    n = float(reference.sum())
    m = float(window.sum())
    if n == 0.0 or m == 0.0:
        raise ValueError("a sample is empty")
    total = 0.0
    used = 0
    for cell in range(reference.size):
        both = float(reference[cell] + window[cell])
        if both > 0.0:
            # n m (p - q)^2 / both summed over cells is Pearson's sum over both rows of the table.
            total += n * m * (reference[cell] / n - window[cell] / m) ** 2 / both
            used += 1
    return total, used - 1


def log_p_value(value: float, degrees: int) -> float:
    """Natural logarithm of the p-value; finite however large the statistic. No degrees of freedom: log 1."""
    if degrees == 0:
        return 0.0
    shape, x = degrees / 2.0, value / 2.0
    if x < shape + 1.0:
        return math.log(gammaincc(shape, x))
    return -x + shape * math.log(x) - math.lgamma(shape) + math.log(_continued_fraction(shape, x))


@compiled
def _continued_fraction(shape: float, x: float) -> float:
    """Upper incomplete gamma function over exp(-x) x^shape, for x >= shape + 1."""
    b = x + 1.0 - shape
    c = 1e300
    d = 1.0 / b
    result = d
    for step in range(1, 10_000):
        a = -step * (step - shape)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        result *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return result
