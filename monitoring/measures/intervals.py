"""Intervals that have a formula."""

import math

from scipy.special import betaincinv, ndtri


def normal_quantile(confidence: float) -> float:
    """How many standard errors a two-sided normal interval reaches to each side."""
    return float(ndtri(0.5 + confidence / 2.0))


def sidak(confidence: float, comparisons: int) -> float:
    """The confidence each of some independent intervals needs for all of them to hold together at `confidence`."""
    return float(confidence ** (1.0 / max(1, comparisons)))


def wilson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Score interval of a proportion (E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212); [0, 1] without rows."""
    if n == 0:
        return 0.0, 1.0
    z = normal_quantile(confidence)
    share = successes / n
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # The formula touches 0 and 1 exactly where every row agrees; rounding must not cut the point value off.
    low = 0.0 if successes == 0 else (centre - half) / scale
    high = 1.0 if successes == n else (centre + half) / scale
    return low, high


def bonferroni(confidence: float, comparisons: int) -> float:
    """The confidence each of some intervals needs for all of them to hold together, however they depend on another."""
    return 1.0 - (1.0 - confidence) / max(1, comparisons)


def clopper_pearson(successes: int, n: int, confidence: float) -> tuple[float, float]:
    """Exact interval of a proportion (C. Clopper and E. Pearson, Biometrika 26 (1934), 404-413); [0, 1] if n is 0."""
    tail = (1.0 - confidence) / 2.0
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1.0 - tail)) if successes < n else 1.0
    return low, high
