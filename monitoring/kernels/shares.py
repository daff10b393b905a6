"""Differences of shares, from counts of rows."""

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled

Integers = NDArray[np.int64]
MOST = 4e18  # products of counts up to here are exact as int64


@compiled
def sizes(reference: Integers, window: Integers) -> tuple[int, int]:
    """How many rows each array of cell counts holds. Raises ValueError when one holds none."""
    n = reference.sum()
    m = window.sum()
    if n <= 0 or m <= 0:
        raise ValueError("a sample is empty")
    return n, m


@compiled
def gap(before: int, n: int, after: int, m: int) -> float:
    """after / m - before / n, with no cancellation: exactly 0 where the shares are equal."""
    if float(n) * float(m) < MOST:
        return (after * n - before * m) / (float(n) * float(m))
    return after / m - before / n


def warm() -> None:
    """Compile or load what other kernels share."""
    counts = np.array([1, 2])
    n, m = sizes(counts, counts)
    gap(1, n, 1, m)
