"""Whether columns still belong together as they did: rank correlations of a window against those of a reference.

A value counts as its rank in the reference, in 254 even steps (the correlation is C. Spearman's, Am. J. Psychol. 15
(1904), 72-101, to about 1e-4), so a window needs no sorting, outliers weigh no more than other values, and every sum is
of small integers: exact, the same on every machine, and the sum of the sums of its parts. Reference of the test: J. H.
Steiger and A. R. Hakstian, Br. J. Math. Stat. Psychol. 35 (1982), 208-215: the variance of a correlation from fourth
moments, whatever the distribution; on the scale of R. A. Fisher's z.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Scores = NDArray[np.int8]

# Of Fisher's z, which has 1 under normality: where rows are few their fourth moments can miss all variation.
LEAST_VARIANCE = 0.1
TOP = 127
MISSING = -128
ROWS = 16_384
LOG_10 = math.log(10.0)
# Sums of u_i^a u_j^b over the rows that have both columns: what variances of correlations are made of.
ORDERS = ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (1, 1), (2, 1), (2, 2), (3, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """`sums[o, i, j]` is the sum of u_i^a u_j^b over the rows that have both columns, (a, b) = ORDERS[o]."""

    sums: Integers

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.sums + other.sums)


@dataclass(frozen=True, slots=True)
class Shift:
    """The pair of columns (by index) whose correlation changed most surely, and the largest change of all.

    `log10_p` is that of the surest of `pairs` comparisons, times their number (Bonferroni). Columns without spread, and
    those of whose rarer value too few rows were seen, are compared with nothing: no pairs, no p-value.
    """

    pair: tuple[int, int] | None
    before: float | None
    after: float | None
    largest: float | None
    pairs: int
    log10_p: float | None


def scores(rows: Integers) -> Scores:
    """The score of each cell of a grid: its rank in the reference, whose rows it holds, from -127 to 127.

    The last cell is that of missing values.
    """
    upto = np.cumsum(rows[:-1])
    n = max(int(upto[-1]), 1)
    # Twice the middle rank, so that this stays among integers.
    twice = 2 * upto - rows[:-1]
    return np.append((twice * TOP + n // 2) // n - TOP, MISSING).astype(np.int8)


def moments(columns: Scores) -> Moments:
    """Of scores, (rows, columns). Each product is of integers and below 2^53, so that BLAS sums them exactly."""
    width = columns.shape[1]
    total = np.zeros((len(ORDERS), width, width), np.int64)
    for start in range(0, columns.shape[0], ROWS):
        chunk = columns[start : start + ROWS]
        present = chunk != MISSING
        powers = [present.astype(np.float64), np.where(present, chunk, 0).astype(np.float64)]
        for _ in range(3):
            powers.append(powers[-1] * powers[1])
        whole = bool(present.all())
        for order, (first, second) in enumerate(ORDERS):
            if whole and second == 0:
                total[order] += powers[first].sum(axis=0).astype(np.int64)[:, None]
            else:
                total[order] += (powers[first].T @ powers[second]).astype(np.int64)
    return Moments(total)


def matrix(one: Moments) -> Floats:
    """The correlation of every pair of columns; NaN where a column has no spread."""
    return _described(one)[0]


def shift(reference: Moments, window: Moments, *, least: float = 10.0) -> Shift:
    """Compare every pair's correlation, on Fisher's scale, with the variance that both samples together give it.

    least: rows over kurtosis that the smaller sample needs; for a flag these are the rows that have it.
    """
    before, after = matrix(reference), matrix(window)
    both, variance, kurtosis = _described(reference + window)
    n, m = reference.sums[0].astype(np.float64), window.sums[0].astype(np.float64)
    usable = np.triu(np.isfinite(before) & np.isfinite(after), 1)
    usable &= np.minimum(n, m) >= least * np.where(usable, np.fmax(kurtosis, kurtosis.T), np.inf)
    if not usable.any():
        return Shift(None, None, None, None, 0, None)
    z = np.zeros(before.shape)
    z[usable] = _surety(before[usable], after[usable], both[usable], variance[usable], (n[usable], m[usable]))
    i, j = np.unravel_index(int(np.argmax(np.abs(z))), z.shape)
    pairs = int(usable.sum())
    log_p = math.log(2.0) + float(log_ndtr(-abs(z[i, j]))) + math.log(pairs)
    largest = float(np.abs(after - before)[usable].max())
    return Shift((int(i), int(j)), float(before[i, j]), float(after[i, j]), largest, pairs, min(0.0, log_p) / LOG_10)


def _surety(before: Floats, after: Floats, both: Floats, variance: Floats, sizes: tuple[Floats, Floats]) -> Floats:
    """The change of Fisher's z in standard errors."""
    n, m = sizes
    # No sample tells a correlation of 1 from one that a single row would break.
    most = 1.0 - 1.0 / (n + m)
    change = np.arctanh(np.clip(after, -most, most)) - np.arctanh(np.clip(before, -most, most))
    slope = 1.0 - np.clip(both, -most, most) ** 2
    spread = np.maximum(variance, slope**2 * LEAST_VARIANCE) * (1.0 / n + 1.0 / m)
    found: Floats = change * slope / np.sqrt(spread)
    return found


def _described(one: Moments) -> tuple[Floats, Floats, Floats]:
    """Correlations, n times their sampling variances, and each first column's kurtosis over the pair's rows."""
    with np.errstate(divide="ignore", invalid="ignore"):
        n, x, xx, xxx, xxxx, xy, xxy, xxyy, xxxy = one.sums.astype(np.float64)
        x, xx, xxx, xxxx, xy, xxy, xxyy, xxxy = (each / n for each in (x, xx, xxx, xxxx, xy, xxy, xxyy, xxxy))
        a, b, y, yy, xyy = x, x.T, x.T, xx.T, xxy.T
        variance = xx - a * a
        scale = np.sqrt(variance * variance.T)
        r = np.where(scale > 0.0, (xy - a * b) / scale, np.nan)
        both = xxyy - 2 * b * xxy + b * b * xx - 2 * a * xyy + 4 * a * b * xy - 2 * a * b * b * x
        both = both + a * a * yy - 2 * a * a * b * y + a * a * b * b
        third = xxxy - b * xxx - 3 * a * (xxy - b * xx) + 3 * a * a * (xy - b * x) - a**3 * (y - b)
        fourth = xxxx - 4 * a * xxx + 6 * a * a * xx - 3 * a**4
        both, third, fourth = both / scale**2, third / (variance * scale), fourth / variance**2
        spread = both - r * (third + third.T) + r * r / 4 * (fourth + 2 * both + fourth.T)
    return r, spread, fourth
