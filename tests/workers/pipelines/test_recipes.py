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


def test_digest_of_version_1_recipes_is_what_it_was(document: dict[str, Any]) -> None:
    searched = {
        "estimator": {"name": "logistic_regression", "parameters": {"max_iter": 50}},
        "search": {"kind": "grid", "parameters": {"C": [0.01, 1.0]}},
        "cross_validation": {"folds": 3},
        "seed": 7,
        "threshold": 0.4,
    }
    digests = [recipes.validate(document).digest, recipes.validate(document | searched).digest]
    assert digests == [
        "1dc3b3fd88c5cd9bc7a35dfc25535dd66e8c33cd47f1fbdcad976d497ef3e7e7",
        "2238c9a2423cb7364d4bbb510e29b15edb9b6c55363ba702960ee05469b73e46",
    ]


def test_validate_version_2_recipe_is_complete_and_reads_the_same_again(document: dict[str, Any]) -> None:
    sections = {
        "calibration": {"method": "isotonic"},
        "threshold": {"rule": "cost", "false_positive": 1, "false_negative": 5},
        "imbalance": {"kind": "oversample"},
        "cross_validation": {"kind": "repeated", "folds": 3},
        "search": {"kind": "bayesian", "parameters": {"C": {"low": 0.01, "high": 1, "log": True}}},
    }
    recipe = recipes.validate(document | sections)
    assert recipes.validate(json.loads(json.dumps(recipe.document))) == recipe
    assert (recipe.calibration["folds"], recipe.imbalance["ratio"], recipe.folds) == (5, 1.0, 9)
    assert (recipe.search["trials"], recipe.search["batch"], recipe.threshold) == (20, 4, None)


FOREST = {"name": "random_forest", "parameters": {"C": 1}}
LARGE = {"C": [0.1 * i for i in range(1, 21)], "max_iter": list(range(1, 12))}
MITIGATION = {"kind": "grid_search", "constraint": "demographic_parity", "attribute": "SEX"}
INVALID: list[tuple[dict[str, Any], str]] = [
    ({"colour": "red"}, "$: Additional properties are not allowed ('colour' was unexpected)."),
    ({"task": "clustering"}, "$.task: 'clustering' is not one of ['binary_classification'"),
    ({"features": {"AGEP": "colour"}}, "$.features.AGEP: 'colour' is not one of"),
    ({"features": {}}, "$.features: {} should be non-empty."),
    ({"features": {"employed": "numeric"}}, "$.features: 'employed' is the label."),
    ({"estimator": {"name": "oracle"}}, "$.estimator.name: 'oracle' is not one of"),
    ({"estimator": {"name": "ridge"}}, "$.estimator.name: ridge does no binary classification."),
    ({"algorithms": [{"name": "mlp"}]}, "$: a recipe names either an estimator or algorithms."),
    ({"estimator": FOREST}, "$.estimator.parameters: Additional properties are not allowed ('C' was unexpected)."),
    ({"search": {"kind": "grid", "parameters": {"C": [0]}}}, "$.search.parameters.C[0]: 0 is less than or equal to"),
    ({"search": {"kind": "grid", "parameters": {}}}, "$.search.parameters: {} should be non-empty."),
    ({"search": {"kind": "grid", "parameters": LARGE}}, "$.search: the grid has 220 candidates, at most 200."),
    ({"cross_validation": {"folds": 1}}, "$.cross_validation.folds: 1 is less than the minimum of 2."),
    ({"holdout": 1}, "$.holdout: 1 is greater than the maximum of 0.9."),
    ({"threshold": 0}, "$.threshold: 0 is less than or equal to the minimum of 0."),
    ({"threshold": {"rule": "cost"}}, "$.threshold: a cost needs both prices."),
    ({"threshold": {"rule": "target_recall"}}, "$.threshold: a target needs its value."),
    ({"selected_by": "rmse"}, "$.selected_by: 'rmse' does not judge binary classification."),
    ({"search": {"kind": "random"}}, "$.search.parameters: {} should be non-empty."),
    (
        {"search": {"kind": "random", "parameters": {"C": {"low": 2, "high": 1}}}},
        "$.search.parameters.C: 2 is not below",
    ),
    ({"search": {"kind": "grid", "parameters": {"C": {"low": 1, "high": 2}}}}, "$.search.parameters.C: {'low': 1"),
    ({"cross_validation": {"folds": 3, "kind": "group"}}, "$.cross_validation: a split by group needs its column."),
    ({"cross_validation": {"folds": 3, "group": "SEX"}}, "$.cross_validation.group: the split is not by group."),
    ({"holdout": {"share": 0.2, "kind": "group", "group": "AGEP"}}, "$.features: 'AGEP' names the groups."),
    ({"early_stopping": {}}, "$.estimator: logistic_regression does not stop early."),
    (
        {"imbalance": {"kind": "class_weight"}, "estimator": {"name": "k_neighbors"}},
        "$.estimator: k_neighbors takes no",
    ),
    ({"mitigation": MITIGATION | {"attribute": "AGEP"}}, "$.mitigation.attribute: it is a feature."),
    ({"mitigation": MITIGATION | {"constraint": "bounded_group_loss"}}, "$.mitigation.constraint: it does not fit"),
    ({"mitigation": MITIGATION, "calibration": {"method": "sigmoid"}}, "$.calibration: it would undo the mitigation."),
    ({"mitigation": MITIGATION, "estimator": {"name": "svm"}}, "$.estimator: svm cannot be mitigated"),
    ({"augmentation": {"copies": 1, "noise": 0.1}}, "$.augmentation: the recipe has no image."),
]


@pytest.mark.parametrize(("change", "detail"), INVALID)
def test_validate_invalid_recipe_names_path_and_remedy(
    change: dict[str, Any], detail: str, document: dict[str, Any]
) -> None:
    with pytest.raises(RecipeInvalid) as refused:
        recipes.validate(document | change)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy
