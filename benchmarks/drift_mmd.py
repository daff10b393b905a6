"""Drift of whole rows, 100 permutations: ours on one thread against alibi-detect with PyTorch and plain numpy.

All see the same rows and the same width of the kernel. The plain ways stand for what a competent user writes: the whole
kernel matrix kept, every permutation a column of one product; they work in float64. The last column says how much of
our time the multiplications alone would need on one thread. `DRIFT_BENCH_ROUNDS=1` makes it short.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.rig import peers
from benchmarks.rig.peers import Timed
from benchmarks.rig.tables import show

ROUNDS = int(os.environ.get("DRIFT_BENCH_ROUNDS", 0))
COLUMNS = 20
SHIFT = 0.05
BANDWIDTH = 2.0 * (COLUMNS / 2) ** 0.5
SIZES = ((1_000, 5), (5_000, 1))
PRECISIONS = ("float32", "float64")
OURS = ("ours_mmd", "ours_energy", "plain_mmd", "plain_energy", "blas_alone")
HEAD = ("statistic", "rows each", "precision", "ours ms", "alibi-detect, 1 thread", "2 threads", "numpy and scipy",
        "alibi-detect's best / ours", "numpy / ours", "difference from float64", "alibi-detect's",
        "extra MB: ours, alibi-detect, numpy", "BLAS alone / ours")  # fmt: skip


def main() -> None:
    """Print the table."""
    print(f"{os.cpu_count()} processors, numpy {np.__version__}, load before the start {psutil.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for size, count in SIZES:
            for precision in PRECISIONS:
                rows += measured(Path(folder), size, precision, ROUNDS or count)
                print(rows[-2:], file=sys.stderr, flush=True)
        show("Whole rows of 20 columns", HEAD, rows)


def measured(folder: Path, size: int, precision: str, count: int) -> list[tuple[str, ...]]:
    """Two rows of the table: maximum mean discrepancy and energy distance."""
    random = np.random.default_rng(0)
    reference, window = random.normal(size=(size, COLUMNS)), random.normal(SHIFT, 1.0, (size, COLUMNS))
    arrays = peers.save(folder, reference=reference.astype(precision), window=window.astype(precision))
    best = peers.timed("rows", {"here": OURS}, arrays, count=max(count, 3), bandwidth=BANDWIDTH)
    for threads in (1, 2):
        found = peers.timed("rows", {"alibi_detect": ["alibi_mmd"]}, arrays, count=count, threads=threads,
                            bandwidth=BANDWIDTH)  # fmt: skip
        best[f"alibi_mmd_{threads}"] = found["alibi_mmd"]
    return [told(name, f"{size:,}", precision, best) for name in ("mmd", "energy")]


def told(name: str, size: str, precision: str, best: dict[str, Timed]) -> tuple[str, ...]:
    own, plain = best[f"ours_{name}"], best[f"plain_{name}"]
    peer = [best[key] for key in (f"alibi_{name}_1", f"alibi_{name}_2") if key in best]
    alibi = [f"{1000 * one.seconds:,.0f}" for one in peer] or ["-", "-"]
    quickest = min((one.seconds for one in peer), default=None)
    return (name, size, precision, f"{1000 * own.seconds:,.1f}", *alibi, f"{1000 * plain.seconds:,.0f}",
            "-" if quickest is None else f"{quickest / own.seconds:.0f}", f"{plain.seconds / own.seconds:.1f}",
            f"{abs(own.result[0] - plain.result[0]):.0e}",
            f"{abs(peer[0].result[0] - plain.result[0]):.0e}" if peer else "-",
            ", ".join(f"{one.peak_mb:.0f}" for one in (own, *peer[:1], plain)),
            f"{best['blas_alone'].result / own.seconds:.0%}")  # fmt: skip


if __name__ == "__main__":
    main()
