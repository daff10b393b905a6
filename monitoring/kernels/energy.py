"""Energy distance: whether two samples of rows come from one joint distribution, without a width to choose.

Reference: G. J. Szekely and M. L. Rizzo, J. Stat. Plan. Inference 143 (2013), 1249-1272. Checked against the definition
and, with one column, the square of `scipy.stats.energy_distance`.
"""

import numpy as np
from numpy.typing import ArrayLike

from monitoring.kernels import pairwise, rows, splits

PERMUTATIONS = 199


def prepare(reference: ArrayLike, *, scale: ArrayLike | None = None) -> rows.Reference:
    """Make the reference once, from rows (n, d); float32 is tested in float32, all else in float64."""
    return rows.prepare(reference, scale=scale)


def compare(
    reference: rows.Reference, window: ArrayLike, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> splits.Result:
    """Energy distance 2 E|X-Y| - E|X-X'| - E|Y-Y'| of a window (m, d), and how seldom a random split shows as much.

    In the unit of a row's distance; `effect` is its share of 2 E|X-Y|, the energy coefficient, between 0 and 1. Rows
    with NaN or an infinity are left out and counted. In float32 equal rows may stand 3e-4 of their norm apart. Time
    grows with (n + m)^2 (permutations + d), memory with (n + m) (permutations + d). Raises ValueError when the columns
    differ and when fewer than two rows are complete.
    """
    pooled = rows.pooled(reference, window)
    n, m = pooled.n, pooled.m
    found = pairwise.sums(pooled.rows, 1.0, _distance, splits.draw(n, n + m, permutations, seed))
    between = 2.0 * found.between / (n * m)
    return splits.judged(between - found.first / n**2 - found.second / m**2, float(between[0]), pooled)


def _distance(block: rows.Matrix) -> None:
    np.maximum(block, 0.0, out=block)
    np.sqrt(block, out=block)
