"""How often each of a column's category codes occurs."""

import numpy as np
from numba import int64
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled

Integers = NDArray[np.int64]


@compiled
def count(codes: NDArray[np.signedinteger], levels: int) -> Integers:
    """Cells of the codes 0 .. levels-1, then of unseen ones (>= levels), then of missing ones (< 0).

    Signed integers of any width. Four counters a cell, so that equal neighbours need not wait for one another.
    """
    lanes = np.zeros((4, levels + 2), np.int64)
    whole = codes.size - codes.size % 4
    # Place 0 is for the missing here: clamping costs no branch, and every place is then one step up.
    for i in range(0, whole, 4):
        for lane in range(4):
            lanes[lane, np.uint64(min(max(int64(codes[i + lane]), -1), levels) + 1)] += 1
    for i in range(whole, codes.size):
        lanes[0, np.uint64(min(max(int64(codes[i]), -1), levels) + 1)] += 1
    cells = np.empty(levels + 2, np.int64)
    for cell in range(levels + 2):
        cells[cell - 1 if cell > 0 else levels + 1] = lanes[0, cell] + lanes[1, cell] + lanes[2, cell] + lanes[3, cell]
    return cells


def warm() -> None:
    """Compile or load the count for the widths that callers pass."""
    for width in (np.int64, np.int32, np.int16, np.int8, np.uint8, np.uint16):
        count(np.zeros(5, width), 1)
