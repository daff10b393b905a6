"""Recipes: defaults filled, one meaning whatever the order of the keys, and named refusals."""

import json
from typing import Any

import pytest

from workers.pipelines import recipes
from workers.pipelines.errors import RecipeInvalid


def test_validate_smallest_recipe_fills_every_default(document: dict[str, Any]) -> None:
    filled = recipes.validate(document).document
    assert filled == {
        **document,
        "estimator": {"name": "logistic_regression", "parameters": {"max_iter": 1000}},
        "cross_validation": {"folds": 5},
        "holdout": 0.3,
        "seed": 0,
        "threshold": 0.5,
    }


def test_validate_complete_document_is_itself(document: dict[str, Any]) -> None:
    searched = document | {"search": {"kind": "grid", "parameters": {"C": [0.1, 1.0]}}}
    recipe = recipes.validate(searched)
    assert recipes.validate(json.loads(json.dumps(recipe.document))) == recipe


def test_validate_features_in_another_order_is_the_same_model(document: dict[str, Any]) -> None:
    turned = document | {"features": dict(reversed(document["features"].items()))}
    one, other = recipes.validate(document), recipes.validate(turned)
    assert list(one.features) == list(other.features) == sorted(document["features"])
    assert one.digest == other.digest


def test_digest_another_seed_differs(document: dict[str, Any]) -> None:
    assert recipes.validate(document).digest != recipes.validate(document | {"seed": 1}).digest


def test_candidates_of_grid_keep_the_recipes_other_parameters(document: dict[str, Any]) -> None:
    estimator = {"name": "logistic_regression", "parameters": {"max_iter": 50}}
    grid = {"kind": "grid", "parameters": {"C": [1.0, 0.1]}}
    recipe = recipes.validate(document | {"estimator": estimator, "search": grid})
    assert recipe.candidates() == [{"max_iter": 50, "C": 1.0}, {"max_iter": 50, "C": 0.1}]


FOREST = {"name": "random_forest", "parameters": {"C": 1}}
LARGE = {"C": [0.1 * i for i in range(1, 21)], "max_iter": list(range(1, 12))}
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"colour": "red"}, "$: Additional properties are not allowed ('colour' was unexpected)."),
    ({"task": "regression"}, "$.task: 'binary_classification' was expected."),
    ({"features": {"AGEP": "text"}}, "$.features.AGEP: 'text' is not one of ['numeric', 'categorical']."),
    ({"features": {}}, "$.features: {} should be non-empty."),
    ({"features": {"employed": "numeric"}}, "$.features: 'employed' is the label."),
    ({"estimator": {"name": "svm"}}, "$.estimator.name: 'svm' is not one of"),
    ({"estimator": FOREST}, "$.estimator.parameters: Additional properties are not allowed ('C' was unexpected)."),
    ({"search": {"kind": "grid", "parameters": {"C": [0]}}}, "$.search.parameters.C[0]: 0 is less than or equal to"),
    ({"search": {"kind": "grid", "parameters": {}}}, "$.search.parameters: {} should be non-empty."),
    ({"search": {"kind": "grid", "parameters": LARGE}}, "$.search: the grid has 220 candidates, at most 200."),
    ({"cross_validation": {"folds": 1}}, "$.cross_validation.folds: 1 is less than the minimum of 2."),
    ({"holdout": 1}, "$.holdout: 1 is greater than the maximum of 0.9."),
    ({"threshold": 0}, "$.threshold: 0 is less than or equal to the minimum of 0."),
]


@pytest.mark.parametrize(("change", "detail"), INVALID)
def test_validate_invalid_recipe_names_path_and_remedy(
    change: dict[str, Any], detail: str, document: dict[str, Any]
) -> None:
    with pytest.raises(RecipeInvalid) as refused:
        recipes.validate(document | change)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy
