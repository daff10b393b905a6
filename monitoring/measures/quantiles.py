"""Quantiles with intervals that need no shape of the distribution: between two order statistics."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from monitoring.measures.estimate import Estimate

METHOD = "order statistics, binomial"


def quantile(values: ArrayLike, share: float, *, name: str, confidence: float = 0.95) -> Estimate:
    """The smallest value that at least `share` of the values do not exceed, and the interval of the true quantile.

    How many of n values lie below the true quantile is binomial, whatever their distribution: the interval reaches from
    one order statistic to another (W. J. Conover, Practical Nonparametric Statistics, 3rd ed. (1999), 143-148) and
    covers at least `confidence`. Undefined where so many values do not reach that far. Values are independent.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    n, tail = ordered.size, (1.0 - confidence) / 2.0
    if n == 0:
        return Estimate(name, None, None, None, confidence, 0, METHOD, detail={"reason": "no rows"})
    value = float(ordered[max(0, math.ceil(share * n) - 1)])
    first, last = int(binom.ppf(tail, n, share)), int(binom.ppf(1.0 - tail, n, share)) + 1
    if first < 1 or last > n:
        reason = f"{n} values have no interval of the quantile {share:g}"
        return Estimate(name, value, None, None, confidence, n, METHOD, detail={"reason": reason})
    return Estimate(name, value, float(ordered[first - 1]), float(ordered[last - 1]), confidence, n, METHOD)
