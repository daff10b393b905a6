"""Drift of bins and categories: ours against numpy, scipy, Evidently, NannyML and alibi-detect on the same arrays.

Every contestant is a process on one thread, the peers in environments of their own, and takes its turn in every round;
the quickest call counts. Ours keep the reference's counts, as a stored profile does; numpy is given the same edges and
counts. Reading the window stands beside them as the limit. `DRIFT_BENCH_ROUNDS=1` makes it short.
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.rig import peers
from benchmarks.rig.peers import Timed
from benchmarks.rig.tables import show

ROUNDS = int(os.environ.get("DRIFT_BENCH_ROUNDS", 0))
SIZES = ((10_000, 20, 9), (100_000, 50, 3), (1_000_000, 50, 2))
LEVELS = 50
NUMERIC = {
    "here": ("ours_psi", "ours_jensen_shannon", "ours_sketch", "ours_exact", "ours_report", "numpy_psi",
             "scipy_jensen_shannon", "numpy_sum"),
    "evidently": ("evidently_psi", "evidently_jensen_shannon"),
    "nannyml": ("nannyml_jensen_shannon",),
}  # fmt: skip
CATEGORIES = {
    "here": ("ours_chi_square", "scipy_chi_square", "numpy_sum"),
    "alibi_detect": ("alibi_chi_square",),
    "evidently": ("evidently_chi_square",),
    "nannyml": ("nannyml_chi_square",),
}
PEERS = {
    "psi": ("numpy_psi", "evidently_psi"),
    "jensen_shannon": ("scipy_jensen_shannon", "evidently_jensen_shannon", "nannyml_jensen_shannon"),
    "chi_square": ("scipy_chi_square", "alibi_chi_square", "evidently_chi_square", "nannyml_chi_square"),
}
NAMES = {"psi": "PSI, 20 bins", "jensen_shannon": "Jensen-Shannon, 20 bins", "chi_square": "chi-square, 50 levels"}


def main() -> None:
    """Print the tables."""
    print(f"{os.cpu_count()} processors, numpy {np.__version__}, load before the start {psutil.getloadavg()[0]:.1f}")
    tables: list[list[tuple[str, ...]]] = [[], [], []]
    with tempfile.TemporaryDirectory() as folder:
        for rows, columns, rounds in SIZES:
            best = peers.timed("binned", NUMERIC, numbers(Path(folder), rows, columns), count=ROUNDS or rounds)
            size = f"{rows:,} x {columns}"
            tables[0] += [against(name, size, rows * columns, best) for name in ("psi", "jensen_shannon")]
            tables[1].append(sketched(size, rows * columns, best))
            tables[2].append(reported(size, best, Path(folder) if rows <= 100_000 else None))
            best = peers.timed("binned", CATEGORIES, categories(Path(folder), rows, columns), count=ROUNDS or rounds)
            tables[0].append(against("chi_square", size, rows * columns, best))
    show("Bins and categories", HEAD, tables[0])
    show("Kolmogorov-Smirnov and Wasserstein-1 from counts that add over chunks", SKETCHED, tables[1])
    show("A report on every column", REPORTED, tables[2])


def numbers(folder: Path, rows: int, columns: int) -> dict[str, Path]:
    """Normal columns, every other one shifted by a fiftieth of its deviation; each column's values lie together."""
    random = np.random.default_rng(0)
    reference, window = (np.asfortranarray(random.normal(size=(rows, columns))) for _ in range(2))
    window[:, 1::2] += 0.02
    return peers.save(folder, reference=reference, window=window)


def categories(folder: Path, rows: int, columns: int) -> dict[str, Path]:
    """Codes of fifty levels, the k-th as frequent as 1 / k; in every other column a hundredth of the rows moved up."""
    random = np.random.default_rng(0)
    frequent = 1.0 / np.arange(1, LEVELS + 1)
    upto = np.cumsum(frequent / frequent.sum())[:-1]
    reference, window = (np.asfortranarray(np.searchsorted(upto, random.random((rows, columns)))) for _ in range(2))
    moved = np.minimum(window + (random.random(window.shape) < 0.01), LEVELS - 1)
    window[:, 1::2] = moved[:, 1::2]
    return peers.save(folder, reference=reference, window=window)


HEAD = ("statistic", "rows x columns", "ours ms", "numpy or scipy", "Evidently's function", "NannyML", "alibi-detect",
        "ns a value", "reading = 1", "extra MB: ours, numpy or scipy", "difference")  # fmt: skip


def against(name: str, size: str, values: int, best: Mapping[str, Timed]) -> tuple[str, ...]:
    """Each peer's milliseconds, and how many times ours that is."""
    own, simple = best[f"ours_{name}"], best[PEERS[name][0]]

    def told(peer: str) -> str:
        found = best.get(f"{peer}_{name}")
        return "-" if found is None else f"{1000 * found.seconds:,.1f} ({found.seconds / own.seconds:.1f}x)"

    gap = np.abs(np.array(own.result) - np.array(simple.result)).max()
    return (NAMES[name], size, f"{1000 * own.seconds:.2f}", told(PEERS[name][0].split("_")[0]), told("evidently"),
            told("nannyml"), told("alibi"), f"{1e9 * own.seconds / values:.2f}",
            f"{own.seconds / best['numpy_sum'].seconds:.1f}", f"{own.peak_mb:.0f}, {simple.peak_mb:.0f}",
            f"{gap:.0e}")  # fmt: skip


SKETCHED = ("rows x columns", "ms", "ns a value", "sorting, exact / this", "KS: largest error", "KS: widest interval",
            "W1: largest relative error", "outside the interval")  # fmt: skip


def sketched(size: str, values: int, best: Mapping[str, Timed]) -> tuple[str, ...]:
    own, exact = best["ours_sketch"], best["ours_exact"]
    low, high, _, area_low, area_high = np.array(own.result).T
    distance, area = np.array(exact.result).T
    outside = (distance < low - 1e-12) | (distance > high + 1e-12) | (area < area_low * (1 - 1e-9))
    outside |= area > area_high * (1 + 1e-9)
    errors = np.abs(distance - low).max(), (high - low).max(), (np.abs(area - area_low) / area).max()
    return (size, f"{1000 * own.seconds:.1f}", f"{1e9 * own.seconds / values:.1f}",
            f"{exact.seconds / own.seconds:.1f}", *(f"{one:.0e}" for one in errors), f"{outside.sum()}")  # fmt: skip


REPORTED = ("rows x columns", "ours ms", "verdict", "extra MB", "Evidently's PSI report ms", "times ours", "extra MB")


def reported(size: str, best: Mapping[str, Timed], folder: Path | None) -> tuple[str, ...]:
    own = best["ours_report"]
    mine = (size, f"{1000 * own.seconds:.1f}", own.result, f"{own.peak_mb:.0f}")
    if folder is None:
        return (*mine, "-", "-", "-")
    arrays = {name: folder / f"{name}.npy" for name in ("reference", "window")}
    report = peers.timed("binned", {"evidently": ["report_psi"]}, arrays, count=1)["report_psi"]
    return (*mine, f"{1000 * report.seconds:,.0f}", f"{report.seconds / own.seconds:,.0f}", f"{report.peak_mb:.0f}")


if __name__ == "__main__":
    main()
