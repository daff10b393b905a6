"""Evaluation on held-out rows: the measures are handed the model's own decisions, groups and labels."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from monitoring.measures.estimate import Estimate
from workers.pipelines import evaluate, predict, recipes
from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.recipes import Recipe
from workers.pipelines.train import Trained


def judged(trained: Trained, recipe: Recipe, census: pa.Table, *sensitive: str) -> list[Estimate]:
    return evaluate.evaluate(
        trained.onnx,
        recipe,
        census,
        rows=trained.holdout_index,
        sensitive=sensitive,
        seed=7,
        progress=lambda share, step: None,
    )


def test_evaluate_census_measures_performance_and_every_intersection(
    trained: Trained, recipe: Recipe, census: pa.Table
) -> None:
    measured = {(one.metric, one.attribute, one.group): one for one in judged(trained, recipe, census, "SEX", "RAC1P")}
    rows = census.take(pa.array(trained.holdout_index))
    score = predict.score(trained.onnx, predict.matrix(rows, list(recipe.features)))
    women = rows["SEX"].to_numpy() == 2
    assert measured["roc_auc", "", ""].value == pytest.approx(roc_auc_score(rows["employed"].to_numpy(), score))
    assert measured["selection_rate", "SEX", "2"].value == pytest.approx((score[women] >= 0.5).mean())
    assert {attribute for _, attribute, _ in measured} == {"", "SEX", "RAC1P", "SEX+RAC1P"}
    assert measured["impact_ratio", "SEX+RAC1P", "1+2"].n == 47


def test_evaluate_twice_gives_equal_estimates(trained: Trained, recipe: Recipe, census: pa.Table) -> None:
    assert judged(trained, recipe, census, "SEX") == judged(trained, recipe, census, "SEX")


def test_evaluate_sensitive_column_absent_is_refused(trained: Trained, recipe: Recipe, census: pa.Table) -> None:
    with pytest.raises(EvaluationRefused, match="The data has no columns RELIGION, which are declared sensitive"):
        judged(trained, recipe, census, "SEX", "RELIGION")


def test_evaluate_no_rows_is_refused(trained: Trained, recipe: Recipe, census: pa.Table) -> None:
    with pytest.raises(EvaluationRefused, match="There are no rows to evaluate on"):
        evaluate.compare((trained.onnx, recipe), (trained.onnx, recipe), census, rows=np.array([], dtype=np.int64))


def test_compare_with_itself_differs_by_nothing(trained: Trained, recipe: Recipe, census: pa.Table) -> None:
    model = (trained.onnx, recipe)
    differences = evaluate.compare(model, model, census, rows=trained.holdout_index, seed=7)
    assert {one.metric: one.value for one in differences} == {"roc_auc": 0.0, "accuracy": 0.0, "brier": 0.0}


def test_compare_at_another_threshold_is_refused(
    trained: Trained, recipe: Recipe, document: dict[str, Any], census: pa.Table
) -> None:
    other = recipes.validate(document | {"threshold": 0.4})
    with pytest.raises(EvaluationRefused, match=r"the champion 'employed' at 0\.4"):
        evaluate.compare((trained.onnx, recipe), (trained.onnx, other), census, rows=trained.holdout_index)
