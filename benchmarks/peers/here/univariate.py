"""Drift of single columns: ours with stored references, scipy as its users call it, and what a sort or a read costs.

All work on matrices whose columns lie together in memory, one column after the other, on one thread.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from monitoring.kernels import anderson_darling, bounding, cramer_von_mises, ks, wasserstein
from monitoring.kernels.pairs import Pair, pair
from monitoring.kernels.prepared import prepare
from monitoring.kernels.results import Comparison

Matrix = NDArray[np.float64]
Figures = list[tuple[float, float | None]]
Work = Callable[[], object]


def ours_bounded(reference: Matrix, window: Matrix) -> Work:
    """Kolmogorov-Smirnov and Wasserstein-1 together, without sorting the window."""
    fences = [bounding.fence(prepare(column)) for column in reference.T]
    return lambda: [
        [figure(one) for one in bounding.compare(fence, column)] for fence, column in zip(fences, window.T, strict=True)
    ]


def ours_ks(reference: Matrix, window: Matrix) -> Work:
    return sorted_once(reference, window, ks.compare)


def ours_wasserstein(reference: Matrix, window: Matrix) -> Work:
    return sorted_once(reference, window, wasserstein.compare)


def ours_cramer_von_mises(reference: Matrix, window: Matrix) -> Work:
    return sorted_once(reference, window, cramer_von_mises.compare)


def ours_anderson_darling(reference: Matrix, window: Matrix) -> Work:
    return sorted_once(reference, window, anderson_darling.compare)


def ours_three(reference: Matrix, window: Matrix) -> Work:
    """Kolmogorov-Smirnov, Wasserstein-1 and Cramer-von Mises from one sort."""
    return sorted_once(reference, window, ks.compare, wasserstein.compare, cramer_von_mises.compare)


def ours_four(reference: Matrix, window: Matrix) -> Work:
    every = (ks.compare, wasserstein.compare, cramer_von_mises.compare, anderson_darling.compare)
    return sorted_once(reference, window, *every)


def sorted_once(reference: Matrix, window: Matrix, *methods: Callable[[Pair], Comparison]) -> Work:
    kept = [prepare(column) for column in reference.T]

    def work() -> list[list[tuple[float, float | None]]]:
        samples = (pair(one, prepare(column, like=one)) for one, column in zip(kept, window.T, strict=True))
        return [[figure(method(both)) for method in methods] for both in samples]

    return work


def figure(found: Comparison) -> tuple[float, float | None]:
    return found.statistic, found.p_value


def scipy_ks(reference: Matrix, window: Matrix) -> Work:
    return by_column(reference, window, lambda one, two: tuple(stats.ks_2samp(one, two, method="asymp"))[:2])


def scipy_wasserstein(reference: Matrix, window: Matrix) -> Work:
    return by_column(reference, window, lambda one, two: (stats.wasserstein_distance(one, two), None))


def scipy_cramer_von_mises(reference: Matrix, window: Matrix) -> Work:
    def compare(one: Matrix, two: Matrix) -> tuple[float, float]:
        found = stats.cramervonmises_2samp(one, two)
        return found.statistic, found.pvalue

    return by_column(reference, window, compare)


def by_column(reference: Matrix, window: Matrix, compare: Callable[..., tuple[float, float | None]]) -> Work:
    return lambda: [[compare(one, two)] for one, two in zip(reference.T, window.T, strict=True)]


def numpy_sort(reference: Matrix, window: Matrix) -> Work:
    """The limit of all that sorts."""
    return lambda: [np.sort(column).size for column in window.T]


def numpy_sum(reference: Matrix, window: Matrix) -> Work:
    """Reading alone."""
    return lambda: [column.sum() for column in window.T]
