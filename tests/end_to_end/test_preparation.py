"""What was trained is what serves: the registered model answers JSON rows as its pipeline answers the raw table."""

import base64
import io
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline

from audit import actors as system_actors
from registry.errors import Invalid
from registry.models import Prediction, User
from registry.roles import Role
from registry.services import predictions
from registry.services.slots import emergencies
from registry.serving import inference, snapshot
from registry.serving.inference import Row
from tests import factories, houses
from tests.factories import acting
from tests.houses import House
from tests.workers.pipelines.preparation.made import EVERYTHING, PREPARATION, answers, laid, pipeline, visitors
from workers.pipelines import matrices, preparation, recipes
from workers.pipelines.matrices import Rows
from workers.pipelines.training import export, train


@pytest.fixture(autouse=True)
def _fresh_snapshots(db: None) -> None:
    snapshot._snapshots.clear()


@pytest.fixture
def house() -> House:
    return houses.build()


def as_json(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as a client sends them: dates and times as ISO text, pictures as base64."""

    def plain(value: Any) -> str:
        return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value.isoformat())

    return list(json.loads(json.dumps(table.to_pylist(), default=plain)))


def logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=1000)


def trained(
    table: pa.Table, features: Any, document: Any, labels: Any, estimator: BaseEstimator, task: str
) -> tuple[Pipeline, Rows, list[dict[str, Any]]]:
    layout, rows = laid(table, features, document)
    model = pipeline(layout, estimator, task=task).fit(rows, labels)
    return model, rows, preparation.input_schema(layout, rows)


def served(house: House, onnx: bytes, schema: list[dict[str, Any]], rows: list[dict[str, Any]], task: str) -> Any:
    version = factories.version(house.model, data=house.data, onnx=onnx, input_schema=schema, task=task)
    emergencies.open(
        house.slot,
        version=version,
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )
    caller = factories.person(Role.CALLER, system=house.system, kind=User.Kind.SERVICE)
    return inference.predict(house.slot.key, [Row(row) for row in rows], actor=acting(caller))


def test_recipe_trained_registered_and_served_answers_as_its_pipeline(house: House) -> None:
    table, task = visitors(200), "binary_classification"
    recipe = recipes.validate(
        {
            "task": task,
            "label": "bought",
            "features": EVERYTHING,
            "preparation": PREPARATION,
            "estimator": {"name": "logistic_regression"},
            "cross_validation": {"folds": 2},
        }
    )
    fitted = train.train(recipe, table.append_column("bought", pa.array(answers(table))), lambda share, step: None)
    made = served(house, fitted.onnx, fitted.input_schema, as_json(table), task)
    expected = fitted.pipeline.predict_proba(matrices.inputs(table, fitted.input_schema))[:, 1]
    assert np.abs([one.score for one in made] - expected).max() < 1e-6
    assert [one.decision for one in made] == (expected >= 0.5).astype(int).tolist()


def test_three_classes_served_are_class_and_its_probability(house: House) -> None:
    table, task = visitors(200), "multiclass_classification"
    labels = np.random.default_rng(0).integers(0, 3, 200)
    model, rows, schema = trained(table, EVERYTHING, PREPARATION, labels, logistic(), task)
    made = served(house, export.to_onnx(model), schema, as_json(table), task)
    assert [one.decision for one in made] == model.predict(rows).tolist()
    assert np.abs([one.score for one in made] - model.predict_proba(rows).max(axis=1)).max() < 1e-6


def test_number_served_is_sealed_without_a_decision(house: House) -> None:
    table, task = visitors(200), "regression"
    amounts = np.nan_to_num(table["income"].to_numpy())
    model, rows, schema = trained(table, EVERYTHING, PREPARATION, amounts, Ridge(solver="svd"), task)
    made = served(house, export.to_onnx(model), schema, as_json(table), task)
    expected = pytest.approx(model.predict(rows).tolist(), rel=1e-5, abs=amounts.std() * 1e-5)
    assert [one.score for one in made] == expected
    (batch,) = predictions.seal(actor=system_actors.system("worker"))
    sealed = list(Prediction.objects.filter(batch=batch))
    assert {one.decision for one in sealed} == {None}
    assert predictions.digest(sealed) == batch.digest


def test_pictures_served_are_the_pipelines_own_answers(house: House) -> None:
    random = np.random.default_rng(0)
    pictures = []
    for picture in random.integers(0, 256, (60, 8, 8)).astype(np.uint8):
        Image.fromarray(picture).save(file := io.BytesIO(), "PNG")
        pictures.append(file.getvalue())
    table = pa.table({"image": pictures})
    declared = {"image": {"type": "image", "width": 8, "height": 8, "mode": "L"}}
    task, labels = "multiclass_classification", random.integers(0, 3, 60)
    model, rows, schema = trained(table, declared, {}, labels, logistic(), task)
    made = served(house, export.to_onnx(model), schema, as_json(table), task)
    assert [one.decision for one in made] == model.predict(rows).tolist()


def test_row_that_does_not_fit_is_refused_by_row_and_column_and_nothing_kept(house: House) -> None:
    table, task = visitors(200), "binary_classification"
    model, _, schema = trained(table, EVERYTHING, PREPARATION, answers(table), logistic(), task)
    rows = as_json(table.slice(0, 2))
    rows[1] |= {"born": "23.11.2026", "city": 7, "member": "yes"}
    with pytest.raises(Invalid) as refused:
        served(house, export.to_onnx(model), schema, rows, task)
    assert [(problem.pointer, problem.detail) for problem in refused.value.problems] == [
        ("/rows/1/features/born", "is no date such as 2026-11-23"),
        ("/rows/1/features/city", "is int, not text"),
        ("/rows/1/features/member", "is neither true nor false"),
    ]
    assert Prediction.objects.count() == 0
