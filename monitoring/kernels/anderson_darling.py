"""Two-sample Anderson-Darling: as Cramer-von Mises, but a gap in the tails weighs as much as it surprises there.

Reference: F. W. Scholz and M. A. Stephens, J. Am. Stat. Assoc. 82 (1987), 918-924: their midrank version with k = 2;
the limiting law is that of A. N. Pettitt, Biometrika 63 (1976), 161-168. Checked against
`scipy.stats.anderson_ksamp`, which has the same statistic, but p-values only by interpolation, from 0.001 to 0.25.
"""

import functools
import itertools
import math

import numpy as np
from scipy.special import digamma, polygamma

from monitoring.kernels import limit_laws
from monitoring.kernels.compiled import summing
from monitoring.kernels.pairs import Pair, Ranks, pair
from monitoring.kernels.prepared import Floats, Integers, prepare
from monitoring.kernels.results import Aside, Comparison, Law, log_separation, measured

# So many arrangements of two tiny samples are gone through one by one.
EXACT = 13_000
# Of the limiting law, whose mean is 1.
VARIANCE = 2.0 * (math.pi**2 - 9.0) / 3.0


def compare(samples: Pair) -> Comparison:
    """The standardised statistic T (mean 0, variance 1 without a difference) and its p-value.

    Raises ValueError on fewer than four rows in both samples together, for which there is no variance.
    """
    n, m = samples.reference.n, samples.window.n
    value = (_mean_square(samples) - 1.0) / _deviation(n, m)
    return measured(value, log_p_value(value, n, m), kind(n, m), Aside.of(samples.window))


def kind(n: int, m: int) -> Law:
    """Which law samples of n and m rows are judged by."""
    return "exact" if math.comb(n + m, min(n, m, 20)) <= EXACT else "asymptotic"


def log_p_value(value: float, n: int, m: int) -> float:
    """Natural logarithm of the p-value: by all arrangements, or the limiting law with the variance of n and m rows."""
    least = log_separation(n, m)
    if kind(n, m) == "exact":
        share = float((_arrangements(n, m) >= value - 1e-9).mean())
        return max(math.log(share), least) if share > 0.0 else least
    return max(limit_laws.log_anderson_darling(1.0 + value * math.sqrt(VARIANCE)), least)


def warm() -> None:
    """Compile or load the statistic."""
    compare(pair(prepare(np.arange(30.0)), prepare([0.5, 2.0])))


def _mean_square(samples: Pair) -> float:
    """The statistic before it is standardised: 1 on average."""
    reference, window = samples.reference, samples.window
    n, m = reference.n, window.n
    ours = _sum(samples.window_ranks, window.side.upto, m, n, 1.0)
    # What both samples hold has been counted with the window's values.
    theirs = _sum(samples.reference_ranks, reference.side.upto, n, m, 0.0)
    low, high = reference.low + window.low, reference.high + window.high
    atoms = _term(float(low), 0.0, float(low), float(samples.low_gap), float(n + m))
    atoms += _term(float(high), float(n + m - high), float(n + m), float(samples.high_gap), float(n + m))
    return (ours + theirs + atoms) * (n + m - 1) / (n + m) / n / m


@summing
def _sum(ranks: Ranks, upto: Integers, n: int, m: int, shared: float) -> float:
    """Over the values of the sample of n rows; those of the other at the same value weigh by `shared`."""
    total = 0.0
    for j in range(ranks.below.size):
        before, after = float(ranks.below[j] + upto[j]), float(ranks.within[j] + upto[j + 1])
        gaps = float((np.int64(ranks.below[j]) + np.int64(ranks.within[j])) * n - (upto[j] + upto[j + 1]) * m)
        weight = 1.0 if ranks.below[j] == ranks.within[j] else shared
        total += weight * _term(after - before, before, after, gaps, float(n + m))
    return total


@summing
def _term(rows: float, before: float, after: float, gaps: float, total: float) -> float:
    """Rows at a value, rows of both samples below it and up to it, and the sum of the gaps on both its sides."""
    spread = (before + after) * (2.0 * total - before - after) - total * rows
    # All rows at one value: no gap, and no spread either.
    return rows * gaps * gaps / (spread if spread > 0.0 else 1.0)


@functools.lru_cache(maxsize=256)
def _deviation(n: int, m: int) -> float:
    """Standard deviation of the statistic for a continuous column (Scholz and Stephens, 4)."""
    total = n + m
    if total < 4:
        raise ValueError(f"{total} rows in both samples: Anderson-Darling needs four")
    inverse = 1.0 / n + 1.0 / m
    h = float(digamma(total)) + np.euler_gamma
    # Their double sum g, in harmonic numbers.
    g = h * h - (h + 1.0 / total) ** 2 + math.pi**2 / 6.0 - float(polygamma(1, total + 1))
    a = 4.0 * g - 6.0 + (10.0 - 6.0 * g) * inverse
    b = 4.0 * (2.0 * g - 4.0) + 16.0 * h + (2.0 * g - 14.0 * h - 4.0) * inverse - 8.0 * h + 4.0 * g - 6.0
    c = 4.0 * (6.0 * h + 2.0 * g - 2.0) + 2.0 * (4.0 * h - 4.0 * g + 6.0) + (2.0 * h - 6.0) * inverse + 4.0 * h
    d = 4.0 * (2.0 * h + 6.0) - 8.0 * h
    return math.sqrt((((a * total + b) * total + c) * total + d) / ((total - 1.0) * (total - 2.0) * (total - 3.0)))


@functools.lru_cache(maxsize=64)
def _arrangements(n: int, m: int) -> Floats:
    """The standardised statistic of every order of n and m rows without ties."""
    total = n + m
    places = np.arange(1, total)
    orders = np.zeros((math.comb(total, m), total), np.int64)
    for order, window in zip(orders, itertools.combinations(range(total), m), strict=True):
        order[list(window)] = 1
    theirs = np.cumsum(orders, axis=1)[:, :-1]
    gaps = (places - theirs) * m - theirs * n
    return np.asarray(((_continuous(gaps, places, total) / n / m) - 1.0) / _deviation(n, m))


def _continuous(gaps: Integers, places: Integers, total: int) -> Floats:
    before = np.pad(gaps, ((0, 0), (1, 1))).astype(np.float64)
    both = 2.0 * np.concatenate([[0], places]) + 1.0
    terms = (before[:, :-1] + before[:, 1:]) ** 2 / (both * (2.0 * total - both) - total)
    return np.asarray(terms.sum(axis=1) * (total - 1) / total)
