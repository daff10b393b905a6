"""How far one column has moved: its counts in a window against those of its profile."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels import chi_square, contingency, hellinger, jensen_shannon, ks, psi, unseen
from monitoring.kernels.sketches import distances
from monitoring.measures.profiles import CategoricalColumn, Column, NumericColumn, levels
from monitoring.measures.profiles.counting import CategoricalCounts, Counts, NumericCounts
from monitoring.measures.profiles.framing import Kind

Integers = NDArray[np.int64]
Test = Literal["ks", "chi_square"]

LOG_10 = math.log(10.0)


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far one column has moved, and how surely.

    `statistic` is that of `test`; that of "ks" may be too small by two 4,096ths, never too large. The p-value also
    covers the missing rate of a numeric column and the rows in new categories of a categorical one; it may underflow to
    0, which `log10_p` never does. `excess` is PSI less `expected`, its median without drift, and `chance` what one
    window in a hundred exceeds without drift, both from replayed windows of the reference (None: too small a reference
    to replay). `wasserstein` is in the column's unit, None for categories and where infinities are involved. `n` rows,
    of which `present` have a value.
    """

    name: str
    kind: Kind
    test: Test
    statistic: float | None
    p_value: float
    log10_p: float
    psi: float
    expected: float
    excess: float
    chance: float | None
    jensen_shannon: float
    hellinger: float
    wasserstein: float | None
    n: int
    present: int
    missing_rate: float
    new_category_rate: float


def measure(column: Column, window: Counts) -> ColumnDrift:
    """Measure the counts of at least one row. Raises ValueError on none, and on counts of another kind of column."""
    if isinstance(column, NumericColumn) and isinstance(window, NumericCounts):
        return _numeric(column, window)
    if isinstance(column, CategoricalColumn) and isinstance(window, CategoricalCounts):
        return _categorical(column, window)
    raise ValueError(f"{column.name} was counted as another kind of column")


def _numeric(column: NumericColumn, window: NumericCounts) -> ColumnDrift:
    before, after = column.counts.bins, window.bins
    design = column.null.design_effect(int(after.sum()))
    sizes = column.counts.sketch.n, window.sketch.n
    statistic, distance, looks = None, None, []
    if min(sizes) > 0:
        ruler = column.frame.ruler
        statistic = distances.ks(column.counts.sketch, window.sketch, ruler).low
        looks.append(ks.log_p_value(statistic, *(max(1, int(size / design)) for size in sizes)))
        area = distances.wasserstein(column.counts.sketch, window.sketch, ruler).low
        distance = area if math.isfinite(area) else None
    if before[-1] + after[-1] > 0:
        missing = [np.array([counts[:-1].sum(), counts[-1]]) for counts in (before, after)]
        looks.append(_log_p(missing[0], missing[1], design))
    return _measured(column, (before, after), ("ks", statistic, _surest(looks)), distance=distance)


def _categorical(column: CategoricalColumn, window: CategoricalCounts) -> ColumnDrift:
    before, after = _by_level(column, window)
    new = int(after[:-1][before[:-1] == 0].sum()) if column.rare_levels == 0 else 0
    design = column.null.design_effect(int(after.sum()))
    joined = contingency.joined(before[:-1], after[:-1])
    # Rows without a value stay apart, however few.
    table = np.append(joined[0], before[-1]), np.append(joined[1], after[-1])
    looks = [_log_p(*table, design)]
    if column.rare_levels == 0 and min(before[:-1].sum(), after[:-1].sum()) > 0:
        # That table is blind to many new levels of few rows each: they stand among the rare ones.
        looks.append(unseen.test(before[:-1], after[:-1]).log10_p * LOG_10 / design)
    test: tuple[Test, float, float] = ("chi_square", chi_square.statistic(*table), _surest(looks))
    common = levels.common(column.counts, column.rows)
    cells = levels.cells(before, after, common, complete=column.rare_levels == 0)
    return _measured(column, cells, test, new=new)


def _by_level(column: CategoricalColumn, window: CategoricalCounts) -> tuple[Integers, Integers]:
    """Counts of each level kept, then of each that only the window holds (or, among more levels than are kept, of all
    others together), then of rows without a value."""
    others = sorted(set(window.levels) - set(column.levels))
    known = [window.levels.get(level, 0) for level in column.levels]
    further = [window.levels[level] for level in others]
    if column.rare_levels > 0:
        return (
            np.array([*column.counts, column.rare, column.missing], np.int64),
            np.array([*known, sum(further), window.missing], np.int64),
        )
    return (
        np.array([*column.counts, *[0] * len(others), column.missing], np.int64),
        np.array([*known, *further, window.missing], np.int64),
    )


def _measured(
    column: Column,
    cells: tuple[Integers, Integers],
    test: tuple[Test, float | None, float],
    *,
    distance: float | None = None,
    new: int = 0,
) -> ColumnDrift:
    n, missing = int(cells[1].sum()), int(cells[1][-1])
    index, expected = psi.index(*cells), column.null.expected(n)
    expected = psi.expected(*cells) if expected is None else expected
    return ColumnDrift(
        name=column.name,
        kind="numeric" if isinstance(column, NumericColumn) else "categorical",
        test=test[0],
        statistic=test[1],
        p_value=math.exp(test[2]),
        log10_p=test[2] / LOG_10,
        psi=index,
        expected=expected,
        excess=index - expected,
        chance=column.null.exceeded_by_chance(n),
        jensen_shannon=jensen_shannon.distance(*cells),
        hellinger=hellinger.distance(*cells),
        wasserstein=distance,
        n=n,
        present=n - missing,
        missing_rate=missing / n,
        new_category_rate=new / n,
    )


def _log_p(before: Integers, after: Integers, design: float) -> float:
    """Of chi-square, smaller by the design effect (Rao and Scott, as in `profiles.replays`)."""
    if design == 1.0:
        return chi_square.test(before, after).log10_p * LOG_10
    used = int(((before + after) > 0).sum())
    return contingency.log_p_value(chi_square.statistic(before, after) / design, used - 1)


def _surest(looks: list[float]) -> float:
    """Several looks at one column: Bonferroni."""
    return min(0.0, math.log(len(looks)) + min(looks)) if looks else 0.0
