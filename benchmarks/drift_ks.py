"""Kolmogorov-Smirnov drift, statistic and p-value for every column: ours against scipy, on the same arrays in one run.

Ours keeps the reference sorted, as a stored profile does; scipy sorts it again at each call, which is how it is built.
So the window's sort alone is timed beside them: that limit cannot be flattered. Each figure is the best of five rounds.
"""

import time
from collections.abc import Callable

import numpy as np
from scipy.stats import ks_2samp

from monitoring.kernels import ks

ROUNDS = 5
SIZES = ((10_000, 20), (100_000, 50))


def best_ms(work: Callable[[], object]) -> float:
    """The best of the rounds, in milliseconds; the first call, which compiles or loads, is not among them."""
    work()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return min(times)


def ours(references: list[np.ndarray], windows: list[np.ndarray]) -> list[tuple[float, float]]:
    """Statistic and log p-value of each column."""
    found = []
    for reference, window in zip(references, windows, strict=True):
        distance = ks.statistic(reference, np.sort(window))
        found.append((distance, ks.log_p_value(distance, reference.size, window.size)))
    return found


def scipys(references: list[np.ndarray], windows: list[np.ndarray]) -> list[tuple[float, float]]:
    """Statistic and p-value of each column, as its users call it for large samples."""
    results = [ks_2samp(*pair, method="asymp") for pair in zip(references, windows, strict=True)]
    return [(float(result.statistic), float(result.pvalue)) for result in results]


def compare(rows: int, columns: int, random: np.random.Generator) -> str:
    """One row of the table."""
    references = [np.sort(random.normal(size=rows)) for _ in range(columns)]
    windows = [random.normal(0.02 * (column % 2), size=rows) for column in range(columns)]
    peer = best_ms(lambda: scipys(references, windows))
    mine = best_ms(lambda: ours(references, windows))
    limit = best_ms(lambda: [np.sort(window) for window in windows])
    pairs = zip(ours(references, windows), scipys(references, windows), strict=True)
    gap = max(abs(a[0] - b[0]) for a, b in pairs)
    return f"| {rows:,} x {columns} | {peer:.1f} | {mine:.1f} | {peer / mine:.1f} | {limit:.1f} | {gap:.0e} |"


def main() -> None:
    """Print one row a size."""
    random = np.random.default_rng(0)
    print("| rows x columns | scipy ms | ours ms | ratio | sort of the window alone ms | largest difference of D |")
    print("|---|---|---|---|---|---|")
    for rows, columns in SIZES:
        print(compare(rows, columns, random))


if __name__ == "__main__":
    main()
