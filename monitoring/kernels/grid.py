"""A grid over the real line, and the cell of it that each value lies in, found without sorting or searching.

A table over the exponent and first bits of 1 + |x - centre| * scale gives the cell to within about one cut: its steps
are even near the centre and in even ratios far from it, which suits uniform, skewed and heavy-tailed columns alike.
Rounding is monotone, so the answer is exact: that of `numpy.searchsorted(cuts, values, side="left")`.
"""

from dataclasses import dataclass

import numpy as np
from numba import int64, uint64
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Cells = NDArray[np.uint16]

MOST_CUTS = 65_000
SLOTS_A_CUT = 4
ONE = 0x3FF0000000000000  # the bits of 1.0; those of larger numbers are larger, in even steps between powers of two
BLOCK = 512
LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Cuts c_0 < ... < c_(k-1), and how to find a value's cell.

    Cell 0 is (-inf, c_0], cell j is (c_(j-1), c_j], cell k lies above the last cut, and cell k + 1 holds NaN.
    `cuts` has one more place, +inf, where the search stops; `table` and the numbers follow from the cuts. `crowding` is
    the share of cuts that share a slot: above a tenth (scales a million times apart in one column) sorting is quicker.
    """

    cuts: Floats
    table: Cells
    centre: float
    scale: float
    shift: int
    half: int
    crowding: float

    @property
    def size(self) -> int:
        """How many cells there are, that of NaN included."""
        return self.cuts.size + 1


def make(cuts: Floats, *, among: Floats | None = None) -> Grid:
    """A grid of ascending, distinct cuts, at most 65,000; they may begin with -inf. Raises ValueError on others.

    among: those of the cuts that nearly all values lie among, where finding must be quick.
    """
    if cuts.size > MOST_CUTS or not bool(np.all(cuts[1:] > cuts[:-1])) or (cuts.size and not cuts[-1] < np.inf):
        raise ValueError("cuts must ascend, be distinct and below +inf, and be no more than 65,000")
    choice = _fitted(cuts[np.isfinite(cuts)] if among is None else among)
    slots = _slots(cuts, *choice)
    table = np.searchsorted(slots, np.arange(2 * choice[3] + 1), side="left").astype(np.uint16)
    return Grid(np.append(cuts, np.inf), table, *choice, crowding=_crowding(slots))


def cells(values: Floats, grid: Grid) -> Cells:
    """The cell of each float64 value; about 4 ns a value, whatever the order of the values and the number of cuts."""
    found = np.empty(values.size, np.uint16)
    _locate(values, found, grid.cuts, grid.table, grid.centre, grid.scale, grid.shift, grid.half)
    return found


def counts(values: Floats, grid: Grid) -> Integers:
    """How many values lie in each of the grid's cells."""
    return count(cells(values, grid), grid.size)


def warm() -> None:
    """Compile or load the search, for arrays that may be written to and for those that may not."""
    values = np.array([1.0, 2.0])
    counts(values, make(values))
    values.flags.writeable = False
    cells(values, make(np.array([1.0])))


@compiled
def count(found: Cells, size: int) -> Integers:
    """How often each of the cells 0 .. size-1 occurs. Four counters a cell, so that equal neighbours do not wait."""
    lanes = np.zeros((4, size), np.int64)
    whole = found.size - found.size % 4
    for i in range(0, whole, 4):
        lanes[0, uint64(found[i])] += 1
        lanes[1, uint64(found[i + 1])] += 1
        lanes[2, uint64(found[i + 2])] += 1
        lanes[3, uint64(found[i + 3])] += 1
    for i in range(whole, found.size):
        lanes[0, uint64(found[i])] += 1
    total: Integers = lanes[0] + lanes[1] + lanes[2] + lanes[3]
    return total


@compiled
def _locate(
    values: Floats, found: Cells, cuts: Floats, table: Cells, centre: float, scale: float, shift: int, half: int
) -> None:
    """Three passes a block: the two without a table run eight values at a time, the third is all loads in parallel."""
    missing = uint64(cuts.size)
    spread = np.empty(BLOCK, np.float64)
    bits = spread.view(np.int64)
    slots = np.empty(BLOCK, np.uint64)
    for start in range(0, values.size, BLOCK):
        block = values[start : min(values.size, start + BLOCK)]
        for i in range(block.size):
            spread[i] = 1.0 + abs(block[i] - centre) * scale
        for i in range(block.size):
            # Below the centre the slots are mirrored: ~slot is -1 - slot.
            slots[i] = (min((bits[i] - ONE) >> shift, half - 1) ^ -int64(block[i] < centre)) + half
        for i in range(block.size):
            value = block[i]
            cell = uint64(table[slots[i]])
            cell += uint64(cuts[cell] < value)
            if cuts[cell] < value:
                cell = _search(cuts, value, cell + uint64(1), uint64(table[slots[i] + uint64(1)]))
            elif value != value:
                cell = missing
            found[start + i] = cell


@compiled
def _search(cuts: Floats, value: float, low: np.uint64, high: np.uint64) -> np.uint64:
    """The first cut from `low` on that is not below the value; for the few slots that hold many cuts."""
    while low < high:
        middle = (low + high) >> uint64(1)
        if cuts[middle] < value:
            low = middle + uint64(1)
        else:
            high = middle
    return low


def _fitted(cuts: Floats) -> tuple[float, float, int, int]:
    """The centre and scale, of a few candidates, that leave the fewest cuts in a slot with others."""
    best, choice = np.inf, (0.0, 1.0, 52, 1)
    if cuts.size == 0:
        return choice
    for centre in (cuts[cuts.size // 2], cuts[0], cuts[-1]):
        with np.errstate(over="ignore"):
            distances = np.sort(np.minimum(np.abs(cuts - centre), LARGEST))
        for unit in distances[(np.array([0.25, 0.0625, 0.015625, 0.5, 0.999]) * (cuts.size - 1)).astype(int)]:
            if 1.0 / LARGEST < unit < LARGEST:
                one = _table(cuts, distances, float(centre), 1.0 / float(unit))
                crowded = _crowding(_slots(cuts, *one))
                best, choice = (crowded, one) if crowded < best else (best, choice)
                if best < 0.01:
                    return choice
    return choice


def _table(cuts: Floats, distances: Floats, centre: float, scale: float) -> tuple[float, float, int, int]:
    """A table of about four slots a cut, from the centre out to where 99.9 % of the cuts lie."""
    sides = 1 if centre in (cuts[0], cuts[-1]) else 2
    with np.errstate(over="ignore"):
        reach = min(distances[int(0.999 * (cuts.size - 1))] * scale, LARGEST)
    octaves = float(np.log2(1.0 + reach))
    places = min(52, max(1, int(np.log2(SLOTS_A_CUT * cuts.size / max(octaves * sides, 1e-3)))))
    return centre, scale, 52 - places, int(np.ceil((octaves + 1.0) * 2.0 ** min(places, 20)))


def _crowding(slots: Integers) -> float:
    taken = np.bincount(slots)
    return float(np.maximum(taken - 1, 0).sum() / max(1, slots.size))


def _slots(values: Floats, centre: float, scale: float, shift: int, half: int) -> Integers:
    """What `_locate` computes, operation for operation: the table is right only if both round alike."""
    with np.errstate(over="ignore"):
        spread = 1.0 + np.abs(values - centre) * scale
    slots = np.minimum((spread.view(np.int64) - ONE) >> shift, half - 1)
    return np.asarray(np.where(values < centre, ~slots, slots) + half, dtype=np.int64)
