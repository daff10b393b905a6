"""Evaluation on held-out rows: the measures are handed the model's own decisions, groups and labels."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from workers.pipelines import matrices, predict, recipes
from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.evaluation import judging, settings
from workers.pipelines.evaluation.findings import Finding
from workers.pipelines.evaluation.question import Question
from workers.pipelines.evaluation.subject import Subject
from workers.pipelines.recipes import Recipe
from workers.pipelines.training.trained import Trained


@pytest.fixture
def subject(trained: Trained, recipe: Recipe) -> Subject:
    return Subject(trained.onnx, recipe, 0.5, trained.input_schema)


@pytest.fixture
def question(subject: Subject, trained: Trained, census: pa.Table) -> Question:
    return Question(subject, census, trained.holdout_index, ["SEX"], settings.validate({"draws": 100}), seed=7)


def judged(question: Question, **changes: Any) -> list[Finding]:
    return judging.judge(dataclasses.replace(question, **changes), lambda share, step: None)


def accuracy(found: list[Finding]) -> float | None:
    (one,) = [one.figure for one in found if (one.kind, one.figure.metric) == ("evaluation", "accuracy")]
    return one.value


def test_judge_census_measures_performance_and_every_intersection(question: Question, census: pa.Table) -> None:
    found = judged(question, sensitive=["SEX", "RAC1P"])
    measured = {(one.figure.metric, one.figure.attribute, one.figure.group): one.figure for one in found}
    rows = census.take(pa.array(question.rows))
    score = predict.score(question.subject.onnx, matrices.matrix(rows, list(question.subject.recipe.features)))
    women = rows["SEX"].to_numpy() == 2
    assert measured["roc_auc", "", ""].value == pytest.approx(roc_auc_score(rows["employed"].to_numpy(), score))
    assert measured["selection_rate", "SEX", "2"].value == pytest.approx((score[women] >= 0.5).mean())
    assert {attribute for _, attribute, _ in measured} == {"", "SEX", "RAC1P", "SEX+RAC1P"}
    assert measured["impact_ratio", "SEX+RAC1P", "1+2"].n == 47


def test_judge_without_settings_finds_performance_and_fairness_only(question: Question) -> None:
    assert {one.kind for one in judged(question)} == {"evaluation", "fairness"}


def test_judge_twice_gives_equal_findings(question: Question) -> None:
    assert judged(question) == judged(question)


def test_judge_sensitive_column_absent_is_refused(question: Question) -> None:
    with pytest.raises(EvaluationRefused, match="The data has no columns RELIGION, which are declared sensitive"):
        judged(question, sensitive=["SEX", "RELIGION"])


def test_judge_no_rows_is_refused(question: Question) -> None:
    with pytest.raises(EvaluationRefused, match="There are no rows to evaluate on"):
        judged(question, rows=np.array([], dtype=np.int64))


def test_judge_against_itself_differs_by_nothing(question: Question) -> None:
    compared = [one for one in judged(question, champion=question.subject) if one.kind == "comparison"]
    assert {one.figure.metric: one.figure.value for one in compared} == {"roc_auc": 0.0, "accuracy": 0.0, "brier": 0.0}
    assert all(one.paired for one in compared)


def test_judge_against_another_threshold_compares_what_each_decides(
    question: Question, document: dict[str, Any]
) -> None:
    other = dataclasses.replace(question.subject, recipe=recipes.validate(document | {"threshold": 0.4}), threshold=0.4)
    found = judged(question, champion=other)
    compared = {one.figure.metric: one.figure for one in found if one.kind == "comparison"}
    own, theirs = accuracy(found), accuracy(judged(question, subject=other))
    detail = compared["accuracy"].detail
    assert (detail["candidate"], detail["champion"]) == pytest.approx((own, theirs))
    assert own != theirs
    assert (compared["roc_auc"].value, compared["brier"].value) == (0.0, 0.0)


def test_judge_against_another_label_is_refused_before_anything_is_measured(
    question: Question, document: dict[str, Any]
) -> None:
    other = dataclasses.replace(question.subject, recipe=recipes.validate(document | {"label": "SEX"}))
    told: list[str] = []
    asked = dataclasses.replace(question, champion=other)
    with pytest.raises(EvaluationRefused, match="the champion 'SEX'"):
        judging.judge(asked, lambda share, message: told.append(message))
    assert told == []


def test_judge_by_slices_measures_each_range_and_pair(question: Question) -> None:
    asked = {"columns": ["AGEP", ["AGEP", "SEX"]], "edges": {"AGEP": [30, 60]}}
    found = judged(question, settings=settings.validate({"draws": 100, "slices": asked}))
    sliced = [one.figure for one in found if one.kind == "slice" and one.figure.metric == "accuracy"]
    ranges = ["below 30", "30 to below 60", "60 and above"]
    assert [one.group for one in sliced if one.attribute == "AGEP"] == ranges
    assert [one.group for one in sliced if one.attribute == "AGEP+SEX"] == [f"{age}+{sex}" for age in ranges
                                                                            for sex in (1, 2)]  # fmt: skip
    assert sum(one.n for one in sliced if one.attribute == "AGEP") == 1500


def test_judge_by_slices_of_an_absent_column_is_refused(question: Question) -> None:
    with pytest.raises(EvaluationRefused, match="The data has no columns SALARY"):
        judged(question, settings=settings.validate({"slices": {"columns": ["SALARY"]}}))


def test_judge_with_curves_keeps_their_points(question: Question) -> None:
    found = judged(question, settings=settings.validate({"draws": 100, "curves": True}))
    drawn = {one.figure.metric: one.fields for one in found if one.kind == "curve"}
    assert list(drawn) == ["roc", "precision_recall", "gain", "calibration", "confusion_matrix"]
    assert sum(map(sum, drawn["confusion_matrix"]["counts"])) == 1500
    assert len(drawn["roc"]["columns"]["threshold"]) <= 200


def test_judge_leakage_looks_across_the_split(question: Question) -> None:
    asked = dataclasses.replace(question, held_out=True)
    found = judged(asked, settings=settings.validate({"draws": 100, "leakage": True}))
    leaks = {one.figure.metric: one.figure for one in found if one.kind == "leakage" and not one.figure.group}
    assert leaks["duplicates_across_split"].n == 1500
    assert len(question.subject.recipe.features) == 14


def test_judge_membership_needs_the_rows_the_run_was_fitted_on(question: Question) -> None:
    asked = settings.validate({"draws": 100, "robustness": {"membership": {"rows": 400}}})
    assert not [one for one in judged(question, settings=asked) if one.kind == "privacy_attack"]
    found = judged(dataclasses.replace(question, held_out=True), settings=asked)
    attacks = {one.figure.group: one.figure for one in found if one.kind == "privacy_attack"}
    assert list(attacks) == ["loss_threshold", "black_box_forest"]
    assert all(0.35 < (one.value or 0.0) < 0.65 for one in attacks.values())
