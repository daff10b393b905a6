"""alibi-detect's outlier detectors, and whether a window holds more outliers than rows like the reference's would.

The detector learns from one half of the reference, its threshold comes from the other. Rows that are like that half
exceed its r-th largest score beta-binomially often, whatever the scores' law (S. S. Wilks, Ann. Math. Stat. 13 (1942),
400-409).
"""

import copy
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import betabinom

from workers.alibi.answers import Refused
from workers.alibi.samples import LEAST_LOG10_P, Found, Settings, decided
from workers.alibi.store import Rows

Scores = NDArray[np.float64]
LEARNED_AT_ONCE = 1_000  # rows; Mahalanobis holds a matrix for each
SCORED_AT_ONCE = 100
SHOWN = 100


def isolation_forest(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Rows that random cuts isolate quickly (`IForest`)."""
    from alibi_detect.od import IForest  # seconds to import, and the worker is asked for other things too

    learned, held = _halves(reference, settings)
    detector = IForest(threshold=None, n_estimators=settings["trees"])
    detector.fit(learned)
    return _compared(detector.score(held), detector.score(window), settings)


def mahalanobis(reference: Rows, window: Rows, settings: Settings) -> Found:
    """Rows far from the mean, in units of the spread in that direction (`Mahalanobis`).

    It goes on learning from what it scores, and would soon call a shifted window normal: small batches are scored one
    by one, each by a copy that knows the reference alone.
    """
    from alibi_detect.od import Mahalanobis  # as above

    learned, held = _halves(reference, settings)
    # Its test for a singular covariance is absolute: without a common unit, small columns count as constant.
    center, scale = learned.mean(axis=0), learned.std(axis=0)
    scale[scale == 0] = 1.0
    learned, held, window = ((rows - center) / scale for rows in (learned, held, window))
    detector = Mahalanobis(threshold=None, n_components=min(settings["components"], reference.shape[1]))
    for piece in _pieces(learned, LEARNED_AT_ONCE):
        detector.score(piece)
    held_scores, scores = _frozen(detector, held), _frozen(detector, window)
    if not held_scores.any():
        raise Refused("failed", "The reference's covariance is singular, and every row would count as normal.")
    return _compared(held_scores, scores, settings)


def _halves(reference: Rows, settings: Settings) -> tuple[Rows, Rows]:
    shuffled = np.random.default_rng(settings["seed"]).permutation(len(reference))
    middle = len(reference) // 2
    return reference[shuffled[:middle]], reference[shuffled[middle:]]


def _frozen(detector: Any, rows: Rows) -> Scores:
    return np.concatenate([copy.deepcopy(detector).score(piece) for piece in _pieces(rows, SCORED_AT_ONCE)])


def _pieces(rows: Rows, size: int) -> list[Rows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _compared(held: Scores, window: Scores, settings: Settings) -> Found:
    rank = max(1, int(settings["outlier_share"] * len(held)))
    threshold = np.sort(held)[-rank]
    outliers = np.flatnonzero(window > threshold)
    log_p = betabinom.logsf(len(outliers) - 1, len(window), rank, len(held) - rank + 1)
    log10_p = min(0.0, float(log_p) / math.log(10.0))
    worst = outliers[np.argsort(-window[outliers], kind="stable")][:SHOWN]
    return decided(
        max(log10_p, LEAST_LOG10_P),
        len(outliers) / len(window),
        settings,
        outliers=len(outliers),
        score_threshold=float(threshold),
        rows=[{"row": int(row), "score": float(window[row])} for row in worst],
    ) | {"threshold": rank / len(held)}
