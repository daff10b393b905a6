"""The estimators a recipe may name, the parameters each accepts, and how each is built."""

from collections.abc import Mapping
from typing import Any

from sklearn.base import BaseEstimator

from workers.pipelines.estimators import others, trees
from workers.pipelines.estimators.family import Family

REGRESSION = "regression"
# By task, then by name. The order is that in which errors name them.
FAMILIES: dict[str, dict[str, Family]] = {
    "binary_classification": {**others.CLASSIFIERS, **trees.CLASSIFIERS},
    "multiclass_classification": {**others.CLASSIFIERS, **trees.CLASSIFIERS},
    REGRESSION: {**others.REGRESSORS, **trees.REGRESSORS},
}


def family(task: str, name: str) -> Family:
    """The family that a recipe of this task means by the name."""
    return FAMILIES[task][name]


def build(
    task: str,
    name: str,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    early_stopping: Mapping[str, Any] | None = None,
) -> BaseEstimator:
    """The unfitted estimator, its randomness fixed by the seed."""
    of = family(task, name)
    given = {**of.defaults, **parameters, **of.fixed, **(_early(of, early_stopping) if early_stopping else {})}
    return of.build(**given, **({"random_state": seed} if of.seeded else {}))


def parameters_schema(task: str, name: str) -> dict[str, Any]:
    """The closed JSON Schema of one set of parameters."""
    return {"type": "object", "additionalProperties": False, "properties": dict(family(task, name).parameters)}


def _early(of: Family, declared: Mapping[str, Any]) -> dict[str, Any]:
    translated: dict[str, Any] = {of.early[key]: value for key, value in declared.items()}
    return translated | ({of.early["switch"]: True} if "switch" in of.early else {})


__all__ = ["FAMILIES", "REGRESSION", "Family", "build", "family", "parameters_schema"]
