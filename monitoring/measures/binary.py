"""What performance.binary_classification leaves out: the decision's correlation with the truth, both ways of erring."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from monitoring.measures import calibration, confusion, performance
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame


def further(
    y_true: ArrayLike,
    score: ArrayLike,
    *,
    threshold: float = 0.5,
    confidence: float = 0.95,
    draws: int = performance.DRAWS,
    seed: int = 0,
) -> list[Estimate]:
    """Matthews' correlation, specificity, balanced accuracy and the calibration error over equal-mass bins.

    Labels are 0 and 1; rows without a label or a score are left out and counted in `detail["dropped"]`. The four counts
    of the confusion matrix stand in the detail of `mcc`. Raises ValueError as performance.binary_classification does.
    """
    (label, scored), detail = performance.complete(y_true, score)
    frame = Frame(confidence, label.size, detail, draws, seed)
    decided = scored >= threshold
    cells = confusion.counts(label.astype(np.int64), decided.astype(np.int64), 2)
    (true_negatives, false_positives), (false_negatives, true_positives) = cells.tolist()
    correlation = confusion.correlation(cells, frame)
    correlation.detail.update(
        true_negatives=true_negatives,
        false_positives=false_positives,
        false_negatives=false_negatives,
        true_positives=true_positives,
    )
    negatives = true_negatives + false_positives
    return [
        correlation,
        confusion.share("specificity", true_negatives, negatives, frame, reason="no negatives"),
        _balanced(cells, frame),
        _calibration(label, scored, frame),
    ]


def _balanced(cells: confusion.Integers, frame: Frame) -> Estimate:
    if (cells.sum(axis=1) == 0).any():
        return frame.undefined("balanced_accuracy", confusion.METHOD, "needs both classes")
    # With rows of both classes the balanced accuracy is the plain mean of their recalls.
    return next(
        replace(one, metric="balanced_accuracy")
        for one in confusion.averaged(cells, frame)
        if one.metric == "recall_macro"
    )


def _calibration(label: performance.Floats, score: performance.Floats, frame: Frame) -> Estimate:
    name = "calibration_error_equal_mass"
    if label.size and not performance.are_probabilities(score):
        return frame.undefined(name, calibration.METHOD, performance.NOT_PROBABILITIES)
    return calibration.error(name, label, score, frame)
