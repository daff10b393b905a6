"""Drift of bins and categories: ours with stored counts, numpy and scipy with the same, and what reading costs.

All work on matrices whose columns lie together in memory, one column after the other, on one thread.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.kernels import bins, chi_square, codes, jensen_shannon, ks, pairs, psi, wasserstein
from monitoring.kernels.prepared import prepare
from monitoring.kernels.sketches import counts, distances, ruler
from monitoring.measures import drift, profiles
from monitoring.measures.profiles.framing import CUTS

Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]
Counts = NDArray[np.int64]
Work = Callable[[], object]

LEVELS = 50


def ours_psi(reference: Matrix, window: Matrix) -> Work:
    return over_bins(reference, window, psi.index)


def ours_jensen_shannon(reference: Matrix, window: Matrix) -> Work:
    return over_bins(reference, window, jensen_shannon.distance)


def over_bins(reference: Matrix, window: Matrix, distance: Callable[[Counts, Counts], float]) -> Work:
    stored = [(edges, bins.count(column, edges)) for column, edges in zip(reference.T, cut(reference), strict=True)]
    return lambda: [
        distance(before, bins.count(column, edges)) for (edges, before), column in zip(stored, window.T, strict=True)
    ]


def ours_chi_square(reference: Codes, window: Codes) -> Work:
    """Of codes, with the counts of the reference."""
    stored = [codes.count(column, LEVELS) for column in reference.T]

    def work() -> object:
        cells = [codes.count(column, LEVELS) for column in window.T]
        found = [chi_square.test(before, after) for before, after in zip(stored, cells, strict=True)]
        return [(one.statistic, one.p_value) for one in found]

    return work


def ours_sketch(reference: Matrix, window: Matrix) -> Work:
    """Kolmogorov-Smirnov with its p-value, and Wasserstein-1, from counts that chunks and workers add."""
    rulers = [ruler.make(ruler.inner_cuts(np.sort(column), CUTS)) for column in reference.T]
    stored = [(one, counts.sketch(column, one)) for one, column in zip(rulers, reference.T, strict=True)]

    def work() -> object:
        answers = []
        for (one, before), column in zip(stored, window.T, strict=True):
            after = counts.sketch(column, one)
            near = distances.ks(before, after, one)
            area = distances.wasserstein(before, after, one)
            answers.append((near.low, near.high, ks.log_p_value(near.low, before.n, after.n), area.low, area.high))
        return answers

    return work


def ours_exact(reference: Matrix, window: Matrix) -> Work:
    """What the sketch comes near to."""
    stored = [prepare(column) for column in reference.T]

    def work() -> object:
        both = [pairs.pair(one, prepare(column, like=one)) for one, column in zip(stored, window.T, strict=True)]
        return [(ks.compare(one).statistic, wasserstein.compare(one).statistic) for one in both]

    return work


def ours_report(reference: Matrix, window: Matrix) -> Work:
    """The whole report on every column: distances, tests, correlations, verdict and reason."""
    names = [f"x{number}" for number in range(reference.shape[1])]
    kept = profiles.make(dict(zip(names, reference.T, strict=True)), dict.fromkeys(names, "numeric"))
    table: Mapping[str, Matrix] = dict(zip(names, window.T, strict=True))
    return lambda: drift.drift(kept, table).verdict


def numpy_psi(reference: Matrix, window: Matrix) -> Work:
    """By the same definition."""

    def distance(before: Counts, after: Counts) -> float:
        p, q = (np.maximum(one / one.sum(), max(psi.FLOOR, 0.5 / one.sum())) for one in (before, after))
        return float(((q - p) * np.log(q / p)).sum())

    return over_histogram(reference, window, distance)


def scipy_jensen_shannon(reference: Matrix, window: Matrix) -> Work:
    return over_histogram(reference, window, lambda before, after: float(jensenshannon(before, after, base=2)))


def over_histogram(reference: Matrix, window: Matrix, distance: Callable[[Counts, Counts], float]) -> Work:
    """numpy's histogram of the window alone, with stored edges and counts of the reference."""
    edges = [np.concatenate([[-np.inf], one]) for one in cut(reference)]
    stored = [(one, bins.count(column, one[1:])[:-1]) for column, one in zip(reference.T, edges, strict=True)]
    return lambda: [
        distance(before, np.histogram(column, one)[0]) for (one, before), column in zip(stored, window.T, strict=True)
    ]


def cut(reference: Matrix) -> list[NDArray[np.float64]]:
    return [bins.edges(np.sort(column)) for column in reference.T]


def scipy_chi_square(reference: Codes, window: Codes) -> Work:
    """As its users call it: both sides are counted."""

    def compare(one: Codes, two: Codes) -> tuple[float, float]:
        table = np.array([np.bincount(one, minlength=LEVELS), np.bincount(two, minlength=LEVELS)])
        found = stats.chi2_contingency(table[:, table.any(axis=0)], correction=False)
        return float(found.statistic), float(found.pvalue)

    return lambda: [compare(one, two) for one, two in zip(reference.T, window.T, strict=True)]


def numpy_sum(reference: Matrix | Codes, window: Matrix | Codes) -> Work:
    """Reading alone."""
    return lambda: [float(column.sum()) for column in window.T]
