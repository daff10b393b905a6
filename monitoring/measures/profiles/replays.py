"""What chance does to a window: windows of the reference itself, each compared with the rest of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import chi_square, contingency, psi
from monitoring.measures.profiles import counting, levels
from monitoring.measures.profiles.counting import CategoricalCounts, Counts, NumericCounts, Summary
from monitoring.measures.profiles.framing import Frames

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SIZES = (200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
DRAWS, FEWEST_DRAWS, MOST_CELLS = 500, 100, 200_000
CONSECUTIVE = 100
QUANTILE = 0.99
MOST_ROWS = 10**9  # numpy draws no hypergeometric numbers beyond


@dataclass(frozen=True, slots=True, eq=False)
class Null:
    """For windows of each of `sizes` rows without drift: the median of PSI, and what one window in a hundred exceeds.

    The design effect (L. Kish, Survey Sampling (1965); for tests J. N. K. Rao and A. J. Scott, J. Am. Stat. Assoc. 76
    (1981), 221-230) is how many times larger chi-square is on average than for independent rows: 1 for rows drawn at
    random, more where neighbouring rows are alike. A window then tells as much as one so many times smaller.
    """

    sizes: Integers
    median: Floats
    high: Floats
    design: Floats

    def expected(self, rows: int) -> float | None:
        """The median for windows of so many rows."""
        return self._of(self.median, rows)

    def exceeded_by_chance(self, rows: int) -> float | None:
        """The quantile 0.99; None where the reference was too small to replay."""
        return self._of(self.high, rows)

    def design_effect(self, rows: int) -> float:
        """That of the next larger size, so rather too large than too small; at least 1."""
        if self.sizes.size == 0:
            return 1.0
        place = min(self.sizes.size - 1, int(np.searchsorted(self.sizes, rows)))
        return max(1.0, float(self.design[place]))

    def _of(self, figures: Floats, rows: int) -> float | None:
        """Of the next smaller size, so rather too large; below the smallest, larger as the window is smaller."""
        if self.sizes.size == 0:
            return None
        place = max(0, int(np.searchsorted(self.sizes, rows, side="right")) - 1)
        return float(figures[place]) * max(1.0, float(self.sizes[place]) / max(rows, 1))


Replays = Sequence[Null]


def drawn(counted: Summary, *, seed: int = 0) -> Replays:
    """Windows of rows drawn without replacement, which the counts suffice for."""
    sizes = [size for size in SIZES if 2 * size <= counted.rows < MOST_ROWS]
    random = np.random.default_rng(seed)
    found = []
    for column in counted.columns:
        cells = _cells(column)
        draws = max(FEWEST_DRAWS, min(DRAWS, MOST_CELLS // cells.size))
        windows = (random.multivariate_hypergeometric(cells, size, size=draws) for size in sizes)
        found.append(_null(sizes, [(*_quantiles(column, cells, each), 1.0) for each in windows]))
    return found


def consecutive(frames: Frames, table: Mapping[str, ArrayLike], counted: Summary) -> Replays:
    """Windows of consecutive rows, up to a hundred of each size, at even distances over the table."""
    sizes = [size for size in SIZES if 2 * size <= counted.rows]
    arrays = {column.name: np.asarray(table[column.name]) for column in frames.columns}
    found: list[list[tuple[float, float, float]]] = [[] for _ in counted.columns]
    for size in sizes:
        starts = np.unique(np.linspace(0, counted.rows - size, min(CONSECUTIVE, counted.rows // size)).astype(int))
        windows = [
            counting.count(frames, {name: array[start : start + size] for name, array in arrays.items()})
            for start in starts.tolist()
        ]
        for place, column in enumerate(counted.columns):
            cells, rows = _cells(column), np.array([_cells(window.columns[place], column) for window in windows])
            found[place].append((*_quantiles(column, cells, rows), _design(cells, rows)))
    return [_null(sizes, each) for each in found]


def _null(sizes: list[int], found: list[tuple[float, float, float]]) -> Null:
    median, high, design = np.array(found, np.float64).reshape(-1, 3).T.copy()
    return Null(np.array(sizes, np.int64), median, high, design)


def _quantiles(column: Counts, cells: Integers, windows: Integers) -> tuple[float, float]:
    """Of PSI over windows, brought from the sizes of window and rest to those of window and reference."""
    n, m = int(cells.sum()), int(windows[0].sum())
    scale = (1.0 / m + 1.0 / n) / (1.0 / m + 1.0 / (n - m))
    if isinstance(column, CategoricalCounts):
        common = levels.common(cells[:-1], n)
        complete = len(column.levels) <= levels.MOST
        found = [psi.index(*levels.cells(cells - window, window, common, complete=complete)) for window in windows]
    else:
        found = [psi.index(cells - window, window) for window in windows]
    median, high = np.quantile(found, [0.5, QUANTILE], method="higher").tolist()
    return median * scale, high * scale


def _design(cells: Integers, windows: Integers) -> float:
    """Chi-square over its degrees of freedom, on average."""
    ratios = []
    for window in windows:
        before, after = contingency.joined(cells - window, window)
        used = int(((before + after) > 0).sum())
        if used > 1:
            ratios.append(chi_square.statistic(before, after) / (used - 1))
    return float(np.mean(ratios)) if ratios else 1.0


def _cells(column: Counts, like: Counts | None = None) -> Integers:
    """A column's counts, missing rows last; levels by falling frequency in `like`."""
    if isinstance(column, NumericCounts):
        return column.bins
    ranked = levels.ranked(like.levels if isinstance(like, CategoricalCounts) else column.levels)
    return np.array([*(column.levels.get(level, 0) for level in ranked), column.missing], np.int64)
