"""What a shift costs, as far as scores alone can say."""

from functools import lru_cache

import numpy as np

from monitoring.measures import confidence, performance
from monitoring.measures.confidence import Calibrated
from monitoring.measures.estimate import Estimate
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Answers, Missing
from registry.models import ModelVersion

METRIC = "roc_auc"


def estimated(question: Question) -> float | None:
    """How much less the area under the ROC curve is than on the rows held out, as estimated without labels.

    0 is nothing; None where the version tells no two classes apart, or where no reference allows an estimate.
    """
    if question.task != ModelVersion.Task.BINARY:
        return None
    try:
        reference = question.references.answers(question.version)
        calibrated = calibration(reference)
    except Missing:
        return None
    now = _area(confidence.estimate(calibrated, question.window.scores, threshold=question.version.threshold, draws=1))
    before = _area(performance.binary_classification(reference.truth, reference.score, draws=1))
    return None if now is None or before is None else max(0.0, before - now)


@lru_cache(maxsize=16)
def calibration(reference: Answers) -> Calibrated:
    """What a score means in labels, learned on the rows held out. Raises Missing where they are too few."""
    try:
        return confidence.calibrate(reference.score, reference.truth)
    except ValueError as error:
        raise Missing(f"The rows held out allow no estimate: {error}.") from error


@lru_cache(maxsize=16)
def of_being_right(reference: Answers) -> Calibrated:
    """The same of the most probable of several classes: how often it is the true one. Raises Missing."""
    try:
        return confidence.calibrate(reference.score, np.equal(reference.decision, reference.truth).astype(np.float64))
    except ValueError as error:
        raise Missing(f"The rows held out allow no estimate: {error}.") from error


def _area(figures: list[Estimate]) -> float | None:
    return next(one.value for one in figures if one.metric == METRIC)
