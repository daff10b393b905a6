"""How well the version does, estimated before labels come."""

from collections.abc import Callable
from functools import lru_cache

from monitoring.measures import confidence, direct_loss
from monitoring.measures.direct_loss import Learned
from monitoring.measures.estimate import Estimate
from monitoring.services.checks import impact, limits
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from monitoring.services.profiles import HeldOut, Missing
from registry.models import ModelVersion

Task = ModelVersion.Task


def look(question: Question) -> Finding:
    """The estimated metric's band against its floor or ceiling: what the labels will show, where inputs alone moved."""
    return limits.judged(question, _ESTIMATES[question.task](question))


def _binary(question: Question) -> list[Estimate]:
    calibrated = impact.calibration(question.references.answers(question.version))
    return confidence.estimate(calibrated, question.window.scores, threshold=question.version.threshold)


def _several(question: Question) -> list[Estimate]:
    """How often the most probable class is the true one: as the accuracy of deciding that it always is."""
    calibrated = impact.of_being_right(question.references.answers(question.version))
    found = confidence.estimate(calibrated, question.window.scores, threshold=0.0)
    return [one for one in found if one.metric == "accuracy"]


def _numbers(question: Question) -> list[Estimate]:
    """The losses are learned from the rows themselves, of which no profile keeps a copy: once in each process."""
    models = question.references.at_hand()
    rows = models.inputs(question.version, question.window.features)
    return direct_loss.estimate(_learned(models.held_out(question.version)), rows, question.window.scores)


@lru_cache(maxsize=4)
def _learned(held: HeldOut) -> Learned:
    try:
        return direct_loss.learn(held.inputs, held.answers.score, held.answers.truth)
    except ValueError as error:
        raise Missing(f"The rows held out allow no estimate: {error}.") from error


_ESTIMATES: dict[str, Callable[[Question], list[Estimate]]] = {
    Task.BINARY: _binary,
    Task.MULTICLASS: _several,
    Task.REGRESSION: _numbers,
}
