"""Drift of numeric columns: ours against scipy, alibi-detect, Evidently and NannyML, on the same arrays in one run.

Every contestant is a process on one thread, the peers in environments of their own, and takes its turn in every round;
the quickest call counts. Ours keep the reference prepared, as a stored profile does; the peers sort it at each call,
which is how they are built. So the sort of the window alone and the reading of it stand beside them: those cannot be
flattered. `DRIFT_BENCH_ROUNDS=1` makes it short.
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
SIZES = ((10_000, 20, 9), (100_000, 50, 3), (1_000_000, 50, 1))
# Evidently's report takes minutes beyond.
REPORTED = 100_000
NAMES = {"ks": "Kolmogorov-Smirnov", "wasserstein": "Wasserstein-1", "cramer_von_mises": "Cramer-von Mises"}
# The sorted way, and the one without a sort, which has both statistics.
OURS = {
    "ks": ("ours_ks", "ours_bounded"),
    "wasserstein": ("ours_wasserstein", "ours_bounded"),
    "cramer_von_mises": ("ours_cramer_von_mises",),
}
PEERS = {
    "ks": {"alibi_detect": ["alibi_ks"], "evidently": ["evidently_ks"], "nannyml": ["nannyml_ks"]},
    "wasserstein": {"evidently": ["evidently_wasserstein"], "nannyml": ["nannyml_wasserstein"]},
    "cramer_von_mises": {"alibi_detect": ["alibi_cramer_von_mises"], "evidently": ["evidently_cramer_von_mises"]},
}
REPORTS = {"evidently": ["report_ks", "report_wasserstein"]}
ALONE = ("ours_ks", "ours_wasserstein", "ours_cramer_von_mises", "ours_anderson_darling")
LIMITS = (*ALONE, "ours_bounded", "ours_three", "ours_four", "numpy_sort", "numpy_sum")


def main() -> None:
    """Print both tables."""
    print(f"{os.cpu_count()} processors, numpy {np.__version__}, load before the start {psutil.getloadavg()[0]:.1f}")
    against, near = [], []
    with tempfile.TemporaryDirectory() as folder:
        for rows, columns, rounds in SIZES:
            arrays, size, count = made(Path(folder), rows, columns), f"{rows:,} x {columns}", ROUNDS or rounds
            reports = peers.timed("univariate", REPORTS if rows <= REPORTED else {}, arrays, count=1)
            scipy = 0.0
            for statistic in NAMES:
                best = reports | met(statistic, arrays, count)
                against.append(compared(statistic, size, best))
                print(against[-1], file=sys.stderr, flush=True)
                scipy += best[f"scipy_{statistic}"].seconds
            best = peers.timed("univariate", {"here": LIMITS}, arrays, count=max(count, 3))
            near.append(nearness(size, rows * columns, best, scipy))
            print(near[-1], file=sys.stderr, flush=True)
    show("Each statistic with its p-value", AGAINST, against)
    show("Nearness to the limit", NEAR, near)


def made(folder: Path, rows: int, columns: int) -> dict[str, Path]:
    """Normal columns, every other one shifted by a fiftieth of its deviation; each column's values lie together."""
    random = np.random.default_rng(0)
    reference, window = (np.asfortranarray(random.normal(size=(rows, columns))) for _ in range(2))
    window[:, 1::2] += 0.02
    return peers.save(folder, reference=reference, window=window)


def met(statistic: str, arrays: Mapping[str, Path], count: int) -> dict[str, Timed]:
    """One statistic: ours and all who have it, a round after the other."""
    here = [*OURS[statistic], f"scipy_{statistic}"]
    return peers.timed("univariate", {"here": here, **PEERS[statistic]}, arrays, count=count)


AGAINST = ("statistic", "rows x columns", "ours ms", "scipy", "alibi-detect", "Evidently's function", "its report",
           "NannyML (histogram, no p)", "best exact peer / ours", "largest difference: statistic, p",
           "extra MB: ours, scipy")  # fmt: skip


def compared(statistic: str, size: str, best: Mapping[str, Timed]) -> tuple[str, ...]:
    ours = [best[name] for name in OURS[statistic]]
    own, scipy = min(ours, key=lambda one: one.seconds), best[f"scipy_{statistic}"]
    exact = [best[f"{peer}_{statistic}"].seconds for peer in ("scipy", "alibi", "evidently")
             if f"{peer}_{statistic}" in best]  # fmt: skip
    # Of two statistics in one answer, Wasserstein-1 is the second.
    mine = np.array([column[-1 if statistic == "wasserstein" else 0] for column in own.result], np.float64)
    theirs = np.array([column[0] for column in scipy.result], np.float64)
    gaps = np.abs(mine - theirs).max(axis=0)
    shown = [ms(best.get(f"{peer}_{statistic}")) for peer in ("scipy", "alibi", "evidently", "report", "nannyml")]
    return (NAMES[statistic], size, ms(own), *shown, f"{min(exact) / own.seconds:.1f}",
            ", ".join("-" if np.isnan(gap) else f"{gap:.0e}" for gap in gaps),
            f"{own.peak_mb:.0f}, {scipy.peak_mb:.0f}")  # fmt: skip


def ms(timed: Timed | None) -> str:
    return "-" if timed is None else f"{1000 * timed.seconds:,.1f}"


NEAR = ("rows x columns", "sort ms", "read ms", "KS + W1 unsorted / sort", "KS + W1 + CvM / sort", "all four / sort",
        "KS, W1, CvM, AD alone / sort", "ns a value: unsorted, three", "extra MB: unsorted, three",
        "scipy's three / ours")  # fmt: skip


def nearness(size: str, values: int, best: Mapping[str, Timed], scipy: float) -> tuple[str, ...]:
    sort = best["numpy_sort"].seconds
    unsorted, three, four = (best[name] for name in ("ours_bounded", "ours_three", "ours_four"))
    return (size, ms(best["numpy_sort"]), ms(best["numpy_sum"]), f"{unsorted.seconds / sort:.2f}",
            f"{three.seconds / sort:.2f}", f"{four.seconds / sort:.2f}",
            ", ".join(f"{best[name].seconds / sort:.2f}" for name in ALONE),
            f"{1e9 * unsorted.seconds / values:.1f}, {1e9 * three.seconds / values:.1f}",
            f"{unsorted.peak_mb:.0f}, {three.peak_mb:.0f}", f"{scipy / three.seconds:.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
