"""The cells that the levels of a categorical column are compared in: part of what its PSI means."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

MOST = 1_000  # levels that a profile keeps, the most frequent
COMMON = 0.005  # a level with less than this share of the reference stands in one cell with all such levels


def ranked(counts: Mapping[str, int]) -> list[str]:
    """Levels, the most frequent first, those of one frequency by name."""
    return sorted(counts, key=lambda level: (-counts[level], level))


def common(counts: Integers, rows: int) -> int:
    """How many of the ranked levels have a cell of their own."""
    return int((counts >= COMMON * rows).sum())


def cells(before: Integers, after: Integers, common: int, *, complete: bool) -> tuple[Integers, Integers]:
    """Counts by level, ranked in the reference and missing rows last, joined to cells.

    These are the common levels; all rare ones; those that only the window holds; rows without a value. Unless the
    levels of the reference are known completely nobody can tell rare from unseen, and both stand in one cell.
    """
    first, second = before[common:-1], after[common:-1]
    unseen = int(second[first == 0].sum()) if complete else 0
    rare = int(second.sum()) - unseen
    return (
        np.concatenate([before[:common], [first.sum(), 0], before[-1:]]),
        np.concatenate([after[:common], [rare, unseen], after[-1:]]),
    )
