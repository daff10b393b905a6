"""The converted preparation answers as the fitted one, the same bytes in every process, and version 1's as ever."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.base import BaseEstimator
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from tests.workers.pipelines.preparation.made import BINARY, EVERYTHING, PREPARATION, answers, laid, pipeline, visitors
from workers.pipelines import matrices, predict, preparation
from workers.pipelines.errors import ConversionRefused
from workers.pipelines.preparation import converter
from workers.pipelines.training import export

PROJECT = Path(__file__).parents[4]
DIGEST = """
import hashlib
from tests.workers.pipelines.preparation.made import EVERYTHING, PREPARATION, answers, laid, pipeline, visitors
from workers.pipelines.training import export
layout, rows = laid(visitors(), EVERYTHING, PREPARATION)
model = export.to_onnx(pipeline(layout).fit(rows, answers(visitors())))
print(hashlib.sha256(model).hexdigest())
"""
# Of the commit before this grammar, over exact counts: no sum in it depends on a processor.
VERSION_1 = "e444fe1ada8232e41dbf743a45b6fca21c9ad494df081104bbc4c818e57ec524"


def fitted(estimator: BaseEstimator, task: str, labels: Any) -> tuple[Pipeline, Any]:
    layout, rows = laid(visitors(), EVERYTHING, PREPARATION)
    return pipeline(layout, estimator, task=task).fit(rows[np.arange(300)], labels[:300]), rows


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(max_iter=1000),
        HistGradientBoostingClassifier(max_iter=20, early_stopping=False),
        RandomForestClassifier(20, random_state=0),
    ],
)
def test_verify_binary_with_every_step_is_exact(estimator: BaseEstimator) -> None:
    model, rows = fitted(estimator, BINARY, answers(visitors()))
    parity = export.verify(model, export.to_onnx(model), rows, 0.5)
    assert (parity.rows, parity.label_flips, parity.decision_flips) == (400, 0, 0)
    assert parity.difference_max < 1e-6


def test_prepared_columns_are_the_same_bits_in_the_graph() -> None:
    layout, rows = laid(visitors(), EVERYTHING, PREPARATION)
    assert isinstance(rows, matrices.Inputs)
    step = pipeline(layout).fit(rows, answers(visitors()))[:1]
    converter.register()
    given = [("features", FloatTensorType([None, layout.features])), ("texts", StringTensorType([None, layout.texts]))]
    graph = convert_sklearn(step, initial_types=given, target_opset=export.OPSET)
    (columns,) = predict.session(graph.SerializeToString()).run(None, {"features": rows.features, "texts": rows.texts})
    expected = step.transform(rows)
    differing = [
        name for name, one, other in zip(step[0].names_, columns.T, expected.T, strict=True) if (one != other).any()
    ]
    assert differing == []


def test_verify_three_classes_compares_every_probability() -> None:
    labels = np.random.default_rng(0).integers(0, 3, 400)
    model, rows = fitted(LogisticRegression(max_iter=1000), "multiclass_classification", labels)
    converted = export.to_onnx(model)
    assert predict.outputs(converted, rows).probabilities.shape == (400, 3)  # type: ignore[union-attr]
    parity = export.verify(model, converted, rows)
    assert (parity.rows, parity.label_flips, parity.decision_flips) == (400, 0, 0)
    assert parity.difference_max < 1e-5


@pytest.mark.parametrize("estimator", [Ridge(solver="svd"), RandomForestRegressor(20, random_state=0)])
def test_verify_regression_is_relative_to_the_value(estimator: BaseEstimator) -> None:
    amounts = np.nan_to_num(visitors()["income"].to_numpy()) * 1000
    model, rows = fitted(estimator, "regression", amounts)
    converted = export.to_onnx(model)
    session = predict.session(converted)
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("value", [None, 1])]
    assert export.verify(model, converted, rows).difference_max < 1e-5


def test_verify_label_of_two_equally_probable_classes_is_a_tie() -> None:
    labels = np.random.default_rng(0).integers(0, 2, 400)
    model, rows = fitted(RandomForestClassifier(20, random_state=0), BINARY, labels)
    probability = model.predict_proba(rows)[:, 1]
    parity = export.verify(model, export.to_onnx(model), rows)
    assert parity.label_flips == 0
    assert 0 < parity.ties <= np.sum(np.abs(probability - 0.5) < 1e-9)


@pytest.mark.parametrize("task", ["regression", "multiclass_classification"])
def test_verify_other_answers_are_refused_with_the_difference(task: str) -> None:
    labels = np.random.default_rng(0).integers(0, 3, 400)
    models = []
    for shuffled in (labels, labels[::-1]):
        estimator = Ridge(solver="svd") if task == "regression" else LogisticRegression(max_iter=1000)
        models.append(fitted(estimator, task, shuffled))
    (one, rows), (other, _) = models
    with pytest.raises(ConversionRefused, match=r"On 400 rows .* at the 99\.9 percentile"):
        export.verify(one, export.to_onnx(other), rows)


def test_to_onnx_has_two_inputs_and_passes_the_checker() -> None:
    model, _ = fitted(LogisticRegression(max_iter=1000), BINARY, answers(visitors()))
    converted = export.to_onnx(model)
    onnx.checker.check_model(onnx.load_from_string(converted))
    inputs = [(one.name, one.type, one.shape) for one in predict.session(converted).get_inputs()]
    assert inputs == [("features", "tensor(float)", [None, 7]), ("texts", "tensor(string)", [None, 2])]


def test_rows_with_nothing_in_them_are_answered_alike() -> None:
    model, _ = fitted(LogisticRegression(max_iter=1000), BINARY, answers(visitors()))
    empty = matrices.inputs([dict.fromkeys(EVERYTHING)] * 3, model[0].layout.entries)
    answered = predict.outputs(export.to_onnx(model), empty)
    assert np.abs(answered.probabilities - model.predict_proba(empty)).max() < 1e-6


def test_unknown_levels_and_days_outside_all_seen_are_answered_alike() -> None:
    model, rows = fitted(LogisticRegression(max_iter=1000), BINARY, answers(visitors()))
    features, texts = rows.features[:4].copy(), rows.texts[:4].copy()
    texts[:, 0] = ["Rom", "", "zürich", "Zürich "]
    features[:, 4] = [77, -1, -0.0, 3]
    features[:, 3] = [-719_000, 2_900_000, -1, 0]
    strange = matrices.Inputs(features, texts)
    answered = predict.outputs(export.to_onnx(model), strange)
    assert np.abs(answered.probabilities - model.predict_proba(strange)).max() < 1e-6


def test_to_onnx_in_two_processes_gives_identical_bytes() -> None:
    digests = [
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "5")
    ]
    assert digests[0] == digests[1]


def test_recipe_of_version_1_gives_the_bytes_it_always_gave() -> None:
    data = load_breast_cancer()
    rows = np.round(data.data[:, :6]).astype(np.float32)
    plan = preparation.plan({f"f{i}": "categorical" if i == 5 else "numeric" for i in range(6)}, {})
    step = preparation.transformer(preparation.bind(plan), task=BINARY, scaled=False, seed=0)
    forest = RandomForestClassifier(5, max_depth=4, random_state=0)
    model = Pipeline([("prepare", step), ("estimate", forest)]).fit(rows, data.target)
    assert hashlib.sha256(export.to_onnx(model)).hexdigest() == VERSION_1
