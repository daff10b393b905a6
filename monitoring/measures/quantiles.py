"""Quantiles with intervals that need no shape of the distribution: between two order statistics."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom

from monitoring.measures.estimate import Detail, Estimate

METHOD = "order statistics, binomial"
ROUNDING = 1e-9


def quantile(values: ArrayLike, share: float, *, name: str, confidence: float = 0.95) -> Estimate:
    """The smallest value that at least `share` of the values do not exceed, and the interval of the true quantile.

    How many of n values lie below the true quantile is binomial, whatever their distribution: the interval reaches from
    one order statistic to another (W. J. Conover, Practical Nonparametric Statistics, 3rd ed. (1999), 143-148) and
    covers at least `confidence`. Undefined where so many values do not reach that far. Values are independent; missing
    ones (NaN) are left out and counted in `detail["dropped"]`.
    """
    given = np.asarray(values, np.float64)
    ordered = np.sort(given[~np.isnan(given)])
    n, tail = ordered.size, (1.0 - confidence) / 2.0
    detail: Detail = {"dropped": given.size - n} if given.size > n else {}
    if n == 0:
        return Estimate(name, None, None, None, confidence, 0, METHOD, detail=detail | {"reason": "no rows"})
    # 0.07 x 100 is a little more than 7 as a float, and is meant to be 7.
    value = float(ordered[max(0, math.ceil(share * n - ROUNDING) - 1)])
    first, last = int(binom.ppf(tail, n, share)), int(binom.ppf(1.0 - tail, n, share)) + 1
    if first < 1 or last > n:
        reason = f"{n} values have no interval of the quantile {share:g}"
        return Estimate(name, value, None, None, confidence, n, METHOD, detail=detail | {"reason": reason})
    bounds = float(ordered[first - 1]), float(ordered[last - 1])
    return Estimate(name, value, *bounds, confidence, n, METHOD, detail=detail)
