"""Whether two arrays of cell counts are samples of one distribution: the law of a statistic that is a sum over cells.

References: W. G. Cochran, Biometrics 10 (1954), 417-451, for when the chi-square law holds; G. H. Freeman and
J. H. Halton, Biometrika 38 (1951), 141-149, for counting all tables with the same margins.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln, logsumexp

from monitoring.kernels.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Law = Literal["asymptotic", "exact", "simulated"]
Term = Callable[[int, int, int, int], float]

LOG_10 = math.log(10.0)
MOST_TABLES = 200_000
DRAWS = 9_999
MOST_ROWS = 10**9  # numpy draws no hypergeometric numbers beyond; with so many rows the asymptotic law stands in
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Result:
    """A statistic and its p-value under one distribution. `p_value` may underflow to 0, `log10_p` never does.

    exact: every table with these margins was counted; simulated: 9,999 of them, drawn with a fixed seed, so that no
    p-value is below 1/10,000; asymptotic: the chi-square law with `degrees` degrees of freedom.
    """

    statistic: float
    degrees: int
    p_value: float
    log10_p: float
    law: Law


def result(reference: Integers, window: Integers, value: float, term: Term) -> Result:
    """The law of a statistic of two arrays of counts that is the sum of term(before, n, after, m) over their cells.

    Exact where the chi-square law fails (an expected count below 1, or a fifth of them below 5) and the tables can be
    counted; simulated where they are too many.
    """
    pooled = (reference + window)[reference + window > 0]
    sizes = int(reference.sum()), int(window.sum())
    law, log_p = _log_p(pooled, sizes, value, term)
    return Result(value, pooled.size - 1, math.exp(log_p), log_p / LOG_10, law)


def log_p_value(value: float, degrees: int) -> float:
    """Natural logarithm of the chi-square law's upper tail, finite however large the value. No degrees: log 1."""
    if degrees == 0:
        return 0.0
    shape, x = degrees / 2.0, value / 2.0
    if x < shape + 1.0:
        return math.log(gammaincc(shape, x))
    return -x + shape * math.log(x) - math.lgamma(shape) + math.log(_continued_fraction(shape, x))


def joined(reference: Integers, window: Integers, *, least: float = 5.0) -> tuple[Integers, Integers]:
    """Both arrays with the cells that expect fewer than `least` rows made into one, the first.

    Rarity is judged on both samples together, so that neither is favoured.
    """
    n, m = int(reference.sum()), int(window.sum())
    rare = (reference + window) * (min(n, m) / max(n + m, 1)) < least
    before, after = (np.insert(counts[~rare], 0, counts[rare].sum()) for counts in (reference, window))
    return before, after


def warm() -> None:
    """Compile or load the law's tail."""
    log_p_value(50.0, 2)


def _log_p(pooled: Integers, sizes: tuple[int, int], value: float, term: Term) -> tuple[Law, float]:
    if pooled.size == 1:
        return "exact", 0.0
    least = pooled * (min(sizes) / sum(sizes))
    if (least.min() >= 1.0 and float((least < 5.0).mean()) <= 0.2) or sum(sizes) >= MOST_ROWS:
        return "asymptotic", log_p_value(value, pooled.size - 1)
    if math.prod(int(cell) + 1 for cell in np.sort(pooled)[:-1]) <= MOST_TABLES:
        return "exact", _counted(np.sort(pooled), sizes, value, term)
    return "simulated", _simulated(pooled, sizes, value, term)


def _counted(pooled: Integers, sizes: tuple[int, int], value: float, term: Term) -> float:
    """log of the share of all tables, each with its hypergeometric weight, whose statistic is no less."""
    n, m = sizes
    taken, cost, weight = np.zeros(1, np.int64), np.zeros(1), np.zeros(1)
    for cell in pooled[:-1].tolist():
        share = np.arange(cell + 1)
        terms = np.array([term(cell - a, n, a, m) for a in share.tolist()])
        taken = np.add.outer(taken, share).ravel()
        cost, weight = np.add.outer(cost, terms).ravel(), np.add.outer(weight, _log_ways(cell, share)).ravel()
        possible = taken <= m
        taken, cost, weight = taken[possible], cost[possible], weight[possible]
    last, rest = int(pooled[-1]), m - taken
    possible = rest <= last
    rest, cost, weight = rest[possible], cost[possible], weight[possible]
    low = int(rest.min())
    terms = np.array([term(last - a, n, a, m) for a in range(low, int(rest.max()) + 1)])
    cost, weight = cost + terms[rest - low], weight + _log_ways(last, rest)
    extreme = weight[cost >= value * (1.0 - ROUNDING)]
    return min(0.0, float(logsumexp(extreme) - logsumexp(weight)))


def _simulated(pooled: Integers, sizes: tuple[int, int], value: float, term: Term) -> float:
    n, m = sizes
    drawn = np.random.default_rng(0).multivariate_hypergeometric(pooled, m, size=DRAWS)
    found = np.zeros(DRAWS)
    for cell, column in zip(pooled.tolist(), drawn.T, strict=True):
        low = int(column.min())
        terms = np.array([term(cell - a, n, a, m) for a in range(low, int(column.max()) + 1)])
        found += terms[column - low]
    extreme = int((found >= value * (1.0 - ROUNDING)).sum())
    return math.log((1 + extreme) / (1 + DRAWS))


def _log_ways(cell: int, taken: Integers) -> Floats:
    ways: Floats = gammaln(cell + 1) - gammaln(taken + 1) - gammaln(cell - taken + 1)
    return ways


@compiled
def _continued_fraction(shape: float, x: float) -> float:
    """Upper incomplete gamma function over exp(-x) x^shape, for x >= shape + 1 (J. A. Lentz, Appl. Opt. 15 (1976))."""
    b = x + 1.0 - shape
    c = 1e300
    d = 1.0 / b
    total = d
    for step in range(1, 10_000):
        a = -step * (step - shape)
        b += 2.0
        d = 1.0 / (a * d + b)
        c = b + a / c
        total *= d * c
        if abs(d * c - 1.0) < 1e-15:
            break
    return total
