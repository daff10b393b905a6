"""Samples of whole rows, for the tests that look at all columns together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Matrix = NDArray[Any]  # float32 or float64


@dataclass(frozen=True, slots=True)
class Reference:
    """The rows a window is compared with: complete, centred, scaled, in the precision of the test."""

    rows: Matrix  # (n, d)
    centre: Floats  # (d,), taken off every row: distances keep their digits far from the origin
    scale: Floats  # (d,), what each column is divided by
    dropped: int  # rows with NaN or an infinity, left out


@dataclass(frozen=True, slots=True)
class Pooled:
    """The reference's rows with the window's below, and how many of either are in and were left out."""

    rows: Matrix  # (n + m, d)
    n: int
    m: int
    dropped_reference: int
    dropped_window: int


def prepare(rows: ArrayLike, *, scale: ArrayLike | None = None) -> Reference:
    """Make the reference of a test from rows (n, d): float32 stays so, all else becomes float64.

    `scale` is what columns are divided by before distances are taken, such as their standard deviations; by default
    nothing. Raises ValueError when fewer than two rows are complete, and on a scale that is not positive.
    """
    matrix = _matrix(rows)
    factors = np.ones(matrix.shape[1]) if scale is None else np.asarray(scale, np.float64)
    if factors.shape != (matrix.shape[1],) or not (np.isfinite(factors) & (factors > 0.0)).all():
        raise ValueError("a scale must have a positive number for each column")
    complete = _complete(matrix)
    # The median, since a mean goes after outliers and leaves the bulk of the rows far from the origin.
    centre = np.median(complete, axis=0).astype(np.float64)
    moved = ((complete - centre) / factors).astype(matrix.dtype)
    return Reference(moved, centre, factors, len(matrix) - len(complete))


def pooled(reference: Reference, window: ArrayLike) -> Pooled:
    """The reference with a window (m, d), moved and scaled alike.

    Raises ValueError when the columns differ and when fewer than two rows of the window are complete.
    """
    matrix = _matrix(window)
    if matrix.shape[1] != reference.rows.shape[1]:
        raise ValueError("the samples differ in their columns")
    complete = _complete(matrix)
    moved = ((complete - reference.centre) / reference.scale).astype(reference.rows.dtype)
    both = np.concatenate([reference.rows, moved])
    return Pooled(both, len(reference.rows), len(moved), reference.dropped, len(matrix) - len(complete))


def _matrix(rows: ArrayLike) -> Matrix:
    array = np.asarray(rows)
    if array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    if array.ndim != 2 or array.shape[1] == 0:
        raise ValueError("a sample must be a matrix of rows and columns")
    return array


def _complete(matrix: Matrix) -> Matrix:
    complete: Matrix = matrix[np.isfinite(matrix).all(axis=1)]
    if len(complete) < 2:
        raise ValueError("a sample needs two complete rows")
    return complete
