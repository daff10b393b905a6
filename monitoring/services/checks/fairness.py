"""Whether decisions, and the errors in them, fall equally on groups of people."""

from collections.abc import Sequence

import numpy as np

from monitoring.measures import fairness, group_cells, group_scores, intervals
from monitoring.measures.estimate import Estimate
from monitoring.measures.fairness import Settings
from monitoring.services import parameters
from monitoring.services.checks import finding, limits
from monitoring.services.checks.finding import Finding
from monitoring.services.checks.question import Question
from monitoring.services.profiles import Missing
from monitoring.services.windows import Column
from registry.models import ModelVersion
from registry.services import predictions

CONFIDENCE = 0.95
Task = ModelVersion.Task


def look(question: Question) -> Finding:
    """The chosen metric of every group that is large enough to compare, or of every attribute, against its limit.

    Intersections of two attributes are attributes too. With labels each group's errors are told beside the selection
    rates, and of a binary task how well its scores rank and how true they are. All intervals of a metric hold together.
    """
    attributes = _attributes(question)
    pairs = len(attributes) * (len(attributes) + 1) // 2
    figures = _figures(question, attributes, Settings(intervals.bonferroni(CONFIDENCE, pairs)))
    metric = question.asked["metric"]
    chosen = [one for one in figures if one.metric == metric and not _is_excluded(one)]
    compared = [one for one in chosen if one.value is not None]
    if not compared:
        return finding.not_evaluable(question.window, _why_not(chosen), figures)
    op, limit = limits.limit_of(question, metric)
    assert limit is not None  # else the parameters would have been refused
    return finding.against(question.window, [(one, op, limit) for one in compared], figures)


def _is_excluded(one: Estimate) -> bool:
    """Of a group that it is too small to compare; of an attribute it is how many such groups there are."""
    return one.detail.get("excluded") is True


def _attributes(question: Question) -> list[str]:
    found = list(question.asked["attributes"] or question.version.dataset_version.dataset.sensitive_columns)
    if not found:
        raise Missing("No attribute is named, and the version's data have no sensitive columns.")
    return found


def _figures(question: Question, attributes: Sequence[str], settings: Settings) -> list[Estimate]:
    window, groups = question.window, question.window.attributes(list(attributes))
    if not parameters.needs_labels(question.monitor.kind, question.asked):
        cells = group_cells.count(_favourable(question), groups)
        return fairness.of_cells(cells, settings)
    truth = _deserving(question)
    cells = group_cells.count(_favourable(question), groups, truth)
    figures = fairness.of_cells(cells, settings)
    if question.task == Task.BINARY:
        score = window.scores if _wanted(question) else 1.0 - window.scores
        figures += group_scores.measure(truth, score, groups, settings)
    return figures


def _favourable(question: Question) -> Column:
    """1 where the answer is the one that people want. Raises Missing where nobody can tell."""
    if question.task == Task.REGRESSION:
        return fairness.above_median(question.window.scores)
    return np.equal(question.window.decisions, _wanted(question)).astype(np.int64)


def _deserving(question: Question) -> Column:
    """1 where what turned out is what people want, float64; NaN where it has not. Raises Missing of numbers."""
    if question.task == Task.REGRESSION:
        raise Missing("Numbers are neither right nor wrong: of them only decisions above the median are compared.")
    labels = question.window.labels
    return np.where(np.isnan(labels), np.nan, np.equal(labels, _wanted(question)).astype(np.float64))


def _wanted(question: Question) -> int:
    """The place of the class that people want. Raises Missing where nobody can tell."""
    wanted, classes = question.asked["favourable"], predictions.classes_of(question.version)
    if wanted is None and question.task == Task.BINARY:
        return 1
    if wanted not in classes:
        raise Missing(f"Name the favourable class: one of {', '.join(map(str, classes[:20]))}.")
    return classes.index(wanted)


def _why_not(chosen: Sequence[Estimate]) -> str:
    reason = next((one.detail["reason"] for one in chosen if "reason" in one.detail), None)
    return f"Nothing can be compared: {reason}." if reason else "No group is large enough to compare."
