"""Drift of whole rows: ours, what a competent user writes with numpy and scipy, and what BLAS alone would need.

The plain ways keep the whole kernel matrix, so that every permutation is one more column of a single product.
"""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from monitoring.kernels import energy, mmd, splits

Matrix = NDArray[np.floating]
Work = Callable[[], object]
PERMUTATIONS = 100
# Rows of a product that BLAS does at full speed.
SQUARE = 2_000


def ours_mmd(reference: Matrix, window: Matrix, *, bandwidth: float) -> Work:
    prepared = mmd.prepare(reference, bandwidth=bandwidth)

    def work() -> list[float]:
        found = mmd.compare(prepared, window, permutations=PERMUTATIONS)
        return [found.value, found.p_value]

    return work


def ours_energy(reference: Matrix, window: Matrix, *, bandwidth: float) -> Work:
    prepared = energy.prepare(reference)

    def work() -> list[float]:
        found = energy.compare(prepared, window, permutations=PERMUTATIONS)
        return [found.value, found.p_value]

    return work


def plain_mmd(reference: Matrix, window: Matrix, *, bandwidth: float) -> Work:
    rows, n, m = np.concatenate([reference, window]), len(reference), len(window)
    drawn = splits.draw(n, n + m, PERMUTATIONS, 0).astype(np.float64)

    def work() -> list[float]:
        kernel = np.exp(-0.5 / bandwidth**2 * cdist(rows, rows, "sqeuclidean"))
        np.fill_diagonal(kernel, 0.0)
        first, second, between = sums(kernel, drawn)
        return against_null(first / (n * (n - 1)) + second / (m * (m - 1)) - 2.0 * between / (n * m))

    return work


def plain_energy(reference: Matrix, window: Matrix, *, bandwidth: float) -> Work:
    rows, n, m = np.concatenate([reference, window]), len(reference), len(window)
    drawn = splits.draw(n, n + m, PERMUTATIONS, 0).astype(np.float64)

    def work() -> list[float]:
        first, second, between = sums(cdist(rows, rows), drawn)
        return against_null(2.0 * between / (n * m) - first / n**2 - second / m**2)

    return work


def sums(kernel: Matrix, drawn: Matrix) -> tuple[Matrix, Matrix, Matrix]:
    product, margins = kernel @ drawn, kernel.sum(axis=0) @ drawn
    first = np.einsum("rs,rs->s", drawn, product)
    return first, kernel.sum() - 2.0 * margins + first, margins - first


def against_null(statistic: Matrix) -> list[float]:
    return [float(statistic[0]), (1 + int((statistic[1:] >= statistic[0]).sum())) / statistic.size]


def blas_alone(reference: Matrix, window: Matrix, *, bandwidth: float) -> Work:
    """Answers how long the multiplications of ours take at the speed of a large square product on one thread."""
    rows, columns = len(reference) + len(window), reference.shape[1]
    square = np.ones((SQUARE, SQUARE), reference.dtype)
    needed = rows**2 * (1 + PERMUTATIONS + columns + 2) / SQUARE**3  # of the upper half: half of two for each

    def work() -> float:
        with threadpool_limits(1):
            return needed * quickest(lambda: square @ square)

    return work


def quickest(work: Work) -> float:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
