"""Figures of a model's answers by task: of all rows, of each slice, of each group of people, against the champion."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from monitoring.measures import binary, fairness, multiclass, performance, regression, slices
from monitoring.measures.estimate import Estimate
from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.evaluation.subject import BINARY, REGRESSION, Answers, Subject, column
from workers.pipelines.matrices import Scores
from workers.pipelines.predict import Labels

Truth = Labels | Scores
#: The figures of a part of the rows: fewer than of the whole, as nobody reads forty for each.
OF_A_PART = {
    "multiclass_classification": ("accuracy", "f1_macro", "log_loss"),
    "regression": ("mae", "rmse", "bias"),
}


def performance_of(subject: Subject, truth: Truth, answers: Answers, *, options: Mapping[str, Any]) -> list[Estimate]:
    """Every figure that the task has; options are confidence, draws and seed."""
    if subject.task == REGRESSION:
        return regression.regression(truth, answers.score, **options)
    if subject.task == BINARY:
        plain = performance.binary_classification(truth, answers.score, threshold=subject.threshold, **options)
        return plain + binary.further(truth, answers.score, threshold=subject.threshold, **options)
    return multiclass.classification(truth, answers.probabilities, classes=subject.classes, **options)


def fairness_of(
    subject: Subject,
    truth: Truth,
    answers: Answers,
    groups: Mapping[str, np.ndarray[Any, Any]],
    *,
    options: Mapping[str, Any],
) -> list[Estimate]:
    """How decisions fall on groups of people; where no class is the favourable one, how errors do."""
    if subject.task == BINARY:
        chosen = {key: options[key] for key in ("confidence", "seed")}
        return fairness.selection(answers.decision, groups, truth, **chosen)
    alone = [slices.slicing(name, values) for name, values in groups.items()]
    pairs = [slices.crossed(one, other) for place, one in enumerate(alone) for other in alone[place + 1 :]]
    return [figure for parts in (*alone, *pairs) for figure in _sliced(subject, truth, answers, parts, 30, options)]


def by_slice(
    subject: Subject,
    truth: Truth,
    answers: Answers,
    table: pa.Table,
    *,
    asked: Mapping[str, Any],
    options: Mapping[str, Any],
) -> list[Estimate]:
    """The task's figures for each slice of each column, or pair of columns, that was asked for."""
    names = [[one] if isinstance(one, str) else list(one) for one in asked["columns"]]
    _refuse_absent(table, sorted({name for pair in names for name in pair}))
    found = []
    for pair in names:
        parts = [_slicing(table, name, asked["edges"].get(name, ())) for name in pair]
        crossed = parts[0] if len(parts) == 1 else slices.crossed(*parts)
        found += _sliced(subject, truth, answers, crossed, asked["least"], options)
    return found


def compared(
    candidate: tuple[Subject, Answers], champion: tuple[Subject, Answers], truth: Truth, *, options: Mapping[str, Any]
) -> list[Estimate]:
    """Candidate minus champion on the same rows, paired, each at the threshold at which it decides.

    The caller answers for the rows being unseen by both: a champion trained on some of them looks better than it is.
    """
    subject, other = candidate[0], champion[0]
    if subject.task == REGRESSION:
        return regression.compare(truth, candidate[1].score, champion[1].score, **options)
    if subject.task == BINARY:
        scores = candidate[1].score, champion[1].score
        thresholds = subject.threshold, other.threshold
        return performance.compare(truth, *scores, thresholds=thresholds, **options)
    return multiclass.compare(truth, candidate[1].probabilities, champion[1].probabilities, **options)


def _sliced(
    subject: Subject,
    truth: Truth,
    answers: Answers,
    parts: slices.Slicing,
    least: int,
    options: Mapping[str, Any],
) -> list[Estimate]:
    wanted = OF_A_PART.get(subject.task)

    def measure(rows: slices.Rows, confidence: float) -> list[Estimate]:
        within = {**options, "confidence": confidence}
        found = _of_a_part(subject, truth[rows], answers.take(rows), within)
        return [one for one in found if not one.attribute and (wanted is None or one.metric in wanted)]

    return slices.figures(parts, measure, confidence=options["confidence"], least=least)


def _of_a_part(subject: Subject, truth: Truth, answers: Answers, options: Mapping[str, Any]) -> list[Estimate]:
    if subject.task == BINARY:
        return performance.binary_classification(truth, answers.score, threshold=subject.threshold, **options)
    return performance_of(subject, truth, answers, options=options)


def _slicing(table: pa.Table, name: str, edges: Sequence[float]) -> slices.Slicing:
    if edges and column(table, name).dtype.kind not in "iuf":
        raise EvaluationRefused(f"The column {name!r} holds no numbers.", "Name edges of numeric columns only.")
    return slices.slicing(name, column(table, name), edges=edges)


def _refuse_absent(table: pa.Table, names: Sequence[str]) -> None:
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise EvaluationRefused(f"The data has no columns {', '.join(absent)}.", "Slice by columns that the data has.")


def check_comparable(subject: Subject, other: Subject) -> None:
    """Raises EvaluationRefused where the two answer other questions."""
    if subject.task != other.task or list(subject.classes) != list(other.classes):
        raise EvaluationRefused(
            f"The candidate is for {subject.task} of {list(subject.classes)}, the champion for {other.task} of "
            f"{list(other.classes)}.",
            "Compare models of the same task and classes.",
        )
    if subject.recipe.label != other.recipe.label:
        raise EvaluationRefused(
            f"The candidate predicts {subject.recipe.label!r}, the champion {other.recipe.label!r}.",
            "Compare models of the same label.",
        )
