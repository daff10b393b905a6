"""Random splits of pooled rows into two samples, and the permutation p-value they give.

Reference: for the p-value, B. Phipson and G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010), article 39.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitoring.kernels.compiled import compiled
from monitoring.kernels.rows import Floats, Pooled

Splits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Result:
    """A statistic with its permutation p-value, (1 + as large or larger) / (1 + permutations), so never 0.

    `effect` is the statistic as a share of the most it could be with these pairs, `null_sd` its spread over the random
    splits. Rows with NaN or an infinity are not among n and m, but counted.
    """

    value: float
    effect: float
    p_value: float
    null_sd: float
    permutations: int
    n: int
    m: int
    dropped_reference: int
    dropped_window: int

    @property
    def log10_p(self) -> float:
        return math.log10(self.p_value)


@compiled
def draw(first: int, rows: int, permutations: int, seed: int) -> NDArray[np.uint8]:
    """Columns of zeros and `first` ones, (rows, 1 + permutations): the observed split, then random ones.

    The first steps of R. Fisher and F. Yates' shuffle with SplitMix64 (G. Steele, D. Lea and C. Flood, OOPSLA 2014), so
    that a seed gives the same splits with every version of numpy. A row's chance is off by less than rows / 2^32.
    """
    if permutations < 1:
        raise ValueError("a permutation test needs a permutation")
    splits = np.zeros((rows, 1 + permutations), np.uint8)
    splits[:first, 0] = 1
    order = np.arange(rows)
    state = np.uint64(seed)
    for column in range(1, 1 + permutations):
        for place in range(first):
            state += np.uint64(0x9E3779B97F4A7C15)
            mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(32)
            chosen = place + np.int64((mixed * np.uint64(rows - place)) >> np.uint64(32))
            order[place], order[chosen] = order[chosen], order[place]
            splits[order[place], column] = 1
    return splits


def judged(statistic: Floats, most: float, pooled: Pooled) -> Result:
    """The observed statistic, the first, among those of the random splits; `most` is what `effect` is a share of.

    Values apart by rounding are ties: equal splits summed in another order must not make the observed one special.
    """
    observed, null = float(statistic[0]), statistic[1:]
    rounding = 16.0 * float(np.finfo(pooled.rows.dtype).eps) * most
    return Result(
        value=observed,
        effect=observed / most if most > 0.0 else 0.0,
        p_value=(1 + int(np.count_nonzero(null >= observed - rounding))) / (1 + null.size),
        null_sd=float(null.std()),
        permutations=null.size,
        n=pooled.n,
        m=pooled.m,
        dropped_reference=pooled.dropped_reference,
        dropped_window=pooled.dropped_window,
    )


def warm() -> None:
    """Compile or load the shuffle."""
    draw(1, 2, 1, 0)
