"""Bootstrap resamples in blocks, as weights, so that a statistic is computed for many draws at once."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# Numbers held at a time: 16 MB an array, whatever the number of rows and draws.
BLOCK = 2_000_000


def weights(rows: int, *, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Yield arrays (some draws, rows): how often each row occurs in a sample of `rows` rows drawn with replacement."""
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK // rows)
    for start in range(0, draws, block):
        size = min(block, draws - start)
        picks = generator.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        yield np.bincount(picks.ravel(), minlength=size * rows).reshape(size, rows)


def percentiles(values: NDArray[np.float64], confidence: float) -> tuple[float, float] | None:
    """The percentile interval of bootstrap values; draws where the statistic is undefined (NaN) are left out."""
    defined = values[~np.isnan(values)]
    if defined.size == 0:
        return None
    low, high = np.quantile(defined, [0.5 - confidence / 2, 0.5 + confidence / 2])
    return float(low), float(high)
