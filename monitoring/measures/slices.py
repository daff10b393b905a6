"""The same figures for each part of the rows: by a category, by ranges of a number, or by both."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import categories, intervals
from monitoring.measures.estimate import Estimate

Integers = NDArray[np.int64]
Rows = NDArray[np.bool_]
#: From the rows of a slice and a confidence to its figures.
Measure = Callable[[Rows, float], list[Estimate]]

UNKNOWN = "unknown"
FEW_LEVELS = 12
QUARTERS = (0.25, 0.5, 0.75)


@dataclass(frozen=True, slots=True)
class Slicing:
    """A column, or a pair of them, as slices: every row stands in one."""

    name: str
    levels: list[str]
    codes: Integers


def slicing(name: str, values: ArrayLike, *, edges: Sequence[float] = ()) -> Slicing:
    """A column's slices: its levels, or the ranges between `edges`, or, of a number with many values, its quarters.

    A range holds its lower edge and not its upper one. Rows without a value stand in the slice "unknown".
    """
    array = np.asarray(values)
    if edges or _has_many_numbers(array):
        levels, codes = _ranges(np.asarray(array, dtype=np.float64), edges)
    else:
        levels, codes = categories.factorise(array)
    if (codes == categories.MISSING).any():
        codes = np.where(codes == categories.MISSING, len(levels), codes)
        levels = [*levels, UNKNOWN]
    return Slicing(name, levels, codes)


def crossed(first: Slicing, second: Slicing) -> Slicing:
    """The slices of both columns at once, those that hold rows."""
    used, codes = np.unique(first.codes * len(second.levels) + second.codes, return_inverse=True)
    one, other = np.divmod(used, max(1, len(second.levels)))
    levels = [f"{first.levels[a]}+{second.levels[b]}" for a, b in zip(one, other, strict=True)]
    return Slicing(f"{first.name}+{second.name}", levels, codes)


def figures(parts: Slicing, measure: Measure, *, confidence: float, least: int) -> list[Estimate]:
    """What `measure` finds in each slice of at least `least` rows; a smaller one is named, without values.

    The intervals of one metric over the slices hold together at `confidence` (Bonferroni).
    """
    sizes = np.bincount(parts.codes, minlength=len(parts.levels))
    large = np.flatnonzero(sizes >= least)
    each = intervals.bonferroni(confidence, len(large))
    measured = {int(place): measure(parts.codes == place, each) for place in large}
    found = []
    for place, level in enumerate(parts.levels):
        share = float(sizes[place] / parts.codes.size)
        if place in measured:
            detail = {"share": share, "simultaneous": True, "family_size": len(large)}
            ones = measured[place]
        else:
            detail = {"share": share, "excluded": True}
            ones = list(_too_few(measured, int(sizes[place]), least))
        found += [
            replace(one, confidence=confidence, attribute=parts.name, group=level, detail={**one.detail, **detail})
            for one in ones
        ]
    return found


def _too_few(measured: dict[int, list[Estimate]], rows: int, least: int) -> Iterator[Estimate]:
    for one in next(iter(measured.values()), []):
        reason = f"{rows} rows, fewer than {least}"
        yield replace(one, value=None, low=None, high=None, n=rows, detail={"reason": reason})


def _has_many_numbers(array: NDArray[np.generic]) -> bool:
    if array.dtype.kind not in "iuf":
        return False
    known = array[array == array]
    return np.unique(known).size > FEW_LEVELS


def _ranges(values: NDArray[np.float64], edges: Sequence[float]) -> tuple[list[str], Integers]:
    known = ~np.isnan(values)
    if not edges and known.any():
        edges = np.unique(np.quantile(values[known], QUARTERS, method="inverted_cdf")).tolist()
    inner = sorted(float(edge) for edge in edges)
    codes = np.where(known, np.searchsorted(inner, np.nan_to_num(values), side="right"), categories.MISSING)
    middle = [f"{low:g} to below {high:g}" for low, high in pairwise(inner)]
    levels = [f"below {inner[0]:g}", *middle, f"{inner[-1]:g} and above"] if inner else []
    used = np.unique(codes[codes >= 0])
    position = np.full(len(levels) + 1, categories.MISSING)
    position[used] = np.arange(used.size)
    return [levels[place] for place in used.tolist()], position[codes]
