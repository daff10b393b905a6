"""How probable a Kolmogorov-Smirnov distance is when two samples come from one continuous distribution.

References: for small samples the walk over the lattice of J. L. Hodges, Ark. Mat. 3 (1958), 469-486; for large ones
the one-sample law at n m / (n + m) rows: W. Pelz and I. J. Good, J. R. Stat. Soc. B 38 (1976), 152-156, in the body
and twice N. V. Smirnov's one-sided law (Z. W. Birnbaum and F. H. Tingey, Ann. Math. Stat. 22 (1951), 592-596) in the
tail, as in R. Simard and P. L'Ecuyer, J. Stat. Softw. 39 (2011), and in scipy, whose sum over n terms becomes an
integral of 60 here.
"""

import math

import numpy as np

from monitoring.kernels.compiled import compiled
from monitoring.kernels.results import Law, log_separation

# Up to so many pairs of rows (2,000 in each sample) the exact law costs a millisecond, five where all is drift.
EXACT = 4_000_000
# From so many rows on Pelz and Good's expansion is right to 1e-7.
EXPANSION = 500
# From this n d^2 on twice the one-sided law is the two-sided one, to 2e-6 of it and quickly better.
TAIL = 2.2
LEAST = 1e-250
ROOT = math.sqrt(math.pi / 2.0)


def kind(n: int, m: int) -> Law:
    """Which law samples of n and m rows are judged by."""
    return "exact" if n * m <= EXACT else "asymptotic"


def log_p_value(distance: float, n: int, m: int) -> float:
    """Natural logarithm of the two-sided p-value of samples of n and m rows; finite however large the distance.

    Never below the chance of the most probable single arrangement at that distance, which at distance 1 is complete
    separation: the asymptotic law knows nothing of it.
    """
    gap = round(distance * n * m)
    if gap == 0:
        return 0.0
    least = min(0.0, max(_log_arrangement(gap, n, m), log_separation(n, m)))
    if kind(n, m) == "exact":
        chance = _outside(gap, max(n, m), min(n, m))
        return math.log(min(1.0, chance)) if chance > LEAST else max(least, _log_large(distance, n, m))
    return max(least, _log_large(distance, n, m))


def warm() -> None:
    """Compile or load the laws."""
    for distance in (0.01, 0.5):
        log_p_value(distance, 10_000, 10_000)
    log_p_value(0.5, 10, 10)


def _log_large(distance: float, n: int, m: int) -> float:
    size = max(1, round(n * m / (n + m)))
    if distance >= 1.0:
        return -math.inf
    if size < EXPANSION and size * distance * distance < 2.0 * TAIL:
        # Rare (a tiny window against a huge reference), and scipy.stats takes half a second to load.
        from scipy.stats import kstwo

        return math.log(float(kstwo.sf(distance, size)))
    if size * distance * distance < TAIL:
        return math.log(_pelz_good(distance, size))
    return min(0.0, math.log(2.0) + _log_one_sided(distance, size))


def _log_arrangement(gap: int, n: int, m: int) -> float:
    """log of twice the chance that the walk passes one point on the boundary, near the middle of its way."""
    here = min(n, -(-(gap + n * m) // (2 * m)))
    there = max(0, (here * m - gap) // n)
    return math.log(2.0) + _log_ways(n, here) + _log_ways(m, there) - _log_ways(n + m, here + there)


def _log_ways(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


@compiled
def _outside(gap: int, n: int, m: int) -> float:
    """P(the largest gap is at least `gap`): the chance of every step out of the band is added, so none cancels.

    After t rows, j of them the window's, the gap is t m - j (n + m), whatever the order; so a step goes over all j at
    once.
    """
    total = n + m
    before, after = np.zeros(m + 3), np.zeros(m + 3)
    before[1] = 1.0  # place j + 1, so that there is a place before the first
    left, low, high = 0.0, 0, 0
    for t in range(total):
        first, last = max(low, 0), min(high + 1, m)
        for j in range(first, last + 1):
            after[j + 1] = (before[j + 1] * (n - t + j) + before[j] * (m - j + 1)) / (total - t)
        low = max(first, ((t + 1) * m - gap) // total + 1)
        high = min(last, -(-((t + 1) * m + gap) // total) - 1)
        for j in range(first, low):
            left += after[j + 1]
        for j in range(high + 1, last + 1):
            left += after[j + 1]
        after[low] = 0.0
        after[high + 2] = 0.0
        before, after = after, before
    return left


@compiled
def _pelz_good(distance: float, size: int) -> float:
    z = math.sqrt(size) * distance
    if z < 0.04:
        return 1.0
    s, pi2 = z * z, math.pi * math.pi
    zero = one = two = three = 0.0
    for k in range(8):
        h = pi2 * (k + 0.5) ** 2
        weight = math.exp(-h / (2.0 * s))
        zero += weight
        one += (h - s) * weight
        two += (6 * s**3 + 2 * s**2 + (2 * s**2 - 5 * s) * h + (1 - 2 * s) * h * h) * weight
        three += (
            (5 - 30 * s) * h**3 + (212 * s**2 - 60 * s) * h * h + (135 * s**2 - 96 * s**3) * h - 30 * s**3 - 90 * s**4
        ) * weight
        w = pi2 * (k + 1) ** 2
        weight = math.exp(-w / (2.0 * s))
        two -= 2.0 * s * s * w * weight
        three += 30.0 * s * s * (3.0 * s - w) * w * weight
    below = 2.0 * ROOT / z * zero
    below += 2.0 * ROOT * one / (6.0 * s**2) / math.sqrt(size)
    below += 2.0 * ROOT * two / (72.0 * s**3 * z) / size
    below += 2.0 * ROOT * three / (6480.0 * s**5) / (size * math.sqrt(size))
    return float(1.0 - below)


@compiled
def _log_one_sided(distance: float, size: int) -> float:
    """log P(D+ >= distance), distance < 1, for one sample: Smirnov's sum, all of whose terms are positive.

    From EXPANSION rows on its terms are so dense and so smooth that it is their integral to the last digit.
    """
    last = math.floor(size * (1.0 - distance))
    if size < EXPANSION:
        logs = np.array([_log_term(float(j), distance, size) for j in range(last + 1)])
        peak = logs.max()
        return float(peak + math.log(np.exp(logs - peak).sum()))
    return _log_integral(distance, size)


@compiled
def _log_integral(distance: float, size: int) -> float:
    """The sum over j = 0 ... n (1 - d) as an integral over s, j = n (1 - d) / (1 + e^-s), by the trapezoid rule.

    In s the terms fall off doubly exponentially on both sides, so the rule converges faster than any power.
    """
    step = 0.25 / (math.sqrt(size) * distance)
    middle = 0.0
    for way in (-step, step):
        while _log_density(middle + way, distance, size) > _log_density(middle, distance, size):
            middle += way
    peak = _log_density(middle, distance, size)
    total = 1.0
    for way in (-step, step):
        term, s = 1.0, middle
        while term > 1e-18:
            s += way
            term = math.exp(_log_density(s, distance, size) - peak)
            total += term
    return peak + math.log(total * step)


@compiled
def _log_density(s: float, distance: float, size: int) -> float:
    most = size * (1.0 - distance)
    share = 1.0 / (1.0 + math.exp(-s))
    return _log_term(most * share, distance, size) + math.log(most * share * (1.0 - share))


@compiled
def _log_term(j: float, distance: float, size: int) -> float:
    """log of d / (d + j/n) times the binomial probability of j in n at d + j/n, without the cancellation of factorials.

    C. Loader, Fast and Accurate Computation of Binomial Probabilities (2000).
    """
    shift = size * distance
    rest = size - j
    if rest <= shift:
        return -math.inf
    if j == 0.0:
        return size * math.log1p(-distance)
    deviance = j * math.log1p(shift / j) + rest * math.log1p(-shift / rest)
    series = _stirling(float(size)) - _stirling(j) - _stirling(rest)
    first = math.log(shift / (shift + j))
    return first + series + deviance + 0.5 * math.log(size / (2.0 * math.pi * j * rest))


@compiled
def _stirling(k: float) -> float:
    """log k! less Stirling's formula for it."""
    if k < 16.0:
        return math.lgamma(k + 1.0) - (k + 0.5) * math.log(k) + k - 0.5 * math.log(2.0 * math.pi)
    square = k * k
    return (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / k
