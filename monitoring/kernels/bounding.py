"""Kolmogorov-Smirnov and Wasserstein-1 of a window that is never sorted: exact, by branch and bound over a grid.

A reference keeps a grid of its own values. One pass over the window counts its rows in each cell and adds up how far
they lie below the cell's upper end; that gives the gap between the distribution functions at every cut, bounds it
inside each cell and, where it cannot change its sign, gives the area as well. Only cells that could hold a larger gap
than any cut, or a change of sign, are looked at row by row: a few rows in a hundred. Checked against the sorted ways.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import uint64
from numpy.typing import ArrayLike, NDArray

from monitoring.kernels import grid, ks, ks_law, wasserstein
from monitoring.kernels.compiled import compiled
from monitoring.kernels.grid import Cells, Grid
from monitoring.kernels.pairs import pair
from monitoring.kernels.prepared import Floats, Integers, Prepared, Side, digits, floats, prepare
from monitoring.kernels.results import Aside, Comparison, measured, untested

# A cell for so many rows of the reference, if that makes no more than MOST of them.
ROWS = 16
MOST = 16_384
# Windows of fewer rows are sorted: going over the cells would cost more.
LEAST = 20_000
# Above this many of the cuts in each other's way the search in the grid is slower than a sort.
CROWDED = 0.1
LARGEST = float(np.finfo(np.float64).max)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Fence:
    """A reference with its grid: cuts at -inf, some of its values, its largest, and the largest finite number.

    `index` of its distinct values and `ahead` of its rows lie at or below each cut; `sums` is how far its rows in each
    cell lie from the cell's anchor (its upper end; above all of the reference, its lower). An atom is one number.
    """

    reference: Prepared
    grid: Grid
    anchors: Floats
    index: Integers
    ahead: Integers
    sums: Floats
    atoms: Flags


class Ledger(NamedTuple):
    """At each cut: the gap, rows of the reference and of the window up to there; for the cell below it: distances."""

    cuts: Floats
    gaps: Integers
    ahead: Integers
    rows: Integers
    ours: Floats
    theirs: Floats
    atoms: Flags
    n: int
    m: int


def fence(reference: Prepared) -> Fence:
    """Lay a grid over a prepared reference; a few milliseconds, once. Raises ValueError on one without rows."""
    if reference.n == 0:
        raise ValueError("a sample is empty")
    values = reference.values[:-1]
    cuts = np.concatenate([[-np.inf], _chosen(reference), [LARGEST]])
    index = np.searchsorted(values, cuts, side="right").astype(np.int64)
    anchors = np.concatenate([cuts[:-1], values[-1:] if values.size else [0.0], [np.inf, np.nan]])
    cells = np.repeat(np.arange(1, cuts.size), np.diff(index))
    distances = np.abs(anchors[cells] - values) * np.diff(reference.upto)
    sums: Floats = np.bincount(cells, distances, anchors.size).astype(np.float64)
    atoms = np.append(False, np.nextafter(cuts[:-1], np.inf) == cuts[1:])
    return Fence(reference, grid.make(cuts, among=cuts[1:-1]), anchors, index, reference.upto[index], sums, atoms)


def compare(fenced: Fence, window: ArrayLike) -> tuple[Comparison, Comparison]:
    """Kolmogorov-Smirnov and Wasserstein-1, as `ks.compare` and `wasserstein.compare` give them.

    The window is a column of numbers in any order; a short one, one of another precision and one whose distances
    overflow are sorted after all. Raises what `prepare` and `pair` raise.
    """
    array = np.asarray(window)
    if _usual(fenced, array):
        found = _without_sorting(fenced, np.ascontiguousarray(floats(array, fenced.reference.offset)))
        if found is not None:
            return found
    samples = pair(fenced.reference, prepare(array, like=fenced.reference))
    return ks.compare(samples), wasserstein.compare(samples)


def warm() -> None:
    """Compile or load the search."""
    column = np.arange(1.0 * LEAST)
    window = column + 0.5
    fenced = fence(prepare(column))
    compare(fenced, window)
    window.flags.writeable = False  # as Arrow gives it; to numba that is another type
    compare(fenced, window)


def _chosen(reference: Prepared) -> Floats:
    """Values at even steps of rank, the least and the largest; those with many rows get a cell of their own."""
    values, upto = reference.values[:-1], reference.upto
    if values.size == 0:
        return values
    cells = max(1, min(MOST, reference.n // ROWS))
    steps = np.linspace(upto[0], upto[-1] - 1, cells + 1).astype(np.int64)
    places = np.unique(np.searchsorted(upto, steps, side="right") - 1)
    heavy = places[np.diff(upto)[places] * cells * 2 > reference.n]
    below = np.nextafter(values[heavy], -np.inf)
    return np.unique(np.concatenate([values[places], below, values[[0, -1]]]))


def _usual(fenced: Fence, array: NDArray[np.generic]) -> bool:
    kind = array.dtype.kind
    alike = kind in "biuf" and digits(array.dtype.name) == digits(fenced.reference.dtype)
    return alike and array.ndim == 1 and array.size >= LEAST and fenced.grid.crowding <= CROWDED


def _without_sorting(fenced: Fence, values: Floats) -> tuple[Comparison, Comparison] | None:
    cells = grid.cells(values, fenced.grid)
    counts, sums = _weigh(values, cells, fenced.anchors)
    ledger = _ledger(fenced, counts, sums)
    largest, area, unsure = _bound(ledger)
    kept = _collect(values, cells, unsure, int(counts[unsure].sum()))
    kept[-1] = np.inf
    kept.sort()
    inside, more = _look(ledger, unsure, fenced.index, fenced.reference.side, kept)
    n, m = ledger.n, ledger.m
    even = ledger.gaps[0] == 0 and ledger.gaps[-1] == 0
    distance, width = max(largest, inside) / (n * m), (area + more) / n / m if even else math.inf
    if even and not math.isfinite(width):
        return None
    aside = Aside(m, int(counts[-1]), int(counts[0] + counts[-2]))
    return measured(distance, ks_law.log_p_value(distance, n, m), ks_law.kind(n, m), aside), untested(width, aside)


def _ledger(fenced: Fence, counts: Integers, sums: Floats) -> Ledger:
    reference = fenced.reference
    n, m = reference.n, int(counts[:-1].sum())
    if m == 0:
        raise ValueError("a sample is empty")
    ahead, rows = fenced.ahead, np.cumsum(counts[:-2])
    cuts = fenced.grid.cuts[:-1]
    return Ledger(cuts, ahead * m - rows * n, ahead, rows, fenced.sums, sums, fenced.atoms, n, m)


@compiled
def _weigh(values: Floats, cells: Cells, anchors: Floats) -> tuple[Integers, Floats]:
    """Rows in each cell, and the sum of their distances from its anchor."""
    # All three of a cell in one line of the cache.
    table = np.zeros((anchors.size, 4))
    table[:, 0] = anchors
    for i in range(values.size):
        cell = uint64(cells[i])
        table[cell, 1] += 1.0
        table[cell, 2] += abs(table[cell, 0] - values[i])
    return table[:, 1].astype(np.int64), table[:, 2].copy()


@compiled
def _bound(ledger: Ledger) -> tuple[int, float, Flags]:
    """The largest gap at a cut, the area of the cells where the gap keeps its sign, and the cells to be looked at."""
    cuts, gaps, ahead, rows = ledger.cuts, ledger.gaps, ledger.ahead, ledger.rows
    largest = np.abs(gaps).max()
    area = 0.0
    unsure = np.zeros(ledger.ours.size, np.bool_)
    last = gaps.size - 1
    for cell in range(1, gaps.size):
        before = gaps[cell - 1]
        # Inside, the gap rises by the reference's rows at most, and falls by the window's.
        top = before + (ahead[cell] - ahead[cell - 1]) * ledger.m
        bottom = before - (rows[cell] - rows[cell - 1]) * ledger.n
        turns = top > 0 and bottom < 0
        unsure[cell] = not ledger.atoms[cell] and (turns or top > largest or bottom < -largest)
        if not unsure[cell]:
            width = cuts[cell] - cuts[cell - 1] if 1 < cell < last else 0.0
            area += abs(float(before) * width + ledger.m * ledger.ours[cell] - ledger.n * ledger.theirs[cell])
    return largest, area, unsure


@compiled
def _collect(values: Floats, cells: Cells, wanted: Flags, size: int) -> Floats:
    """The values in the wanted cells, and a place for one more."""
    kept = np.empty(size + 1)
    place = uint64(0)
    for i in range(values.size):
        kept[place] = values[i]
        place += uint64(wanted[cells[i]])
    return kept


@compiled
def _look(ledger: Ledger, unsure: Flags, index: Integers, side: Side, kept: Floats) -> tuple[float, float]:
    """The largest gap and the area in the unsure cells, whose window rows are kept, in order, with +inf after them.

    A walk row by row, without a branch to be mispredicted: the next cell's values end it.
    """
    largest = area = 0.0
    first = uint64(0)
    for cell in range(1, index.size):
        if not unsure[cell]:
            continue
        i, j = uint64(index[cell - 1]), first
        first += uint64(ledger.rows[cell] - ledger.rows[cell - 1])
        end = uint64(index[cell]) + first
        rows = ledger.rows[cell - 1] - np.int64(j)
        gap, value = float(ledger.gaps[cell - 1]), max(ledger.cuts[cell - 1], -LARGEST)
        left, right = side.values[i], kept[j]
        while i + j < end:
            following = left if left < right else right
            area += abs(gap) * (following - value)
            value = following
            i, j = i + uint64(left <= right), j + uint64(right <= left)
            gap = float(side.upto[i] * ledger.m - (rows + np.int64(j)) * ledger.n)
            left, right = side.values[i], kept[j]
            # With more rows of this value to come, the gap is not there yet.
            there = abs(gap) if right != value else 0.0
            largest = there if there > largest else largest
        area += abs(gap) * (ledger.cuts[cell] - value)
    return largest, area
