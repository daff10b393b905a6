"""A column made ready for comparison, once: sorted, tied values joined, what is missing or infinite counted apart."""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# From here on neighbouring integers fall together as float64.
EXACT = 2**53
# A multiple of this is a float64 itself, so that taking it from an integer below 2^64 rounds once at most.
STEP = 2**11
SHARED = 2**20 + 1
MOST = 2**31 - 2


class Side(NamedTuple):
    """What the compiled merge reads of a column: `upto[i]` of its `n` rows lie below `values[i]`; the last is +inf."""

    values: Floats
    upto: Integers
    n: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A column's `n` present rows, infinite ones among them, in order; `missing` more are NaN.

    `values` holds the distinct finite values as float64 less `offset`, ascending, and +inf as a sentinel after them;
    `upto[i]` rows lie below `values[i]`. So `low` = upto[0] rows are -inf and `high` = n - upto[-1] are +inf.
    `dtype` is that of the values given: samples of two precisions are compared in the coarser one.
    """

    values: Floats
    upto: Integers
    n: int
    missing: int
    dtype: str = "float64"
    offset: int = 0

    @property
    def low(self) -> int:
        return int(self.upto[0])

    @property
    def high(self) -> int:
        return self.n - int(self.upto[-1])

    @property
    def side(self) -> Side:
        # Read-only arrays (from a file, from Arrow) are another type to numba: each mixture would be compiled apart.
        return Side(np.require(self.values, requirements="W"), np.require(self.upto, requirements="W"), self.n)


def prepare(values: ArrayLike, *, like: Prepared | None = None) -> Prepared:
    """Sort one column of booleans, integers or floats, of any length, in any order.

    A window is prepared `like` its reference, so that integers above 2^53 (ids, timestamps) are taken from the same
    offset: those spanning less than 2^53 stay distinct, wider ones keep their 53 leading bits. Raises TypeError on
    anything but numbers, ValueError on a matrix or two thousand million rows.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(f"a column of numbers is needed, not of {array.dtype}")
    if array.ndim != 1 or array.size > MOST:
        raise ValueError(f"a column has one dimension, not {array.ndim}, and at most {MOST} rows, not {array.size}")
    offset = offset_of(array) if like is None else like.offset
    ordered = np.empty(array.size + 1)
    finite, low, high = _gather(np.ascontiguousarray(floats(array, offset)), ordered)
    # numpy's sort uses the processor's vectors; numba's own does not.
    ordered[:finite].sort()
    ordered[finite] = np.inf
    distinct, upto = _joined(ordered[: finite + 1], low)
    missing = array.size - finite - low - high
    return Prepared(distinct, upto, finite + low + high, missing, array.dtype.name, offset)


def warm() -> None:
    """Compile or load what prepares, for arrays that may be written to and for those that may not."""
    column = np.array([1.0, 2.0, 2.0])
    prepare(column)
    column.flags.writeable = False
    prepare(column)


def aligned(reference: Prepared, window: Prepared) -> tuple[Prepared, Prepared]:
    """Both in the coarser of their precisions: 0.1 as float32 is no other value than 0.1 as float64.

    Raises ValueError on an empty sample, and when the window was not prepared like the reference.
    """
    if reference.n == 0 or window.n == 0:
        raise ValueError("a sample is empty")
    if reference.offset != window.offset:
        raise ValueError("the samples have different offsets: prepare the window like the reference")
    first, second = digits(reference.dtype), digits(window.dtype)
    if first == second:
        return reference, window
    if first < second:
        return reference, _rounded(window, reference.dtype)
    return _rounded(reference, window.dtype), window


def offset_of(array: NDArray[Any]) -> int:
    """What is taken from every value: 0, but for 64-bit integers beyond 2^53."""
    if array.dtype.kind not in "iu" or array.dtype.itemsize < 8 or array.size == 0:
        return 0
    least, most = int(array.min()), int(array.max())
    return 0 if least >= -EXACT and most <= EXACT else least // STEP * STEP


def floats(array: NDArray[Any], offset: int) -> Floats:
    """The array as float64, less the offset; integers are taken apart first, so that each is rounded once."""
    if offset == 0:
        return array.astype(np.float64, copy=False)
    if array.dtype.kind not in "iu":
        return array.astype(np.float64) - offset
    upper = (array >> 32).astype(np.float64) - (offset >> 32)
    lower = (array & 0xFFFFFFFF).astype(np.float64) - (offset & 0xFFFFFFFF)
    difference: Floats = upper * 2.0**32 + lower
    return difference


@compiled
def _gather(values: Floats, finite: Floats) -> tuple[int, int, int]:
    """Copy the finite values; how many there were, how many -inf and how many +inf."""
    kept = np.uint64(0)
    for value in values:
        finite[kept] = value
        # A branch would be mispredicted wherever gaps are many.
        kept += np.uint64(value - value == 0.0)
    low = high = 0
    if kept < values.size:
        for value in values:
            low += value == -np.inf
            high += value == np.inf
    return int(kept), low, high


def _joined(ordered: Floats, low: int) -> tuple[Floats, Integers]:
    """Distinct values of an ascending array that ends with +inf, and how many rows lie below each."""
    if not _has_ties(ordered):
        shared = low == 0 and ordered.size <= SHARED
        return ordered, _counting()[: ordered.size] if shared else np.arange(low, low + ordered.size)
    first = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return ordered[first], first + low


@functools.cache
def _counting() -> Integers:
    """0, 1, 2, ...: what most continuous columns count. Fresh memory for each costs more than the counting."""
    return np.arange(SHARED)


@compiled
def _has_ties(ordered: Floats) -> bool:
    ties = 0
    for i in range(ordered.size - 1):
        ties += ordered[i] == ordered[i + 1]
    return ties > 0


def digits(dtype: str) -> int:
    """Binary digits that a value of this type keeps."""
    return 64 if np.dtype(dtype).kind in "biu" else int(np.finfo(dtype).nmant) + 1


def _rounded(sample: Prepared, dtype: str) -> Prepared:
    most = float(np.finfo(dtype).max)
    absolute = np.clip(sample.values[:-1] + sample.offset, -most, most).astype(dtype)
    values = np.append(absolute.astype(np.float64) - sample.offset, np.inf)
    first = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    return Prepared(values[first], sample.upto[first], sample.n, sample.missing, dtype, sample.offset)
