"""Fairness by groups: ours against fairlearn and scikit-learn, and against counting alone, the honest opponent.

fairlearn's frame walks over the rows in Python, so a ratio to it says that it is slow; `np.bincount` of the combined
codes says how near ours is to the least that must be done. Intervals of resampled counts stand beside those of
resampled rows, whose law is the same. `FAIRNESS_BENCH_ROWS=100000` makes it short.
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
from monitoring.measures import group_cells
from monitoring.measures.group_cells import Coded
from monitoring.measures.rates import RATES

MOST = int(os.environ.get("FAIRNESS_BENCH_ROWS", 1_000_000))
SHARES = (0.6, 0.2, 0.1, 0.06, 0.04)
QUICK = {"here": ["ours_codes", "ours_strings", "ours_intervals", "ours_scores", "numpy_bincount", "sklearn_scores"]}
SLOW = {"here": ["fairlearn_codes", "fairlearn_strings"]}
DRAWS, RESAMPLED = 2_000, 20_000


def main() -> None:
    """Print both tables."""
    print(f"{os.cpu_count()} processors, numpy {np.__version__}, load before the start {psutil.getloadavg()[0]:.1f}")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in (100_000, MOST)[MOST == 100_000 :]:
            arrays = peers.save(Path(folder), **people(size))
            best = peers.timed("fairness", QUICK, arrays, count=15) | peers.timed("fairness", SLOW, arrays, count=1)
            rows += told(f"{size:,}", best)
    show("Ten groups of two attributes", HEAD, rows)
    show(f"Width of 95 % intervals, {DRAWS:,} draws of {RESAMPLED:,} rows: counts resampled / rows resampled",
         ("rate", "mean over groups", "least to most"), widths())  # fmt: skip


def people(size: int) -> dict[str, np.ndarray]:
    """Decisions at a score above a half, and labels that come true as often as the score says."""
    random = np.random.default_rng(0)
    sex = random.integers(0, 2, size)
    race = random.choice(len(SHARES), size, p=SHARES)
    score = np.clip(random.beta(2.0, 2.0, size) + 0.02 * sex - 0.03 * race, 0.0, 1.0)
    label = random.random(size) < score
    codes = {"decision": score > 0.5, "label": label, "sex": sex, "race": race}
    return {name: one.astype(np.uint8) for name, one in codes.items()} | {"score": score}


HEAD = ("what", "rows", "ours ms", "peer", "peer's ms", "peer / ours", "largest difference", "extra MB: ours, peer")


def told(size: str, best: Mapping[str, Timed]) -> list[tuple[str, ...]]:
    meetings = (
        ("8 metrics from codes", "ours_codes", "np.bincount alone", "numpy_bincount"),
        ("8 metrics from codes", "ours_codes", "fairlearn", "fairlearn_codes"),
        ("8 metrics from strings", "ours_strings", "fairlearn", "fairlearn_strings"),
        ("all with intervals, 2,000 draws", "ours_intervals", "fairlearn without intervals", "fairlearn_codes"),
        ("areas and calibration with intervals", "ours_scores", "scikit-learn, areas alone", "sklearn_scores"),
    )
    return [(what, size, f"{1000 * best[own].seconds:,.1f}", peer, f"{1000 * best[other].seconds:,.1f}",
             f"{best[other].seconds / best[own].seconds:,.1f}", apart(best[own].result, best[other].result),
             f"{best[own].peak_mb:.0f}, {best[other].peak_mb:.0f}")
            for what, own, peer, other in meetings]  # fmt: skip


def apart(ours: object, theirs: object) -> str:
    if not (isinstance(ours, dict) and isinstance(theirs, dict)):
        return "-"
    both, other = flat(ours), flat(theirs)
    assert both.keys() == other.keys(), (both.keys(), other.keys())
    return f"{max(abs(both[key] - other[key]) for key in both):.0e}"


def flat(table: Mapping[str, object]) -> dict[tuple[str, str], float]:
    if all(isinstance(one, dict) for one in table.values()):
        return {(name, group): value for name, one in table.items() for group, value in one.items()}
    return {("", group): value for group, value in table.items()}


def widths() -> list[tuple[str, ...]]:
    """By group, the interval of each rate from resampled counts over the one from resampled rows."""
    rows, random = people(RESAMPLED), np.random.default_rng(1)
    group = rows["sex"] * np.uint8(len(SHARES)) + rows["race"]
    names = tuple(map(str, range(2 * len(SHARES))))
    counts = group_cells.count(rows["decision"], {"group": Coded(names, group)}, rows["label"]).counts
    cell = (group.astype(np.int64) * 2 + rows["decision"]) * 3 + rows["label"]
    plain = np.array([np.bincount(cell[random.integers(0, cell.size, cell.size)], minlength=counts.size)
                      for _ in range(DRAWS)])  # fmt: skip
    drawn = group_cells.resample(counts, draws=DRAWS, seed=2), plain.reshape(DRAWS, *counts.shape)
    found = []
    for name in ("selection_rate", "true_positive_rate", "false_positive_rate", "precision"):
        rates = [np.divide(*RATES[name].counted(one)) for one in drawn]
        ours, theirs = (np.ptp(np.quantile(one, (0.025, 0.975), axis=0), axis=0) for one in rates)
        ratio = ours / theirs
        found.append((name, f"{ratio.mean():.3f}", f"{ratio.min():.3f} to {ratio.max():.3f}"))
    return found


if __name__ == "__main__":
    main()
