"""A reference: its columns' frames, its own counts in them, and what chance does to windows of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels.correlation import Moments
from monitoring.measures.profiles import counting, framing, levels, replays
from monitoring.measures.profiles.counting import CategoricalCounts, NumericCounts, Summary
from monitoring.measures.profiles.framing import Categorical, Frames, Kind, Numeric
from monitoring.measures.profiles.replays import Null, Replays

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

VALUES = 16_384  # a numeric column with no more present values keeps them all


@dataclass(frozen=True, eq=False)
class NumericColumn:
    """A numeric column: its ascending present values if they are few, its counts in any case."""

    frame: Numeric
    rows: int
    counts: NumericCounts
    values: Floats | None
    null: Null

    @property
    def name(self) -> str:
        return self.frame.name

    @property
    def missing(self) -> int:
        return self.counts.missing


@dataclass(frozen=True, eq=False)
class CategoricalColumn:
    """A categorical column: rows of each level kept, most frequent first, and of all `rare_levels` others together."""

    frame: Categorical
    rows: int
    levels: tuple[str, ...]
    counts: Integers
    rare_levels: int
    rare: int
    missing: int
    null: Null

    @property
    def name(self) -> str:
        return self.frame.name


Column = NumericColumn | CategoricalColumn


@dataclass(frozen=True, eq=False)
class Profile:
    """A reference table. Equal tables give equal bytes (`to_bytes`); compare those, or their digest."""

    rows: int
    columns: tuple[Column, ...]
    moments: Moments
    frames: Frames


def make(
    table: Mapping[str, ArrayLike], kinds: Mapping[str, Kind], *, in_order: bool = False, seed: int = 0
) -> Profile:
    """Profile the columns named in `kinds`, in that order, and replay windows of the table against the rest of it.

    in_order: windows are consecutive rows, as where the table is in the order of time: what changes from week to week
    is then no drift. Else they are rows drawn at random, which is right for a shuffled table and for a sorted one.
    Raises ValueError on no rows and unequal lengths, KeyError on a column that the table lacks.
    """
    frames = framing.frames(table, kinds)
    counted = counting.count(frames, table)
    present = {
        column.name: np.sort(_without_gaps(column.numbers(table[column.name])))
        for column, counts in zip(frames.columns, counted.columns, strict=True)
        if isinstance(column, Numeric) and 0 < counted.rows - counts.missing <= VALUES
    }
    found = replays.consecutive(frames, table, counted) if in_order else replays.drawn(counted, seed=seed)
    return assemble(frames, counted, present, found)


def finish(frames: Frames, counted: Summary, *, seed: int = 0) -> Profile:
    """The profile of a table that was counted in parts; windows are replayed from its counts."""
    return assemble(frames, counted, {}, replays.drawn(counted, seed=seed))


def assemble(frames: Frames, counted: Summary, present: Mapping[str, Floats], found: Replays) -> Profile:
    """Put the parts together. Raises ValueError on a reference without rows."""
    if counted.rows == 0 or not frames.columns:
        raise ValueError("a reference needs rows and columns")
    columns = tuple(
        NumericColumn(frame, counted.rows, counts, present.get(frame.name), null)
        if isinstance(frame, Numeric) and isinstance(counts, NumericCounts)
        else _categorical(frame, counted.rows, counts, null)  # type: ignore[arg-type]
        for frame, counts, null in zip(frames.columns, counted.columns, found, strict=True)
    )
    return Profile(counted.rows, columns, counted.moments, frames)


def _categorical(frame: Categorical, rows: int, counts: CategoricalCounts, null: Null) -> CategoricalColumn:
    ranked = levels.ranked(counts.levels)
    kept, others = ranked[: levels.MOST], ranked[levels.MOST :]
    return CategoricalColumn(
        frame=frame,
        rows=rows,
        levels=tuple(kept),
        counts=np.array([counts.levels[level] for level in kept], np.int64),
        rare_levels=len(others),
        rare=sum(counts.levels[level] for level in others),
        missing=counts.missing,
        null=null,
    )


def _without_gaps(values: Floats) -> Floats:
    present: Floats = values[~np.isnan(values)]
    return present
