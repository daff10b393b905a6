"""Maximum mean discrepancy with a Gaussian kernel: whether two samples of rows come from one joint distribution.

Reference: A. Gretton et al., J. Mach. Learn. Res. 13 (2012), 723-773, lemma 6 (the unbiased estimate, which may be
below 0) and section 8 (the median heuristic). Checked against the definition and alibi-detect's MMDDrift.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import pdist

from monitoring.kernels import pairwise, rows, splits

PERMUTATIONS = 199
# Rows from which the median distance is taken: half a million pairs tell it to three digits.
MEDIAN_ROWS = 1_000
# Beyond this squared norm, in units of the kernel's exponent, rounding lifts the exponent of near rows above 0.
FAR = 100.0


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference's rows and the kernel's width: k(x, y) = exp(-|x - y|^2 / (2 bandwidth^2))."""

    sample: rows.Reference
    bandwidth: float


def prepare(reference: ArrayLike, *, scale: ArrayLike | None = None, bandwidth: float | None = None) -> Reference:
    """Make the reference once, from rows (n, d); float32 is tested in float32, all else in float64.

    Without a `bandwidth` it is the median heuristic's, from the distances above 0 within at most 1,000 evenly spaced
    rows, and 1 where there are none. `scale` and what is refused: rows.prepare.
    """
    sample = rows.prepare(reference, scale=scale)
    width = _median_heuristic(sample.rows) if bandwidth is None else bandwidth
    if not (math.isfinite(width) and width > 0.0):
        raise ValueError("a bandwidth must be positive")
    return Reference(sample, width)


def compare(
    reference: Reference, window: ArrayLike, *, permutations: int = PERMUTATIONS, seed: int = 0
) -> splits.Result:
    """The unbiased squared discrepancy of a window (m, d), and how seldom a random split of all rows shows as much.

    Rows with NaN or an infinity are left out and counted. `effect` is the value over the sum of the mean kernels within
    either sample. Time grows with (n + m)^2 (permutations + d), memory with (n + m) (permutations + d). Raises
    ValueError when the columns differ and when fewer than two rows are complete.
    """
    pooled = rows.pooled(reference.sample, window)
    n, m = pooled.n, pooled.m
    exponent = -0.5 / reference.bandwidth**2
    far = -exponent * float(np.einsum("rd,rd->r", pooled.rows, pooled.rows).max()) > FAR
    drawn = splits.draw(n, n + m, permutations, seed)
    found = pairwise.sums(pooled.rows, exponent, _gauss_of_far if far else _gauss, drawn)
    within = found.first / (n * (n - 1)) + found.second / (m * (m - 1))
    return splits.judged(within - 2.0 * found.between / (n * m), float(within[0]), pooled)


def _gauss(block: rows.Matrix) -> None:
    np.exp(block, out=block)


def _gauss_of_far(block: rows.Matrix) -> None:
    np.minimum(block, 0.0, out=block)
    np.exp(block, out=block)


def _median_heuristic(sample: rows.Matrix) -> float:
    some = np.linspace(0, len(sample) - 1, min(len(sample), MEDIAN_ROWS)).astype(np.int64)
    squared = pdist(sample[some], "sqeuclidean")
    apart = squared[squared > 0.0]
    return math.sqrt(float(np.median(apart)) / 2.0) if apart.size else 1.0
