"""Rows counted by group, decision and label: small tables that add up over chunks, and resamples of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import codes as coding
from monitoring.measures import categories
from monitoring.measures.estimate import Detail

Integers = NDArray[np.int64]
Codes = NDArray[Any]  # unsigned integers
Flags = NDArray[np.bool_]

UNKNOWN = "unknown"
DECISIONS, LABELS = 2, 3  # the third label stands for rows without one
CELLS = DECISIONS * LABELS
# Combinations of levels up to which every possible one has a place; beyond it only those that occur.
POSSIBLE = 10_000


@dataclass(frozen=True, slots=True)
class Coded:
    """A column as codes into its levels; people without a category are of the level "unknown"."""

    levels: tuple[str, ...]
    codes: Codes


@dataclass(frozen=True, slots=True)
class Cells:
    """How many rows of each combination of levels have each decision and label."""

    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]  # of each attribute, in one order whatever the chunk
    combinations: Integers  # (combinations in use, attributes), codes into the levels
    counts: Integers  # (combinations in use, decision, label)
    labelled: bool  # whether labels were asked for; there may be none yet


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, or the intersection of two: the levels in use, and how many rows stand in each cell."""

    name: str
    levels: list[str]
    places: tuple[int, ...]  # of its columns among the cells' names
    combinations: Integers  # (groups, columns), codes into the columns' levels
    counts: Integers  # (groups, decision, label)
    included: Flags  # the groups that are known and large enough to compare
    known: Flags  # the groups whose category nobody misses

    def rows(self, columns: Sequence[Coded]) -> Integers:
        """The group of each row of the columns that were counted, (rows,)."""
        group = np.zeros([len(columns[place].levels) for place in self.places], np.int64)
        group[tuple(self.combinations.T)] = np.arange(len(self.levels))
        found: Integers = group[tuple(columns[place].codes for place in self.places)]
        return found

    def standing(self, group: int) -> Detail:
        """How a group stands among the others: its share, and whether its interval holds together with theirs."""
        rows = self.counts.sum(axis=(1, 2))
        share: Detail = {"share": float(rows[group] / rows.sum())}
        if self.included[group]:
            return share | {"simultaneous": True, "family_size": int(self.included.sum())}
        return share | {"excluded": True} | ({} if self.known[group] else {"unknown": True})


def coded(values: ArrayLike) -> Coded:
    """Code a column once, to count it often: strings, numbers, a data frame's column."""
    levels, codes = categories.factorise(values)
    missing = codes == categories.MISSING
    if missing.any() and UNKNOWN not in levels:
        levels = [*levels, UNKNOWN]
    if missing.any():
        codes = np.where(missing, levels.index(UNKNOWN), codes)
    return _ordered(Coded(tuple(levels), codes.astype(_width(len(levels)))))


def columns_of(groups: Mapping[str, ArrayLike | Coded]) -> dict[str, Coded]:
    """The columns as codes, those that are not yet."""
    return {name: one if isinstance(one, Coded) else coded(one) for name, one in groups.items()}


def count(decision: ArrayLike, groups: Mapping[str, ArrayLike | Coded], y_true: ArrayLike | None = None) -> Cells:
    """Count binary decisions, and labels where there are some, by the combinations of all attributes.

    A row without a label (None, NaN) counts for its decision only. Raises ValueError on decisions other than 0 and 1,
    on labels other than 0, 1 and missing, and on columns of different lengths.
    """
    columns = columns_of(groups)
    cell = _binary(decision, "decisions") * np.uint8(LABELS) + _labels(y_true, np.size(decision))
    for name, column in columns.items():
        if column.codes.size != cell.size:
            raise ValueError(f"{name} and the decisions differ in length")
        if column.codes.dtype.kind != "u" or (cell.size and int(column.codes.max()) >= len(column.levels)):
            raise ValueError(f"{name} has codes beyond its levels")
    possible, code = _combined(list(columns.values()), cell.size)
    wide = _width(CELLS * len(possible))
    flat = coding.count(code.astype(wide) * CELLS + cell, CELLS * len(possible))
    # The last two are codes beyond the cells and below them: there are none.
    counts = flat[:-2].reshape(len(possible), DECISIONS, LABELS)
    used = counts.any(axis=(1, 2))
    levels = tuple(column.levels for column in columns.values())
    return Cells(tuple(columns), levels, possible[used], counts[used], y_true is not None)


def merged(chunks: Iterable[Cells]) -> Cells:
    """The cells of all chunks' rows together, exactly as if they had been counted at once.

    Raises ValueError without a chunk and when the chunks differ in their attributes.
    """
    parts = list(chunks)
    if len({part.names for part in parts}) != 1:
        raise ValueError("the chunks differ in their attributes, or there are none")
    names = parts[0].names
    levels = tuple(_in_order({one for part in parts for one in part.levels[place]}) for place in range(len(names)))
    moved = np.concatenate([_recoded(part, levels) for part in parts])
    used, codes = np.unique(moved, axis=0, return_inverse=True)
    counts = _added(np.concatenate([part.counts for part in parts]), codes, len(used))
    return Cells(names, levels, used, counts, any(part.labelled for part in parts))


def attributes(cells: Cells, *, least_share: float, least_rows: int = 0) -> list[Attribute]:
    """Each attribute, then each pair of attributes, by the levels or pairs of levels that have rows."""
    places = range(len(cells.names))
    return [
        _attribute(cells, chosen, least_share, least_rows)
        for chosen in [*((place,) for place in places), *combinations(places, 2)]
    ]


def resample(counts: Integers, *, draws: int, seed: int) -> Integers:
    """Counts (draws, groups, decision, label) of rows drawn with replacement, which are exactly multinomial.

    But for one row added to either decision of each label that a group has (A. Agresti and B. Caffo, Am. Stat. 54
    (2000), 280-288): without them a group where everyone or no one was selected would never vary, as if its rate were
    known for certain, and intervals of groups of fifty hold less often than promised.
    """
    smoothed = counts + (counts.sum(axis=1, keepdims=True) > 0)
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(counts.sum(), (smoothed / smoothed.sum()).ravel(), size=draws)
    return drawn.reshape(draws, *counts.shape)


def _attribute(cells: Cells, chosen: tuple[int, ...], least_share: float, least_rows: int) -> Attribute:
    used, codes = np.unique(cells.combinations[:, chosen], axis=0, return_inverse=True)
    counts = _added(cells.counts, codes, len(used))
    named = [[cells.levels[place][code] for place, code in zip(chosen, one, strict=True)] for one in used.tolist()]
    known = np.array([UNKNOWN not in one for one in named], bool)
    rows = counts.sum(axis=(1, 2))
    included = known & (rows >= least_share * rows.sum()) & (rows >= least_rows)
    name = "+".join(cells.names[place] for place in chosen)
    return Attribute(name, ["+".join(one) for one in named], chosen, used, counts, included, known)


def _combined(columns: Sequence[Coded], rows: int) -> tuple[Integers, Codes]:
    """The combinations of levels that may occur, and each row's place among them."""
    possible = np.zeros((1, 0), np.int64)
    code: Codes = np.zeros(rows, np.uint8)
    for column in columns:
        size = len(column.levels)
        own = np.tile(np.arange(size), len(possible))
        possible = np.column_stack([np.repeat(possible, size, axis=0), own])
        code = code.astype(_width(len(possible))) * size + column.codes
        if len(possible) > POSSIBLE:
            used, code = np.unique(code, return_inverse=True)
            possible = possible[used]
    return possible, code


def _recoded(part: Cells, levels: Sequence[Sequence[str]]) -> Integers:
    columns = [
        np.array([new.index(one) for one in old], np.int64)[part.combinations[:, place]]
        for place, (old, new) in enumerate(zip(part.levels, levels, strict=True))
    ]
    return np.column_stack(columns) if columns else part.combinations


def _added(counts: Integers, codes: Integers, groups: int) -> Integers:
    total = np.zeros((groups, DECISIONS, LABELS), np.int64)
    np.add.at(total, codes.ravel(), counts)
    return total


def _ordered(column: Coded) -> Coded:
    levels = _in_order(column.levels)
    if levels == column.levels:
        return column
    return Coded(levels, np.array([levels.index(one) for one in column.levels], column.codes.dtype)[column.codes])


def _in_order(levels: Iterable[str]) -> tuple[str, ...]:
    """Numbers by size, then names by letter, "unknown" last."""
    return tuple(sorted(levels, key=_rank))


def _rank(level: str) -> tuple[bool, bool, int, str]:
    number = level.isascii() and level.isdecimal()
    return level == UNKNOWN, not number, int(level) if number else 0, level


def _width(values: int) -> np.dtype[Any]:
    """The smallest unsigned type that holds so many codes, and their number: reading them is what counting costs."""
    return np.min_scalar_type(values)


def _binary(values: ArrayLike, what: str) -> NDArray[np.uint8]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf" or not ((array == 0) | (array == 1)).all():
        raise ValueError(f"{what} must be a one-dimensional array of 0 and 1")
    return array.astype(np.uint8)


def _labels(y_true: ArrayLike | None, rows: int) -> NDArray[np.uint8]:
    if y_true is None:
        return np.full(rows, LABELS - 1, np.uint8)
    label = np.asarray(y_true)
    if label.size != rows:
        raise ValueError("labels and decisions differ in length")
    if label.dtype.kind in "biu":
        return _binary(label, "labels")
    numbers = label.astype(np.float64)
    missing = np.isnan(numbers)
    return np.where(missing, np.uint8(LABELS - 1), _binary(np.where(missing, 0.0, numbers), "labels"))
