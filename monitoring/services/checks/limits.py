"""A metric against the floor or the ceiling that a person set."""

from collections.abc import Sequence
from dataclasses import replace

from monitoring.measures.estimate import Estimate
from monitoring.services import parameters
from monitoring.services.checks import finding
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from registry.models import ModelVersion

Task = ModelVersion.Task
BY_DEFAULT = {Task.BINARY: "roc_auc", Task.MULTICLASS: "accuracy", Task.REGRESSION: "mae"}


def judged(question: Question, figures: Sequence[Estimate]) -> Finding:
    """An alarm where the metric's whole interval breaks its limit; its impact is how far the value lies beyond it."""
    metric = question.asked["metric"] or BY_DEFAULT[Task(question.task)]
    one = next((figure for figure in figures if figure.metric == metric and not figure.attribute), None)
    if one is None:
        known = ", ".join(figure.metric for figure in figures if not figure.attribute)
        reason = f"There is no {metric} of a {Task(question.task).label} here; there are: {known}."
        return finding.not_evaluable(question.window, reason, figures)
    op, limit = limit_of(question, metric)
    if limit is None:
        return finding.not_evaluable(question.window, f"Of {metric} less is better: give a ceiling.", figures)
    found = finding.against(question.window, [(one, op, limit)], figures)
    if one.value is None or found.main is None:
        return found
    return replace(found, impact=max(0.0, limit - one.value if op == ">=" else one.value - limit))


def limit_of(question: Question, metric: str) -> tuple[str, float | None]:
    """How the metric is held to which limit; None where it needs a ceiling and nobody gave one."""
    if metric in (*parameters.LOWER, *parameters.DISTANCES):
        return "<=", question.asked["ceiling"]
    floor = question.asked["floor"]
    return ">=", parameters.FLOOR if floor is None else floor
