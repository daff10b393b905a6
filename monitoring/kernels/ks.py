"""Two-sample Kolmogorov-Smirnov: the largest distance between two empirical distribution functions, exact with ties.

Reference: W. J. Conover, Practical Nonparametric Statistics (1999), 6.3. Checked against `scipy.stats.ks_2samp`.
"""

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import ks_law
from monitoring.kernels.compiled import compiled
from monitoring.kernels.ks_law import log_p_value
from monitoring.kernels.pairs import Counts, Pair, pair
from monitoring.kernels.prepared import Integers, prepare
from monitoring.kernels.results import Aside, Comparison, measured

__all__ = ["compare", "log_p_value", "statistic", "warm"]


def compare(samples: Pair) -> Comparison:
    """The distance in [0, 1] and its two-sided p-value."""
    n, m = samples.reference.n, samples.window.n
    inside = _largest_gap(*samples.window_ranks, samples.window.side.upto, n, m)
    # As integers, so that equal samples are at distance 0 and not at 2e-17.
    largest = max(inside, abs(samples.low_gap), abs(samples.high_gap))
    distance = largest / (n * m)
    log_p, law = log_p_value(distance, n, m), ks_law.kind(n, m)
    return measured(distance, log_p, law, Aside.of(samples.window))


def statistic(reference: NDArray[np.float64], window: NDArray[np.float64]) -> float:
    """The distance of two samples that are used only once. Raises ValueError on an empty sample and on NaN."""
    samples = pair(prepare(reference), prepare(window))
    if samples.reference.missing + samples.window.missing > 0:
        raise ValueError("a sample holds NaN: drop and count it first")
    return compare(samples).statistic


def warm() -> None:
    """Compile or load the statistic."""
    compare(pair(prepare([0.0, 1.0]), prepare([0.5])))


@compiled
def _largest_gap(below: Counts, within: Counts, upto: Integers, n: int, m: int) -> int:
    """The gap is highest just below a value of the window, and lowest at one."""
    highest = lowest = 0
    for j in range(below.size):
        highest = max(highest, np.int64(below[j]) * m - upto[j] * n)
        lowest = min(lowest, np.int64(within[j]) * m - upto[j + 1] * n)
    return max(highest, -lowest)
