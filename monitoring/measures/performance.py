"""How well scores tell positives from negatives, and whether a candidate does so better than the champion."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import delong, intervals, resampling, weighted
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.frame import Frame

Floats = NDArray[np.float64]

DRAWS = 1000
RANKING = ("f1", "average_precision")
PROBABILISTIC = ("brier", "log_loss", "calibration_error")
NOT_PROBABILITIES = "scores are not probabilities"


def binary_classification(
    y_true: ArrayLike,
    score: ArrayLike,
    *,
    threshold: float = 0.5,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate nine metrics of `score` (higher means positive, decided at >= `threshold`) against labels 0 and 1.

    Rows without a label or a score (None, NaN) are left out and counted in `detail["dropped"]`. Metrics that the rows
    do not define (one class only, nothing predicted, scores outside [0, 1]) have no value, but a reason. Brier score,
    log loss, f1 and average precision have percentile intervals of a bootstrap over rows; its time is rows x draws,
    about 6 s for 100,000 x 1,000. Raises ValueError on labels other than 0 and 1 and on unequal lengths.
    """
    (label, ranked), detail = complete(y_true, score)
    frame = Frame(confidence, label.size, detail, draws, seed)
    rows = weighted.scored(label, ranked, threshold) if label.size else None
    return [
        _roc_auc(label, ranked, frame),
        *_proportions(label == 1.0, ranked >= threshold, frame),
        *_resampled(rows, frame),
    ]


def compare(
    y_true: ArrayLike,
    score_candidate: ArrayLike,
    score_champion: ArrayLike,
    *,
    thresholds: tuple[float, float] = (0.5, 0.5),
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate candidate minus champion on the same rows: roc_auc, accuracy and brier (where less is better).

    Each decides at its own threshold, as it would be served. Both models' own values stand in `detail`. Only rows
    complete in all three arrays count. The pairing is kept: DeLong's covariance for roc_auc, resampled rows for the
    others.
    """
    (label, candidate, champion), detail = complete(y_true, score_candidate, score_champion)
    frame = Frame(confidence, label.size, detail, draws, seed)
    decided = [score >= threshold for score, threshold in zip((candidate, champion), thresholds, strict=True)]
    correct = [(decision == (label == 1.0)).astype(np.float64) for decision in decided]
    squared = [np.square(score - label) for score in (candidate, champion)]
    compared = [_roc_auc_difference(label, candidate, champion, frame), _mean_difference("accuracy", correct, frame)]
    if label.size and not (are_probabilities(candidate) and are_probabilities(champion)):
        return [*compared, frame.undefined("brier", "paired bootstrap over rows", NOT_PROBABILITIES)]
    return [*compared, _mean_difference("brier", squared, frame)]


def complete(*arrays: ArrayLike) -> tuple[list[Floats], Detail]:
    """The rows that no array misses, labels first, and how many were dropped; raises ValueError on other labels."""
    columns = [np.asarray(array, dtype=np.float64) for array in arrays]
    if any(column.ndim != 1 or column.size != columns[0].size for column in columns):
        raise ValueError("labels and scores must be one-dimensional and of equal length")
    complete = ~np.logical_or.reduce([np.isnan(column) for column in columns])
    kept = [column[complete] for column in columns]
    if not np.isin(kept[0], (0.0, 1.0)).all():
        raise ValueError("labels must be 0 or 1")
    dropped = int(np.count_nonzero(~complete))
    return kept, {"dropped": dropped} if dropped else {}


def are_probabilities(score: Floats) -> bool:
    """Whether every score lies in [0, 1]."""
    return bool(score.min() >= 0.0 and score.max() <= 1.0)


def _roc_auc(label: Floats, score: Floats, frame: Frame) -> Estimate:
    positive = label == 1.0
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if min(positives, negatives) == 0:
        return frame.undefined("roc_auc", "DeLong, logit scale", "needs both classes")
    above, below = delong.placements(positive, score)
    area = float(above.mean())
    detail = {**frame.detail, "positives": positives, "negatives": negatives}
    spread = delong.variance(above, below)
    if spread and 0.0 < area < 1.0:
        method, (low, high) = "DeLong, logit scale", delong.logit_interval(area, spread, frame.confidence)
    else:
        sizes = (positives, negatives)
        method, (low, high) = "Newcombe method 5", delong.newcombe_interval(area, sizes, frame.confidence)
    return Estimate("roc_auc", area, low, high, frame.confidence, frame.n, method, detail=detail)


def _proportions(positive: NDArray[np.bool_], predicted: NDArray[np.bool_], frame: Frame) -> Iterator[Estimate]:
    hits = int(np.count_nonzero(positive & predicted))
    yield _proportion("accuracy", int(np.count_nonzero(positive == predicted)), frame.n, frame)
    yield _proportion("precision", hits, int(predicted.sum()), frame)
    yield _proportion("recall", hits, int(positive.sum()), frame)


def _proportion(metric: str, successes: int, n: int, frame: Frame) -> Estimate:
    if n == 0:
        reason = {"accuracy": "no rows", "precision": "nothing predicted positive", "recall": "no positives"}[metric]
        return Estimate(
            metric, None, None, None, frame.confidence, 0, "Wilson", detail={**frame.detail, "reason": reason}
        )
    low, high = intervals.wilson(successes, n, frame.confidence)
    return Estimate(metric, successes / n, low, high, frame.confidence, n, "Wilson", detail=dict(frame.detail))


def _resampled(rows: weighted.Scored | None, frame: Frame) -> Iterator[Estimate]:
    method = "bootstrap over rows, percentile"
    if rows is None:
        yield from (frame.undefined(metric, method, "no rows") for metric in (*RANKING, *PROBABILISTIC))
        return
    once = np.ones((1, frame.n), np.int64)
    probable = are_probabilities(rows.score)
    values, gaps = _metrics(rows, once, probable)
    blocks = [
        _metrics(rows, block, probable) for block in resampling.weights(frame.n, draws=frame.draws, seed=frame.seed)
    ]
    for metric, (value,) in values.items():
        draws = np.concatenate([block[metric] for block, _ in blocks])
        if np.isnan(value):
            yield frame.undefined(metric, method, "no positives")
        else:
            yield frame.bootstrapped(metric, float(value), resampling.percentiles(draws, frame.confidence), method)
    if probable:
        yield _calibration_error(gaps[0], np.concatenate([drawn for _, drawn in blocks]), frame)
    else:
        yield from (frame.undefined(metric, method, NOT_PROBABILITIES) for metric in PROBABILISTIC)


def _metrics(rows: weighted.Scored, weights: NDArray[np.int64], probable: bool) -> tuple[dict[str, Floats], Floats]:
    if not probable:
        return weighted.ranking(rows, weights), np.empty((len(weights), 0))
    both = weighted.ranking(rows, weights) | weighted.probabilistic(rows, weights)
    return both, weighted.calibration_gaps(rows, weights)


def _calibration_error(gaps: Floats, drawn: Floats, frame: Frame) -> Estimate:
    """Expected calibration error over ten equal bins.

    It is a norm, so that noise only adds to it: percentiles of resampled values miss a well calibrated model's 0. By
    the triangle inequality the error of the norm is at most the norm of the error, whose quantile is the reach.
    """
    value = float(np.abs(gaps).sum())
    reach = float(np.quantile(np.abs(drawn - gaps).sum(axis=1), frame.confidence))
    interval = max(0.0, value - reach), min(1.0, value + reach)
    return frame.bootstrapped("calibration_error", value, interval, "bootstrap over rows, norm of the error")


def _roc_auc_difference(label: Floats, candidate: Floats, champion: Floats, frame: Frame) -> Estimate:
    positive = label == 1.0
    if positive.all() or not positive.any():
        return frame.undefined("roc_auc", "paired DeLong", "needs both classes")
    placed = [delong.placements(positive, score) for score in (candidate, champion)]
    (above, below), (above_champion, below_champion) = placed
    areas = float(above.mean()), float(above_champion.mean())
    difference = areas[0] - areas[1]
    detail = {**frame.detail, "candidate": areas[0], "champion": areas[1]}
    spread = delong.variance(above - above_champion, below - below_champion)
    if spread is None or (spread == 0.0 and areas[0] in (0.0, 1.0)):
        detail["reason"] = "too few rows, or both separate the classes completely: no interval"
        return Estimate("roc_auc", difference, None, None, frame.confidence, frame.n, "paired DeLong", detail=detail)
    reach = intervals.normal_quantile(frame.confidence) * spread**0.5
    low, high = max(-1.0, difference - reach), min(1.0, difference + reach)
    return Estimate("roc_auc", difference, low, high, frame.confidence, frame.n, "paired DeLong", detail=detail)


def _mean_difference(metric: str, per_row: list[Floats], frame: Frame) -> Estimate:
    method = "paired bootstrap over rows, percentile"
    if frame.n == 0:
        return frame.undefined(metric, method, "no rows")
    difference = per_row[0] - per_row[1]
    blocks = resampling.weights(frame.n, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([block @ difference / frame.n for block in blocks])
    means = {"candidate": float(per_row[0].mean()), "champion": float(per_row[1].mean())}
    value = means["candidate"] - means["champion"]
    estimate = frame.bootstrapped(metric, value, resampling.percentiles(drawn, frame.confidence), method)
    estimate.detail.update(means)
    return estimate
