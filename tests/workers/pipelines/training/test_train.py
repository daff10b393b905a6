"""Training: the same bits again, the same scores as the pipeline written plainly, and named refusals."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from workers.pipelines import labels as label_columns
from workers.pipelines import matrices, predict, recipes
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.recipes import Recipe
from workers.pipelines.training import train
from workers.pipelines.training.trained import Trained

SMALL = {
    "logistic_regression": {},
    "hist_gradient_boosting": {"max_iter": 20},
    "random_forest": {"n_estimators": 10},
}
PROJECT = Path(__file__).parents[4]
DIGESTS = """
import json, sys
import pyarrow.compute as pc
from pathlib import Path
from workers.ingestion import files
from workers.pipelines import recipes
from workers.pipelines.training import train
table = files.read(Path("mlops_server/demo/employment_ma.parquet"))
table = table.filter(pc.equal(table["year"], 2015)).slice(0, 1500)
for document in json.loads(sys.argv[1]):
    print(train.train(recipes.validate(document), table, lambda share, step: None).onnx_digest)
"""


def quiet(share: float, step: str) -> None:
    """Nobody watches."""


def area(trained: Trained, recipe: Recipe, table: pa.Table) -> float:
    held_out = table.take(pa.array(trained.holdout_index))
    score = predict.score(trained.onnx, matrices.matrix(held_out, list(recipe.features)))
    return float(roc_auc_score(label_columns.labels_of(recipe, held_out), score))


def test_train_in_two_processes_gives_identical_bytes(document: dict[str, Any]) -> None:
    estimators = [{"name": name, "parameters": parameters} for name, parameters in SMALL.items()]
    documents = [document | {"estimator": one, "cross_validation": {"folds": 2}} for one in estimators]
    runs = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS, json.dumps(documents)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for hash_seed in ("1", "5")
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(SMALL)


@pytest.mark.parametrize("name", SMALL)
def test_train_every_estimator_predicts_and_converts(name: str, document: dict[str, Any], census: pa.Table) -> None:
    change = {"estimator": {"name": name, "parameters": SMALL[name]}, "cross_validation": {"folds": 2}, "seed": 7}
    recipe = recipes.validate(document | change)
    trained = train.train(recipe, census, quiet)
    assert 0.85 < area(trained, recipe, census) < 0.91
    assert trained.parity["rows"] == 1500
    assert (trained.parity["label_flips"], trained.parity["decision_flips"]) == (0, 0)
    assert trained.parity["difference_max"] < 1e-5


def test_train_scores_equal_the_pipeline_written_plainly(trained: Trained, recipe: Recipe, census: pa.Table) -> None:
    rows = matrices.matrix(census, list(recipe.features))
    labels = label_columns.labels_of(recipe, census)
    plain = make_pipeline(
        make_column_transformer(
            (StandardScaler(), [0]), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), slice(1, None))
        ),
        LogisticRegression(max_iter=1000),
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=7)
    seen = trained.train_index
    scores = cross_val_score(plain, rows[seen], labels[seen], cv=folds, scoring="roc_auc")
    assert trained.metrics["cv_roc_auc_mean"] == pytest.approx(scores.mean(), abs=1e-4)
    assert 0.87 < trained.metrics["cv_roc_auc_mean"] < 0.89


def test_train_splits_are_disjoint_complete_and_stratified(trained: Trained, census: pa.Table) -> None:
    assert sorted([*trained.train_index, *trained.holdout_index]) == list(range(5000))
    assert (len(trained.train_index), len(trained.holdout_index)) == (3500, 1500)
    employed = census["employed"].to_numpy()
    assert employed[trained.holdout_index].mean() == pytest.approx(employed.mean(), abs=0.001)
    index = trained.holdout_index.astype("<i8").tobytes()
    assert trained.splits["holdout"] == {"rows": 1500, "digest": hashlib.sha256(index).hexdigest()}


def test_train_holdout_rows_changed_leave_the_model_as_it_was(
    trained: Trained, recipe: Recipe, census: pa.Table
) -> None:
    ages = census["AGEP"].to_numpy().copy()
    ages[trained.holdout_index] = 200
    changed = census.set_column(census.column_names.index("AGEP"), "AGEP", pa.array(ages))
    again = train.train(recipe, changed, quiet)
    assert (again.onnx, again.metrics, again.train_digest) == (trained.onnx, trained.metrics, trained.train_digest)


def test_train_one_training_row_changed_changes_the_digest(trained: Trained, recipe: Recipe, census: pa.Table) -> None:
    ages = census["AGEP"].to_numpy().copy()
    ages[trained.train_index[0]] += 1
    changed = census.set_column(census.column_names.index("AGEP"), "AGEP", pa.array(ages))
    assert train.train(recipe, changed, quiet).train_digest != trained.train_digest


def test_train_grid_selects_the_best_of_all_candidates(document: dict[str, Any], census: pa.Table) -> None:
    grid = {"kind": "grid", "parameters": {"C": [1e-6, 1.0]}}
    recipe = recipes.validate(document | {"search": grid, "cross_validation": {"folds": 2}})
    trained = train.train(recipe, census, quiet)
    means = {trial["parameters"]["C"]: trial["metrics"]["cv_roc_auc_mean"] for trial in trained.trials}
    assert means[1e-6] < means[1.0] == trained.metrics["cv_roc_auc_mean"]
    assert trained.parameters == {"max_iter": 1000, "C": 1.0}


def test_train_progress_rises_fold_by_fold_to_one(recipe: Recipe, census: pa.Table) -> None:
    seen: list[tuple[float, str]] = []
    train.train(recipe, census.slice(0, 600), lambda share, step: seen.append((round(share, 2), step)))
    assert [share for share, _ in seen] == [0.16, 0.32, 0.48, 0.64, 0.8, 0.8, 0.9, 0.95, 1.0]
    assert seen[1] == (0.32, "candidate 1 of 1, fold 2 of 5")


def test_train_no_convergence_is_kept_as_a_warning(document: dict[str, Any], census: pa.Table) -> None:
    estimator = {"name": "logistic_regression", "parameters": {"max_iter": 2}}
    trained = train.train(recipes.validate(document | {"estimator": estimator}), census.slice(0, 600), quiet)
    assert [warning.split(":")[0] for warning in trained.warnings] == ["ConvergenceWarning"]


def test_input_schema_tells_levels_and_ranges_seen_in_training(trained: Trained, recipe: Recipe) -> None:
    schema = {entry["name"]: entry for entry in trained.input_schema}
    assert list(schema) == list(recipe.features)
    ages = {"minimum": 0.0, "maximum": 94.0, "allowed": None, "input": "features", "position": 0}
    assert schema["AGEP"] == {"name": "AGEP", "type": "numeric", **ages}
    position = list(recipe.features).index("MAR")
    allowed = {"minimum": None, "maximum": None, "allowed": [1, 2, 3, 4, 5], "input": "features", "position": position}
    assert schema["MAR"] == {"name": "MAR", "type": "categorical", **allowed}


def replaced(table: pa.Table, columns: Mapping[str, list[Any]]) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    return table


@pytest.mark.parametrize("name", SMALL)
def test_train_missing_values_and_unknown_levels_convert_exactly(
    name: str, document: dict[str, Any], census: pa.Table
) -> None:
    holes = {
        column: [None if row % 7 == 0 else value for row, value in enumerate(census[column].to_pylist())]
        for column in ("AGEP", "MAR")
    }
    recipe = recipes.validate(document | {"estimator": {"name": name, "parameters": SMALL[name]}})
    trained = train.train(recipe, replaced(census, holes).slice(0, 1500), quiet)
    rows = matrices.matrix(census.slice(0, 50), list(recipe.features))
    rows[:25, list(recipe.features).index("MAR")] = 77
    rows[25:] = np.nan
    expected = trained.pipeline.predict_proba(rows)[:, 1]
    assert np.max(np.abs(predict.score(trained.onnx, rows) - expected)) < 1e-6


N = 300
REFUSED: list[tuple[dict[str, list[Any]], str]] = [
    ({"employed": [None, *[0, 1] * (N // 2 - 1), 1]}, "The label 'employed' is missing in 1 rows."),
    ({"employed": [1] * N}, "The rarer class of 'employed' has 0 rows: too few for 5 folds and a holdout."),
    ({"employed": [1] * (N - 6) + [0] * 6}, "The rarer class of 'employed' has 6 rows: too few"),
    ({"employed": [2, 1, 0] * (N // 3)}, "The label 'employed' has values besides 0 and 1."),
    ({"employed": ["yes", "no"] * (N // 2)}, "The label 'employed' is no number."),
    ({"AGEP": ["old"] * N}, "The feature 'AGEP' holds string values."),
    ({"AGEP": [float("inf")] * N}, "The feature 'AGEP' holds infinite values, or values too large for float32."),
    ({"AGEP": [1e300] * N}, "The feature 'AGEP' holds infinite values, or values too large for float32."),
    ({"AGEP": [None] * N}, "The feature 'AGEP' holds no values."),
    ({"MAR": [0.5] * N}, "The categorical feature 'MAR' holds values that are no whole numbers"),
    ({"MAR": [2**25] * N}, "The categorical feature 'MAR' holds values that are no whole numbers"),
]


@pytest.mark.parametrize(("columns", "detail"), REFUSED)
def test_train_unusable_data_is_refused_with_the_cause(
    columns: dict[str, list[Any]], detail: str, recipe: Recipe, census: pa.Table
) -> None:
    with pytest.raises(TrainingRefused) as refused:
        train.train(recipe, replaced(census.slice(0, N), columns), quiet)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy


def test_train_absent_columns_are_named(recipe: Recipe, census: pa.Table) -> None:
    with pytest.raises(TrainingRefused, match="The data has no columns AGEP, SCHL"):
        train.train(recipe, census.drop_columns(["AGEP", "SCHL"]), quiet)
    with pytest.raises(TrainingRefused, match="The data has no column 'employed'"):
        train.train(recipe, census.drop_columns(["employed"]), quiet)
