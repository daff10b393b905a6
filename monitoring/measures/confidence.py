"""What labels would show before they come: performance estimated from how sure a classifier was.

A calibrated probability of 0.7 is right seven times in ten, so the scores alone say how many answers are right, as
long as the labels still depend on the score as they did on the reference. Where that link itself changed (concept
drift) no method sees it without labels, and this one does not claim to.
Reference: J. Białek, W. Kuberski, N. Perrakis and A. Bifet, "Estimating model performance under covariate shift without
labels", arXiv:2401.08348 (2024).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import rankdata
from sklearn.isotonic import IsotonicRegression

from monitoring.measures import resampling
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame
from monitoring.measures.performance import NOT_PROBABILITIES, are_probabilities, complete

Floats = NDArray[np.float64]

METHOD = "labels simulated from calibrated confidence, percentile"
METRICS = ("roc_auc", "accuracy", "precision", "recall", "f1", "brier", "log_loss")
CALIBRATIONS = 100
LEAST_REFERENCE = 200
TINY = 1e-15


@dataclass(frozen=True, eq=False)
class Calibrated:
    """Maps from score to probability: one fitted on all reference rows, the others on resamples of them, so that the
    band also holds what the reference leaves open. `n` reference rows."""

    whole: IsotonicRegression
    resampled: tuple[IsotonicRegression, ...]
    n: int


def calibrate(score: ArrayLike, label: ArrayLike, *, calibrations: int = CALIBRATIONS, seed: int = 0) -> Calibrated:
    """Learn from scores and labels (0, 1) of rows that the model was not fitted on.

    Raises ValueError on fewer than 200 complete rows, and where only one class is among them.
    """
    (truth, scores), _ = complete(label, score)
    if truth.size < LEAST_REFERENCE:
        raise ValueError(f"{truth.size} labelled reference rows: at least {LEAST_REFERENCE} are needed")
    if truth.min() == truth.max():
        raise ValueError("the reference has one class only")
    once = np.ones((1, truth.size), np.int64)
    drawn = [row for block in resampling.weights(truth.size, draws=calibrations, seed=seed) for row in block]
    maps = [_fitted(scores, truth, weights) for weights in [once[0], *drawn]]
    return Calibrated(maps[0], tuple(maps[1:]), truth.size)


def estimate(
    calibrated: Calibrated,
    score: ArrayLike,
    *,
    threshold: float = 0.5,
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate seven metrics of rows without labels; the interval is where the labels' own figures will lie.

    Rows without a score are left out and counted in `detail["dropped"]`. Raises ValueError on an empty calibration.
    """
    scores = np.asarray(score, np.float64)
    known = scores[~np.isnan(scores)]
    dropped = scores.size - known.size
    frame = Frame(confidence, known.size, {"dropped": dropped} if dropped else {}, draws, seed)
    if known.size == 0:
        return [frame.undefined(metric, METHOD, "no rows") for metric in METRICS]
    columns = _columns(known, threshold)
    simulated = [_figures(labels @ columns, columns, known) for labels in _labels(calibrated, known, draws, seed)]
    drawn = {metric: np.concatenate([part[metric] for part in simulated]) for metric in METRICS}
    expected = _figures((calibrated.whole.predict(known) @ columns)[None], columns, known)
    probable = are_probabilities(known)
    return [_one(metric, expected[metric][0], drawn[metric], frame, probable) for metric in METRICS]


def _fitted(score: Floats, label: Floats, weights: NDArray[np.int64]) -> IsotonicRegression:
    return IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(score, label, sample_weight=weights)


def _labels(calibrated: Calibrated, score: Floats, draws: int, seed: int) -> Iterator[Floats]:
    """Labels as they may come out, (some draws, rows), each draw under one of the calibrations in turn."""
    generator = np.random.default_rng(seed)
    maps = calibrated.resampled or (calibrated.whole,)
    each = -(-draws // len(maps))
    for one in maps[:draws]:
        yield (generator.random((each, score.size)) < one.predict(score)).astype(np.float64)


def _columns(score: Floats, threshold: float) -> Floats:
    """What each metric sums over the positive rows, (rows, 5): every metric is linear in the labels, or a ratio of
    such sums."""
    clipped = np.clip(score, TINY, 1 - TINY)
    return np.column_stack(
        [
            np.ones_like(score),
            score >= threshold,
            rankdata(score),
            1 - 2 * score,
            np.log(clipped) - np.log1p(-clipped),
        ]
    )


def _figures(sums: Floats, columns: Floats, score: Floats) -> dict[str, Floats]:
    """The metrics from the sums over positive rows, (draws,) each; NaN where one is undefined."""
    n = score.size
    positives, hits, ranks, squares, logs = sums.T
    decided = columns[:, 1].sum()
    clipped = np.clip(score, TINY, 1 - TINY)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "roc_auc": (ranks - positives * (positives + 1) / 2) / (positives * (n - positives)),
            "accuracy": (n - decided - positives + 2 * hits) / n,
            "precision": hits / decided if decided else np.full_like(hits, np.nan),
            "recall": hits / positives,
            "f1": 2 * hits / (decided + positives),
            "brier": (np.square(score).sum() + squares) / n,
            "log_loss": -(logs + xlogy(1.0, 1 - clipped).sum()) / n,
        }


def _one(metric: str, value: float, drawn: Floats, frame: Frame, probable: bool) -> Estimate:
    if metric in ("brier", "log_loss") and not probable:
        return frame.undefined(metric, METHOD, NOT_PROBABILITIES)
    if np.isnan(value):
        return frame.undefined(metric, METHOD, "nothing predicted positive" if metric == "precision" else "one class")
    return frame.bootstrapped(metric, float(value), resampling.percentiles(drawn, frame.confidence), METHOD)
