"""Metrics of scored rows under weights, for many weightings at once: the point value has every weight 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CALIBRATION_BINS = 10


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows in descending order of score, so that every threshold and every calibration bin is a slice."""

    label: Floats
    score: Floats
    predicted: int  # rows at or above the threshold
    ends: Integers  # the last row of each run of equal scores


def scored(label: Floats, score: Floats, threshold: float) -> Scored:
    """Order the rows; a row is predicted positive when its score is at least `threshold`."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), score.size - 1)
    return Scored(label[order], ordered, int(np.count_nonzero(score >= threshold)), ends)


def ranking(rows: Scored, weights: Integers) -> dict[str, Floats]:
    """f1 and average precision (scikit-learn's step-wise sum) of each weighting; NaN where there is nothing to find."""
    positives = np.cumsum(weights * rows.label, axis=1)
    total = np.cumsum(weights, axis=1)
    found = positives[:, rows.ends]
    every = positives[:, -1]
    precision = _ratio(found, total[:, rows.ends])
    steps = np.diff(found, axis=1, prepend=0.0)
    true_positives = positives[:, rows.predicted - 1] if rows.predicted else np.zeros_like(every)
    predicted = total[:, rows.predicted - 1] if rows.predicted else np.zeros_like(every)
    return {
        "f1": _ratio(2.0 * true_positives, predicted + every),
        "average_precision": _ratio(np.nansum(steps * precision, axis=1), every),
    }


def probabilistic(rows: Scored, weights: Integers) -> dict[str, Floats]:
    """Brier score and log loss (scores clipped as scikit-learn does) of each weighting; scores in [0, 1]."""
    epsilon = np.finfo(np.float64).eps
    clipped = np.clip(rows.score, epsilon, 1.0 - epsilon)
    loss = -np.log(np.where(rows.label == 1.0, clipped, 1.0 - clipped))
    squared = np.square(rows.score - rows.label)
    brier, log_loss = (weights @ np.column_stack([squared, loss]) / rows.label.size).T
    return {"brier": brier, "log_loss": log_loss}


def calibration_gaps(rows: Scored, weights: Integers) -> Floats:
    """Mean of (label - score) in each tenth of [0, 1] in use, (weightings, bins); its 1-norm: the calibration error."""
    tenth = np.minimum((rows.score * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    starts = np.append(0, np.flatnonzero(np.diff(tenth)) + 1)
    gaps: Floats = np.add.reduceat(weights * (rows.label - rows.score), starts, axis=1) / rows.label.size
    return gaps


def _ratio(part: Floats, whole: NDArray[np.int64] | Floats) -> Floats:
    ratio = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
