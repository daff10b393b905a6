"""Sums of a kernel over the pairs of rows within and between two samples, for many splits of the rows at once.

With K the kernel matrix without its diagonal and a split a column `a` of zeros and ones, a'Ka sums the pairs within the
ones, and K1 gives the other sums: all splits together are one product K A. K is made once, in blocks that are never
kept, and, being symmetric, its upper half only. (Product by product that is the permutation test of A. Gretton et al.,
J. Mach. Learn. Res. 13 (2012), 723-773.)
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from threadpoolctl import ThreadpoolController

from monitoring.kernels.rows import Floats, Matrix
from monitoring.kernels.splits import Splits

# Rows of a block: its kernel values, 1 MB in float32, stay in a core's second-level cache from one step to the next.
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Sums:
    """Kernel values summed over ordered pairs of different rows, float64 (splits,)."""

    first: Floats  # both rows of the first sample
    second: Floats  # both of the second
    between: Floats  # one of each, in one order


def sums(rows: Matrix, factor: float, finish: Callable[[Matrix], None], splits: Splits) -> Sums:
    """The sums of the kernel finish(factor * squared distance) over each split; `finish` works in place.

    Takes about rows^2 (splits + columns) multiplications in BLAS, on one thread, and memory for rows x splits and a few
    blocks.
    """
    # Blocks are small: on a busy machine BLAS threads spend ten times the work waiting for one another.
    with _blas().limit(limits=1):
        return _sums(_Kernel.of(rows, factor, finish), _behind_ones(splits, rows.dtype))


def _sums(kernel: "_Kernel", splits: Matrix) -> Sums:
    ones, margins, total = np.zeros(splits.shape[1] - 1), np.zeros(splits.shape[1] - 1), 0.0
    product = np.empty(BLOCK * splits.shape[1], splits.dtype)
    for start in range(0, len(splits), BLOCK):
        here = slice(start, start + BLOCK)
        block = kernel.block(here, here)
        np.fill_diagonal(block, 0.0)
        own = block @ splits[here]
        beyond = np.zeros_like(own)
        for other in range(start + BLOCK, len(splits), BLOCK):
            there = slice(other, other + BLOCK)
            beyond += np.dot(kernel.block(here, there), splits[there], out=product[: own.size].reshape(own.shape))
        # What lies above the diagonal counts twice, since it lies below as well.
        twice = own + 2.0 * beyond
        ones += np.einsum("rs,rs->s", splits[here, 1:], twice[:, 1:], dtype=np.float64)
        rowwise = (own[:, 0] + beyond[:, 0]).astype(np.float64)
        margins += rowwise @ splits[here, 1:] + beyond[:, 1:].sum(axis=0, dtype=np.float64)
        total += float(twice[:, 0].sum(dtype=np.float64))
    return Sums(ones, total - 2.0 * margins + ones, margins - ones)


@dataclass(frozen=True, slots=True)
class _Kernel:
    """Makes blocks of the kernel matrix, each in the place of the one before: fresh memory costs more than the sums."""

    left: Matrix
    right: Matrix
    finish: Callable[[Matrix], None]
    memory: Matrix

    @classmethod
    def of(cls, rows: Matrix, factor: float, finish: Callable[[Matrix], None]) -> "_Kernel":
        # One product gives factor |x - y|^2 for each pair: the squared norms ride along as columns of their own.
        norms = np.einsum("rd,rd->r", rows, rows, dtype=np.float64)[:, None]
        ones = np.ones_like(norms)
        left = np.hstack([-2.0 * factor * rows, factor * norms, ones]).astype(rows.dtype)
        right = np.ascontiguousarray(np.hstack([rows, ones, factor * norms]).T, dtype=rows.dtype)
        return cls(left, right, finish, np.empty(BLOCK * BLOCK, rows.dtype))

    def block(self, here: slice, there: slice) -> Matrix:
        left, right = self.left[here], self.right[:, there]
        shape = len(left), right.shape[1]
        made: Matrix = np.dot(left, right, out=self.memory[: shape[0] * shape[1]].reshape(shape))
        self.finish(made)
        return made


def _behind_ones(splits: Splits, dtype: np.dtype[np.floating]) -> Matrix:
    """The splits as numbers, behind a column of ones, whose product is the kernel's row sums."""
    numbers = np.empty((len(splits), 1 + splits.shape[1]), dtype)
    numbers[:, 0] = 1.0
    numbers[:, 1:] = splits
    return numbers


@functools.cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
