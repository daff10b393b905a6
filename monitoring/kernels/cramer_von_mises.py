"""Two-sample Cramer-von Mises: the squared distance of two empirical distribution functions, added over all rows.

Reference: T. W. Anderson, Ann. Math. Stat. 33 (1962), 1148-1159; the exact law after Y. Xiao, A. Gordon and A.
Yakovlev, J. Stat. Softw. 17 (2006). Checked against `scipy.stats.cramervonmises_2samp` (without ties) and exact
integers.
"""

import functools
import math

import numpy as np

from monitoring.kernels import limit_laws
from monitoring.kernels.compiled import summing
from monitoring.kernels.pairs import Counts, Pair, pair
from monitoring.kernels.prepared import Floats, Integers, Prepared, prepare
from monitoring.kernels.results import Aside, Comparison, Law, log_separation, measured

# In each sample; the number of arrangements that must be told apart grows too fast for more.
EXACT = 20


def compare(samples: Pair) -> Comparison:
    """Anderson's T >= 0 and its p-value."""
    n, m = samples.reference.n, samples.window.n
    value = statistic(samples)
    return measured(value, log_p_value(value, n, m), kind(n, m), Aside.of(samples.window))


def statistic(samples: Pair) -> float:
    """T, as the squared gaps before and after each row, on average, over all rows, times n m / (n + m).

    Without ties that is Anderson's T to the last digit, but a sum of squares: his sums of squared ranks leave a
    difference of two numbers of size n m. With ties his midranks (and so scipy) find drift where there is none as
    soon as n and m differ: T = (n - m)^2 (n + m) / (12 n m) for one and the same constant. This is 0 there.
    """
    n, m = samples.reference.n, samples.window.n
    return _squares(samples) / n / m / (2.0 * (n + m) ** 2)


def kind(n: int, m: int) -> Law:
    """Which law samples of n and m rows are judged by."""
    return "exact" if max(n, m) <= EXACT else "asymptotic"


def log_p_value(value: float, n: int, m: int) -> float:
    """Natural logarithm of the p-value of samples of n and m rows.

    P(T >= value) by counting arrangements, or the limiting law of T with its mean and variance made those of n and m.
    """
    least = log_separation(n, m)
    if kind(n, m) == "exact":
        share = _share_from(value, n, m)
        return max(math.log(share), least) if share > 0.0 else least  # with ties T goes beyond complete separation
    total = n + m
    mean = (1.0 + 1.0 / total) / 6.0
    # Python's integers, because the third powers of large samples overflow.
    variance = (total + 1) * (4 * m * n * total - 3 * (m * m + n * n) - 2 * m * n) / (45 * 4 * total**2 * m * n)
    scaled = 1.0 / 6.0 + (value - mean) / math.sqrt(45.0 * variance)
    return max(limit_laws.log_cramer_von_mises(scaled), least)


def warm() -> None:
    """Compile or load the statistic."""
    compare(pair(prepare(np.arange(30.0)), prepare([0.5, 2.0])))


def _squares(samples: Pair) -> float:
    """Over all values, the rows there times the sum of the squared gaps on both sides."""
    reference, window = samples.reference, samples.window
    below, within = samples.window_ranks
    n, m = reference.n, window.n
    total = _finite(below, within, window.side.upto, n, m)
    # The rows at the infinities, and runs of the reference before the window's first value and after its last.
    total += (reference.low + window.low) * float(samples.low_gap) ** 2
    total += (reference.high + window.high) * float(samples.high_gap) ** 2
    first, last = (int(below[0]), int(within[-1])) if below.size else (int(reference.upto[-1]),) * 2
    total += _run(float(first - reference.low), float(samples.low_gap), float(m))
    total += _run(float(reference.upto[-1] - last), float(last * m - int(window.upto[-1]) * n), float(m))
    # A run takes its rows one by one, infinitely fine; this is what their steps add.
    shared = 0.0 if within is below else _cubes((within - below).astype(np.int64))
    return total + m * m / 3.0 * (_tied_cubes(reference) - shared)


def _tied_cubes(sample: Prepared) -> float:
    """Sum of the third powers of the numbers of rows at each finite value."""
    values = sample.upto.size - 1
    without_ties = int(sample.upto[-1]) - sample.low == values
    return float(values) if without_ties else _cubes(np.diff(sample.upto))


@summing
def _finite(below: Counts, within: Counts, upto: Integers, n: int, m: int) -> float:
    """The window's values, and the run of the reference's values after each of them but the last."""
    total = 0.0
    last = below.size - 1
    for j in range(below.size):
        under = float(np.int64(below[j]) * m - upto[j] * n)
        above = float(np.int64(within[j]) * m - upto[j + 1] * n)
        rows = float(within[j] - below[j]) + float(upto[j + 1] - upto[j])
        run = float(below[min(j + 1, last)] - within[j]) if j < last else 0.0
        total += rows * (under * under + above * above) + _run(run, above, float(m))
    return total


@summing
def _run(rows: float, gap: float, m: float) -> float:
    """Twice the integral of the squared gap over so many rows of the reference, from this gap on."""
    return 2.0 * rows * (gap * gap + gap * m * rows + m * m * rows * rows / 3.0)


@summing
def _cubes(tied: Integers) -> float:
    total = 0.0
    for rows in tied:
        total += float(rows) * float(rows) * float(rows)
    return total


def _share_from(value: float, n: int, m: int) -> float:
    """The share of arrangements without ties whose T is at least this."""
    values, counts = _arrangements(n, m)
    least = value * n * m * (n + m) ** 2
    return float(counts[values >= least * (1.0 - 1e-12) - 1e-6].sum() / counts.sum())


@functools.lru_cache(maxsize=64)
def _arrangements(n: int, m: int) -> tuple[Floats, Floats]:
    """T n m (n + m)^2, an integer, for every order of n and m rows, and how many orders have it.

    It is the sum of the squared gaps after each row, so it is added up along the paths from (0, 0) to (n, m).
    """
    column: list[tuple[Integers, Floats]] = []
    nothing: tuple[Integers, Floats] = np.zeros(0, np.int64), np.zeros(0)
    for i in range(n + 1):
        reached = nothing
        for j in range(m + 1):
            before = column[j] if i else nothing
            values = np.concatenate([before[0], reached[0]]) + (i * m - j * n) ** 2
            weights = np.concatenate([before[1], reached[1]])
            if i == j == 0:
                values, weights = np.zeros(1, np.int64), np.ones(1)
            distinct, places = np.unique(values, return_inverse=True)
            reached = distinct.astype(np.int64), np.bincount(places, weights, distinct.size).astype(np.float64)
            column[j : j + 1] = [reached]
    return column[m][0].astype(np.float64), column[m][1]
