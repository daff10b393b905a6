"""Area under the ROC curve with DeLong's variance, for one score or two on the same rows.

Reference: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), 837-845, in the midrank form of
X. Sun and W. Xu, IEEE Signal Process. Lett. 21 (2014), 1389-1393. Where every positive stands above every negative
DeLong's variance is 0; there we take method 5 of R. G. Newcombe, Stat. Med. 25 (2006), 559-573.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import rankdata

from monitoring.measures.intervals import normal_quantile

Floats = NDArray[np.float64]


def placements(positive: NDArray[np.bool_], score: Floats) -> tuple[Floats, Floats]:
    """For each positive the share of negatives below it (ties half), for each negative the share of positives above."""
    ranks = rankdata(score)
    above = (ranks[positive] - rankdata(score[positive])) / np.count_nonzero(~positive)
    below = 1.0 - (ranks[~positive] - rankdata(score[~positive])) / np.count_nonzero(positive)
    return above, below


def variance(above: Floats, below: Floats) -> float | None:
    """Of the mean of the placements, or of a difference of placements; None with fewer than two rows of a class."""
    if min(above.size, below.size) < 2:
        return None
    return float(above.var(ddof=1) / above.size + below.var(ddof=1) / below.size)


def logit_interval(area: float, spread: float, confidence: float) -> tuple[float, float]:
    """DeLong's interval on the logit scale: inside (0, 1), and nearer its promise than the plain one at high areas."""
    centre = math.log(area / (1.0 - area))
    reach = normal_quantile(confidence) * math.sqrt(spread) / (area * (1.0 - area))
    return 1.0 / (1.0 + math.exp(reach - centre)), 1.0 / (1.0 + math.exp(-reach - centre))


def newcombe_interval(area: float, sizes: tuple[int, int], confidence: float) -> tuple[float, float]:
    """Score interval from Hanley and McNeil's variance; stays honest at an area of exactly 0 or 1."""
    z = normal_quantile(confidence)

    def excess(candidate: float, side: float) -> float:
        return side * (area - candidate) - z * math.sqrt(_hanley_mcneil(candidate, sizes))

    # An area of 0 or 1 is itself a root, and not the one sought: the search stops just short of it.
    low = brentq(excess, 0.0, min(area, 1.0 - 1e-12), args=(1.0,)) if area > 0.0 else 0.0
    high = brentq(excess, max(area, 1e-12), 1.0, args=(-1.0,)) if area < 1.0 else 1.0
    return float(low), float(high)


def _hanley_mcneil(area: float, sizes: tuple[int, int]) -> float:
    middle = sum(sizes) / 2.0 - 1.0
    pairs = 1.0 + middle * (1.0 - area) / (2.0 - area) + middle * area / (1.0 + area)
    return area * (1.0 - area) * pairs / (sizes[0] * sizes[1])
