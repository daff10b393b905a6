"""Two-sample Kolmogorov-Smirnov: the largest distance between two empirical distribution functions.

Reference: W. J. Conover, Practical Nonparametric Statistics (1999), 6.3; for the p-value N. V. Smirnov's one-sided law
in Z. W. Birnbaum and F. H. Tingey, Ann. Math. Stat. 22 (1951), 592-596. Checked against
`scipy.stats.ks_2samp(method="asymp")`.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwo

from monitoring.kernels.compiled import compiled

# From here on twice the one-sided law is the two-sided one to ten digits, and only its logarithm does not underflow.
TAIL = 2.2


@compiled
def statistic(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    """Distance in [0, 1] of two ascending float64 samples, exact with ties and infinities.

    Raises ValueError on an empty sample and on NaN (which sorts last, so one look finds it).
    """
    n = reference.size
    m = window.size
    if n == 0 or m == 0:
        raise ValueError("a sample is empty")
    if np.isnan(reference[n - 1]) or np.isnan(window[m - 1]):
        raise ValueError("a sample holds NaN: drop and count it first")
    i = j = largest = 0
    while i < n and j < m:
        value = min(reference[i], window[j])
        while i < n and reference[i] == value:
            i += 1
        while j < m and window[j] == value:
            j += 1
        # Compared as integers, so that equal samples are at distance 0 and not at 2e-17.
        largest = max(largest, abs(i * m - j * n))
    return largest / (float(n) * float(m))


def log_p_value(distance: float, reference_size: int, window_size: int) -> float:
    """Natural logarithm of the asymptotic two-sided p-value; finite however large the distance.

    Never below the probability of complete separation, 2 / C(n + m, n), which the asymptotic law ignores.
    """
    pairs = reference_size * window_size
    size = max(1, round(pairs / (reference_size + window_size)))
    if size * distance * distance < TAIL:
        chance = float(kstwo.sf(distance, size))
        asymptotic = math.log(chance) if chance > 0.0 else -math.inf
    else:
        asymptotic = min(0.0, math.log(2.0) + _log_one_sided(distance, size))
    total = reference_size + window_size
    ways = math.lgamma(total + 1) - math.lgamma(reference_size + 1) - math.lgamma(window_size + 1)
    return max(asymptotic, min(0.0, math.log(2.0) - ways))


@compiled
def _log_one_sided(distance: float, size: int) -> float:
    """log P(D+ >= distance) for one sample of `size`: Smirnov's sum, all of whose terms are positive, in logarithms."""
    terms = math.floor(size * (1.0 - distance)) + 1
    logs = np.full(terms, -np.inf)
    for j in range(terms):
        left = distance + j / size
        right = 1.0 - left
        if right > 0.0:
            ways = math.lgamma(size + 1.0) - math.lgamma(j + 1.0) - math.lgamma(size - j + 1.0)
            logs[j] = ways + (j - 1) * math.log(left) + (size - j) * math.log(right)
    largest = logs.max()
    if largest == -np.inf:
        return -math.inf
    total: float = np.exp(logs - largest).sum()
    return math.log(distance) + float(largest) + math.log(total)
