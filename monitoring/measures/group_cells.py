"""Rows counted by group, decision and label, and resamples of those counts."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import categories

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

UNKNOWN = "unknown"
DECISIONS, LABELS = 2, 3
EVERY, NEGATIVE, POSITIVE = slice(None), slice(0, 1), slice(1, 2)  # of the labels; the third holds rows without one


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, or the intersection of two: its levels, and how many rows stand in each cell."""

    name: str
    levels: list[str]
    counts: Integers  # (groups, decision, label)
    included: NDArray[np.bool_]  # the groups that are known and large enough to compare
    known: NDArray[np.bool_]  # the groups whose category nobody misses


def tally(
    decision: ArrayLike, groups: Mapping[str, ArrayLike], y_true: ArrayLike | None, *, least_share: float
) -> list[Attribute]:
    """Count the rows of each attribute, then of each pair of attributes."""
    cells = _binary(decision, "decisions") * LABELS + _labels(y_true, np.size(decision))
    coded = {name: _Coded.of(values) for name, values in groups.items()}
    coded |= {f"{one}+{other}": coded[one].crossed(coded[other]) for one, other in combinations(coded, 2)}
    return [_count(name, groups_of, cells, least_share) for name, groups_of in coded.items()]


def positives(counts: Integers, label: slice) -> tuple[Integers, Integers]:
    """Of counts (..., groups, decision, label): per group the rows decided positive, and all rows, with that label."""
    by_decision = counts[..., label].sum(axis=-1)
    return by_decision[..., 1], by_decision.sum(axis=-1)


def resample(counts: Integers, *, draws: int, seed: int) -> Integers:
    """Counts (draws, groups, decision, label) of rows drawn with replacement, which are exactly multinomial.

    But for half a row added to either decision of each label that a group has: without it, a group where everyone or
    no one was selected would never vary, as if its rate were known for certain.
    """
    smoothed = counts + 0.5 * (counts.sum(axis=1, keepdims=True) > 0)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(counts.sum(), (smoothed / smoothed.sum()).ravel(), size=draws)
    return drawn.reshape(draws, *counts.shape)


@dataclass(frozen=True, slots=True)
class _Coded:
    levels: list[str]
    known: NDArray[np.bool_]
    codes: Integers

    @classmethod
    def of(cls, values: ArrayLike) -> "_Coded":
        levels, codes = categories.factorise(values)
        missing = codes == categories.MISSING
        if missing.any() and UNKNOWN not in levels:
            levels = [*levels, UNKNOWN]
        if missing.any():
            codes = np.where(missing, levels.index(UNKNOWN), codes)
        return cls(levels, np.array([level != UNKNOWN for level in levels], bool), codes)

    def crossed(self, other: "_Coded") -> "_Coded":
        if self.codes.size != other.codes.size:
            raise ValueError("the attributes differ in length")
        used, codes = np.unique(self.codes * len(other.levels) + other.codes, return_inverse=True)
        first, second = np.divmod(used, max(1, len(other.levels)))
        levels = [f"{self.levels[a]}+{other.levels[b]}" for a, b in zip(first, second, strict=True)]
        return _Coded(levels, self.known[first] & other.known[second], codes)


def _count(name: str, coded: _Coded, cells: Integers, least_share: float) -> Attribute:
    if coded.codes.size != cells.size:
        raise ValueError(f"{name} and the decisions differ in length")
    width = DECISIONS * LABELS
    flat = np.bincount(coded.codes * width + cells, minlength=len(coded.levels) * width)
    counts = flat.reshape(len(coded.levels), DECISIONS, LABELS)
    enough = counts.sum(axis=(1, 2)) >= least_share * cells.size
    return Attribute(name, coded.levels, counts, enough & coded.known, coded.known)


def _binary(values: ArrayLike, what: str) -> Integers:
    array = np.asarray(values)
    if array.ndim != 1 or not np.isin(array, (0, 1)).all():
        raise ValueError(f"{what} must be a one-dimensional array of 0 and 1")
    return array.astype(np.int64)


def _labels(y_true: ArrayLike | None, rows: int) -> Integers:
    if y_true is None:
        return np.full(rows, LABELS - 1)
    label = np.asarray(y_true, dtype=np.float64)
    if label.size != rows:
        raise ValueError("labels and decisions differ in length")
    return np.where(np.isnan(label), LABELS - 1, _binary(np.nan_to_num(label), "labels"))
