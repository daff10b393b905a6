"""Categories that the reference does not hold: how many rows of a window chance alone puts there.

A category is new because its rows happen to lie in the window, so a table with a cell "unseen" is biased: it holds no
row of the reference by construction. Shuffling all rows again instead, a category of c rows lies wholly in the window
with a hypergeometric chance, and the new rows are a sum of such accidents. They hinder one another (K. Joag-Dev and F.
Proschan, Ann. Stat. 11 (1983), 286-295), so taking them as independent makes p-values too large, never too small. The
expected rate is the one of I. J. Good, Biometrika 40 (1953), 237-264, up to order 1 / n.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from monitoring.kernels.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LOG_10 = math.log(10.0)
MOST_STEPS = 20_000_000
LEAST = 1e-9
STEEPEST = 700.0


@dataclass(frozen=True, slots=True)
class Result:
    """`rows` of the window in `levels` new categories, the number of rows expected without drift, and the p-value."""

    rows: int
    levels: int
    expected: float
    p_value: float
    log10_p: float


def test(reference: Integers, window: Integers) -> Result:
    """Two arrays of counts of the same categories, those of both samples. Raises ValueError when one has no rows."""
    n, m = int(reference.sum()), int(window.sum())
    if n == 0 or m == 0:
        raise ValueError("a sample is empty")
    new = window[(reference == 0) & (window > 0)]
    pooled, times = np.unique((reference + window)[reference + window > 0], return_counts=True)
    chances = _wholly_in(pooled, n, m)
    log_p = _log_tail(pooled, times, chances, int(new.sum()))
    expected = float((pooled * times * chances).sum())
    return Result(int(new.sum()), new.size, expected, math.exp(log_p), log_p / LOG_10)


def warm() -> None:
    """Compile or load the sum over categories."""
    test(np.array([3, 0]), np.array([2, 1]))


def _wholly_in(pooled: Integers, n: int, m: int) -> Floats:
    """The chance that a category with so many rows has all of them in the window."""
    inside = np.minimum(pooled, m)
    logs = gammaln(m + 1) - gammaln(m - inside + 1) - gammaln(n + m + 1) + gammaln(n + m - inside + 1)
    chances: Floats = np.where(pooled <= m, np.exp(np.minimum(logs, 0.0)), 0.0)
    return chances


def _log_tail(sizes: Integers, times: Integers, chances: Floats, rows: int) -> float:
    """log P(rows or more): summed exactly, or bounded from above where that is too small or too long."""
    if rows == 0:
        return 0.0
    if int(times.sum()) * rows <= MOST_STEPS:
        chance = 1.0 - _below(sizes, times, chances, rows)
        if chance > LEAST:
            return math.log(min(1.0, chance))
    return _chernoff(sizes, times, chances, rows)


@compiled
def _below(sizes: Integers, times: Integers, chances: Floats, rows: int) -> float:
    """P(fewer than `rows`), adding one category after the other."""
    law = np.zeros(rows)
    law[0] = 1.0
    for group in range(sizes.size):
        size, chance = sizes[group], chances[group]
        for _ in range(times[group]):
            for total in range(rows - 1, -1, -1):
                law[total] *= 1.0 - chance
                if total >= size:
                    law[total] += law[total - size] * chance
    total_law: float = law.sum()
    return total_law


def _chernoff(sizes: Integers, times: Integers, chances: Floats, rows: int) -> float:
    """The least upper bound E exp(t X) exp(-t rows) over t >= 0 (H. Chernoff, Ann. Math. Stat. 23 (1952), 493-507)."""
    possible = chances > 0.0
    sizes, times, chances = sizes[possible], times[possible], chances[possible]
    never = np.log1p(-np.minimum(chances, 1.0 - 1e-16))
    log_odds = np.log(chances) - never
    low, high = 0.0, STEEPEST
    for _ in range(100):
        middle = (low + high) / 2.0
        mean = float((times * sizes / (1.0 + np.exp(-np.clip(log_odds + middle * sizes, -700.0, 700.0)))).sum())
        low, high = (middle, high) if mean < rows else (low, middle)
    grown = float((times * (never + np.logaddexp(0.0, log_odds + low * sizes))).sum())
    return min(0.0, grown - low * rows)
