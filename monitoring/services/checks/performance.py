"""How well the version does, on the labels that came."""

from collections.abc import Callable

import numpy as np

from monitoring.measures import confusion, performance, regression
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame
from monitoring.services.checks import limits
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from registry.models import ModelVersion
from registry.services import predictions

DRAWS = 200
CONFIDENCE = 0.95
Task = ModelVersion.Task


def look(question: Question) -> Finding:
    """The chosen metric against its floor or ceiling; every other one that the task has is told."""
    return limits.judged(question, _MEASURES[question.task](question))


def _binary(question: Question) -> list[Estimate]:
    window = question.window
    return performance.binary_classification(
        window.labels, window.scores, threshold=question.version.threshold, draws=DRAWS
    )


def _several(question: Question) -> list[Estimate]:
    """From the decisions alone: the log keeps the probability of the class that was decided for, not of the others."""
    window, classes = question.window, len(predictions.classes_of(question.version))
    label, decided = window.labels.astype(np.int64), window.decisions
    frame = Frame(CONFIDENCE, label.size, {"classes": classes}, DRAWS, 0)
    cells = confusion.counts(label, decided, classes)
    return [
        confusion.share("accuracy", int(np.trace(cells)), label.size, frame, reason="no rows"),
        *confusion.averaged(cells, frame),
        confusion.correlation(cells, frame),
    ]


def _numbers(question: Question) -> list[Estimate]:
    return regression.regression(question.window.labels, question.window.scores, draws=DRAWS)


_MEASURES: dict[str, Callable[[Question], list[Estimate]]] = {
    Task.BINARY: _binary,
    Task.MULTICLASS: _several,
    Task.REGRESSION: _numbers,
}
