"""Whether a probability of 0.7 comes true seven times in ten, in bins that hold equally many rows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import resampling
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BINS = 10
METHOD = "equal-mass bins, bootstrap over rows, norm of the error"


def bins(score: Floats, count: int = BINS) -> Integers:
    """The bin of each row, (rows,): as many rows in each as ties allow, equal scores never apart."""
    edges = np.unique(np.quantile(score, np.arange(1, count) / count, method="inverted_cdf"))
    return np.searchsorted(edges, score, side="left")


def error(metric: str, came_true: ArrayLike, score: ArrayLike, frame: Frame) -> Estimate:
    """Expected calibration error over ten equal-mass bins of probabilities; `came_true` is 0 or 1 for each.

    Reference: M. P. Naeini, G. Cooper and M. Hauskrecht, AAAI 29 (2015), 2901-2907, with equal-mass bins. It is a norm,
    to which noise only adds, so its interval reaches as far as the norm of the resampled error does.
    """
    truth, probability = np.asarray(came_true, np.float64), np.asarray(score, np.float64)
    if truth.size == 0:
        return frame.undefined(metric, METHOD, "no rows")
    order = np.argsort(probability, kind="stable")
    placed = bins(probability[order])
    starts = np.append(0, np.flatnonzero(np.diff(placed)) + 1)
    gap = (truth - probability)[order]
    gaps = np.add.reduceat(gap, starts) / truth.size
    blocks = resampling.weights(truth.size, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([np.add.reduceat(block * gap, starts, axis=1) for block in blocks]) / truth.size
    value = float(np.abs(gaps).sum())
    reach = float(np.quantile(np.abs(drawn - gaps).sum(axis=1), frame.confidence))
    return frame.bootstrapped(metric, value, (max(0.0, value - reach), min(1.0, value + reach)), METHOD)
