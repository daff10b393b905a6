"""The estimators a recipe may name, the parameters each accepts, and how each is built."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

POSITIVE = {"type": "number", "exclusiveMinimum": 0}
COUNT = {"type": "integer", "minimum": 1, "maximum": 10_000}
DEPTH = {"type": ["integer", "null"], "minimum": 1, "maximum": 100}
CLASS_WEIGHT = {"enum": ["balanced", None]}


@dataclass(frozen=True)
class Family:
    """An estimator: its factory, the JSON Schema of each parameter a recipe may set, our defaults, what nobody may
    set, and whether its inputs are scaled: trees do not need it, and float32 scaling moves rows across a split."""

    build: Callable[..., BaseEstimator]
    parameters: Mapping[str, Mapping[str, Any]]
    defaults: Mapping[str, Any]
    fixed: Mapping[str, Any]
    scaled: bool


FAMILIES: dict[str, Family] = {
    "logistic_regression": Family(
        LogisticRegression,
        {"C": POSITIVE, "max_iter": COUNT, "tol": POSITIVE, "class_weight": CLASS_WEIGHT},
        {"max_iter": 1000},
        {},
        scaled=True,
    ),
    "hist_gradient_boosting": Family(
        HistGradientBoostingClassifier,
        {
            "learning_rate": POSITIVE,
            "max_iter": COUNT,
            "max_leaf_nodes": {"type": ["integer", "null"], "minimum": 2, "maximum": 1024},
            "max_depth": DEPTH,
            "min_samples_leaf": COUNT,
            "l2_regularization": {"type": "number", "minimum": 0},
            "max_bins": {"type": "integer", "minimum": 2, "maximum": 255},
            "class_weight": CLASS_WEIGHT,
        },
        {},
        # "auto" would switch early stopping on at 10,000 rows and so change the method with the size of the data.
        {"early_stopping": False},
        scaled=False,
    ),
    "random_forest": Family(
        RandomForestClassifier,
        {
            "n_estimators": COUNT,
            "max_depth": DEPTH,
            "min_samples_leaf": COUNT,
            "min_samples_split": {"type": "integer", "minimum": 2},
            "max_features": {"enum": ["sqrt", "log2", None]},
            "criterion": {"enum": ["gini", "entropy", "log_loss"]},
            "class_weight": CLASS_WEIGHT,
        },
        {"n_estimators": 200, "min_samples_leaf": 5},
        {"n_jobs": 1},
        scaled=False,
    ),
}


def build(name: str, parameters: Mapping[str, Any], *, seed: int) -> BaseEstimator:
    """The unfitted estimator, its randomness fixed by the seed."""
    family = FAMILIES[name]
    return family.build(**{**family.defaults, **parameters, **family.fixed, "random_state": seed})


def parameters_schema(name: str) -> dict[str, Any]:
    """The closed JSON Schema of one set of parameters."""
    return {"type": "object", "additionalProperties": False, "properties": dict(FAMILIES[name].parameters)}


def grid_schema(name: str) -> dict[str, Any]:
    """The closed JSON Schema of a grid: a list of values for each parameter searched."""
    lists = {
        parameter: {"type": "array", "minItems": 1, "maxItems": 50, "items": dict(schema)}
        for parameter, schema in FAMILIES[name].parameters.items()
    }
    return {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": lists}
