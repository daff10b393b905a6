"""One conformance suite for every estimator of every task: it trains, converts with parity, and repeats to the bit."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.workers.pipelines.tables import quiet, recipe_for, shipped
from workers.pipelines import estimators, recipes
from workers.pipelines.recipes import Recipe
from workers.pipelines.training import train

PROJECT = Path(__file__).parents[3]
CASES = [(task, name) for task, families in estimators.FAMILIES.items() for name in families]
CLASSIFIERS = [(task, name) for task, name in CASES if task != "regression"]
DIGESTS = """
import json, sys
from tests.workers.pipelines.tables import quiet, shipped
from workers.pipelines import recipes
from workers.pipelines.training import train
for document in json.loads(sys.argv[1]):
    recipe = recipes.validate(document)
    print(train.train(recipe, shipped(recipe.task), quiet).onnx_digest)
"""


@pytest.mark.parametrize(("task", "name"), CASES)
def test_family_trains_and_converts_with_parity(task: str, name: str) -> None:
    trained = train.train(recipes.validate(recipe_for(task, name)), shipped(task), quiet)
    assert (trained.parity["label_flips"], trained.parity["decision_flips"]) == (0, 0)
    assert trained.parity["difference_max"] < 1e-5
    assert (trained.task, trained.estimator, len(trained.trials)) == (task, name, 1)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize(("task", "name"), CLASSIFIERS)
def test_family_calibrated_converts_with_parity(task: str, name: str, method: str) -> None:
    document = recipe_for(task, name, calibration={"method": method, "folds": 2})
    trained = train.train(recipes.validate(document), shipped(task), quiet)
    assert (trained.parity["label_flips"], trained.parity["decision_flips"]) == (0, 0)
    assert trained.parity["difference_max"] < 1e-5


def test_every_family_in_two_processes_gives_identical_bytes() -> None:
    documents = [recipe_for(task, name, seed=5) for task, name in CASES]
    searched = {
        "kind": "bayesian",
        "trials": 4,
        "batch": 2,
        "parameters": {"C": {"low": 0.01, "high": 10, "log": True}},
    }
    documents.append(recipe_for("binary_classification", "logistic_regression", search=searched))
    runs = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DIGESTS, json.dumps(documents)],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for hash_seed in ("1", "5")
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) == len(documents)


def test_build_early_stopping_is_in_the_words_of_each_estimator() -> None:
    declared = {"rounds": 3, "share": 0.2, "tolerance": 0.001}
    boosted = estimators.build("regression", "hist_gradient_boosting", {}, seed=1, early_stopping=declared).get_params()
    assert {name: boosted[name] for name in ("early_stopping", "n_iter_no_change", "validation_fraction", "tol")} == {
        "early_stopping": True,
        "n_iter_no_change": 3,
        "validation_fraction": 0.2,
        "tol": 0.001,
    }


@pytest.mark.parametrize("name", ["hist_gradient_boosting", "gradient_boosting", "mlp"])
def test_train_early_stopping_ends_before_the_last_step(name: str) -> None:
    task = "binary_classification"
    document = recipe_for(task, name, early_stopping={"rounds": 2, "tolerance": 0.01})
    document["estimator"]["parameters"] = {"n_estimators" if name == "gradient_boosting" else "max_iter": 300}
    recipe: Recipe = recipes.validate(document)
    trained = train.train(recipe, shipped(task), quiet)
    fit = next(curve for curve in trained.curves if curve["name"] == "fit")
    assert fit["points"][-1][0] < 299


def test_train_values_an_ulp_apart_stay_on_their_side_of_a_threshold() -> None:
    # Half way between the two rounds to the upper one.
    rows = np.repeat((1 + np.array([1, 2]) * 2.0**-23).astype(np.float32), 200)
    table = pa.table({"x": rows, "y": np.repeat([0.0, 100.0], 200)})
    document = recipe_for("regression", "hist_gradient_boosting") | {"features": {"x": "numeric"}}
    trained = train.train(recipes.validate(document), table, quiet)
    assert trained.parity["difference_max"] < 1e-6


PLAIN = {
    "binary_classification": ("logistic_regression", LogisticRegression(max_iter=1000), StratifiedKFold, "roc_auc"),
    "multiclass_classification": ("gaussian_nb", GaussianNB(), StratifiedKFold, "balanced_accuracy"),
    "regression": ("ridge", Ridge(), KFold, "r2"),
}


@pytest.mark.parametrize("task", PLAIN)
def test_train_scores_equal_the_pipeline_written_plainly_for_each_task(task: str) -> None:
    name, estimator, kind, metric = PLAIN[task]
    table = shipped(task)
    trained = train.train(recipes.validate(recipe_for(task, name, cross_validation={"folds": 5}, seed=3)), table, quiet)
    rows = np.stack([table[column].to_numpy() for column in table.column_names if column != "y"], axis=1)
    labels, seen = np.array(table["y"].to_pylist()), trained.train_index
    folds = kind(5, shuffle=True, random_state=3)
    scores = cross_val_score(
        make_pipeline(StandardScaler(), estimator), rows[seen], labels[seen], cv=folds, scoring=metric
    )
    assert trained.metrics[f"cv_{metric}_mean"] == pytest.approx(scores.mean(), abs=1e-4)
