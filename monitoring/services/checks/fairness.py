"""Whether decisions fall equally on groups of people."""

import numpy as np

from monitoring.measures import fairness
from monitoring.services.checks import finding
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Missing
from monitoring.services.windows import Column
from registry.models import ModelVersion
from registry.services import predictions

Task = ModelVersion.Task


def look(question: Question) -> Finding:
    """The impact ratio of every group that is large enough to compare, against the floor."""
    sensitive = question.version.dataset_version.dataset.sensitive_columns
    attributes = list(question.asked["attributes"] or sensitive)
    if not attributes:
        raise Missing("No attribute is named, and the version's data have no sensitive columns.")
    figures = fairness.selection(_favourable(question), question.window.attributes(attributes))
    ratios = [one for one in figures if one.metric == "impact_ratio" and not one.detail.get("excluded")]
    compared = [one for one in ratios if one.value is not None]
    if not compared:
        return finding.not_evaluable(question.window, "No group is large enough to compare.", figures)
    return finding.against(question.window, [(one, ">=", question.asked["floor"]) for one in compared], figures)


def _favourable(question: Question) -> Column:
    """1 where the answer is the one that people want. Raises Missing where nobody can tell."""
    wanted, window = question.asked["favourable"], question.window
    if question.task == Task.REGRESSION:
        return fairness.above_median(window.scores)
    classes = predictions.classes_of(question.version)
    if wanted is None and question.task == Task.BINARY:
        return window.decisions
    if wanted not in classes:
        raise Missing(f"Name the favourable class: one of {', '.join(map(str, classes[:20]))}.")
    return np.equal(window.decisions, classes.index(wanted)).astype(np.int64)
