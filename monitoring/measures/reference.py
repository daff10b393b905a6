"""What a table looked like when the model was approved: enough of each column to measure drift from it later."""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import chi_square, psi
from monitoring.measures import categories

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Kind = Literal["numeric", "categorical"]

VERSION = 1
BINS = 10
SAMPLE = 10_000
INFINITE = float(np.finfo(np.float64).max)  # stands for infinity: it sorts like it, and JSON can hold it


class ColumnProfile(TypedDict):
    """One column; `counts` are of bins or levels, then (categorical only) of unseen values, then of missing ones."""

    name: str
    kind: Kind
    n: int
    missing: int
    counts: list[int]
    edges: NotRequired[list[float]]
    sample: NotRequired[list[float]]
    min: NotRequired[float | None]
    max: NotRequired[float | None]
    mean: NotRequired[float | None]
    levels: NotRequired[list[str]]


class Profile(TypedDict):
    """A reference table; JSON as it stands, without NaN and infinities."""

    version: int
    n: int
    columns: list[ColumnProfile]


def profile(table: Mapping[str, ArrayLike], kinds: Mapping[str, Kind]) -> Profile:
    """Profile the columns named in `kinds`, in that order.

    Numeric columns keep ten quantile bins and up to 10,000 order statistics, evenly spaced, which move a
    Kolmogorov-Smirnov distance by at most 1/10,000; categorical ones keep every level. Raises ValueError on no rows and
    unequal lengths, KeyError on a column that the table lacks.
    """
    arrays = {name: np.asarray(table[name]) for name in kinds}
    sizes = {array.size for array in arrays.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise ValueError("a reference needs rows, and columns of one length")
    make = {"numeric": _numeric, "categorical": _categorical}
    columns = [make[kind](name, arrays[name]) for name, kind in kinds.items()]
    return {"version": VERSION, "n": sizes.pop(), "columns": columns}


def numbers(values: ArrayLike) -> Floats:
    """The values as contiguous float64, infinities as INFINITE; NaN stays."""
    array = np.asarray(values, dtype=np.float64)
    return np.ascontiguousarray(np.nan_to_num(array, nan=np.nan, posinf=INFINITE, neginf=-INFINITE))


def new_levels(values: ArrayLike, levels: list[str]) -> list[str]:
    """The levels among the values that are not among `levels`."""
    known = set(levels)
    return [name for name in categories.factorise(values)[0] if name not in known]


def level_counts(values: ArrayLike, levels: list[str]) -> Integers:
    """How many values stand in each of the levels, how many in none of them, how many are missing."""
    names, codes = categories.factorise(values)
    position = {level: code for code, level in enumerate(levels)}
    known = np.array([*(position.get(name, len(levels)) for name in names), categories.MISSING], np.int64)
    return chi_square.counts(known[codes], len(levels))


def _numeric(name: str, values: NDArray[np.generic]) -> ColumnProfile:
    floats = numbers(values)
    ordered = np.sort(floats[~np.isnan(floats)])
    edges = _edges(ordered)
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    return {
        "name": name,
        "kind": "numeric",
        "n": floats.size,
        "missing": floats.size - ordered.size,
        "counts": psi.counts(floats, edges).tolist(),
        "edges": edges.tolist(),
        "sample": _thinned(ordered).tolist(),
        "min": float(finite.min()) if finite.size else None,
        "max": float(finite.max()) if finite.size else None,
        "mean": float(finite.mean()) if finite.size else None,
    }


def _categorical(name: str, values: NDArray[np.generic]) -> ColumnProfile:
    levels, _ = categories.factorise(values)
    counts = level_counts(values, levels)
    return {
        "name": name,
        "kind": "categorical",
        "n": values.size,
        "missing": int(counts[-1]),
        "counts": counts.tolist(),
        "levels": levels,
    }


def _edges(ordered: Floats) -> Floats:
    """Inner edges of the quantile bins. A value that several quantiles fall on gets a bin of its own: bins closed on
    the right alone would not notice a constant column that goes down."""
    if ordered.size == 0:
        return ordered
    quantiles = np.quantile(ordered, np.arange(1, BINS) / BINS, method="inverted_cdf")
    edges, occurrences = np.unique(quantiles, return_counts=True)
    below = np.nextafter(edges[(occurrences > 1) & (edges > -INFINITE)], -np.inf)
    return np.unique(np.concatenate([edges, below]))


def _thinned(ordered: Floats) -> Floats:
    if ordered.size <= SAMPLE:
        return ordered
    middles = (np.arange(SAMPLE) + 0.5) / SAMPLE
    return ordered[(middles * ordered.size).astype(np.int64)]
