"""The sets that ship with scikit-learn as tables of float32 numbers, and recipes for them."""

from typing import Any

import numpy as np
import pyarrow as pa
from sklearn import datasets

LOADS = {
    "binary_classification": datasets.load_breast_cancer,
    "multiclass_classification": datasets.load_wine,
    "regression": datasets.load_diabetes,
}
# What keeps a fit short.
SMALL: dict[str, dict[str, Any]] = {
    "hist_gradient_boosting": {"max_iter": 10},
    "random_forest": {"n_estimators": 10},
    "extra_trees": {"n_estimators": 10},
    "gradient_boosting": {"n_estimators": 10},
    "mlp": {"hidden_layer_sizes": [8], "max_iter": 40},
}


def shipped(task: str) -> pa.Table:
    """The set for a task; classes of more than two are named by text."""
    data = LOADS[task]()
    columns = {f"f{position:02}": column for position, column in enumerate(data.data.astype(np.float32).T)}
    text = task == "multiclass_classification"
    return pa.table({**columns, "y": [str(data.target_names[one]) for one in data.target] if text else data.target})


def recipe_for(task: str, name: str, **more: Any) -> dict[str, Any]:
    """A recipe as a user writes it, on all columns of the set, small."""
    features = {column: "numeric" for column in shipped(task).column_names if column != "y"}
    estimator = {"name": name, "parameters": SMALL.get(name, {})}
    smallest: dict[str, Any] = {"task": task, "label": "y", "features": features, "estimator": estimator}
    return {**smallest, "cross_validation": {"folds": 2}, **more}


def quiet(share: float, step: str) -> None:
    """Nobody watches."""
