"""The settings of an evaluation: complete where they are right, refused by path where they are not."""

from typing import Any

import pytest

from workers.pipelines.errors import EvaluationInvalid
from workers.pipelines.evaluation import settings


def test_nothing_asked_is_what_every_evaluation_was() -> None:
    assert settings.validate({}) == {"confidence": 0.95, "draws": 1000, "curves": False, "leakage": False}


def test_robustness_untold_means_the_four_perturbations_of_tables() -> None:
    asked = settings.validate({"robustness": {}})["robustness"]
    assert asked == {"noise": [0.1, 0.5], "missing": [0.1, 0.3], "shift": [0.5], "reweighting": [0.5]}


def test_attack_untold_is_bounded() -> None:
    asked = settings.validate({"robustness": {"adversarial": {"rows": 10}}})["robustness"]
    attack = {"attack": "hop_skip_jump", "rows": 10, "queries": 500, "budgets": [0.25, 0.5, 1.0]}
    assert asked == {"adversarial": attack}


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"confidence": 1}, r"\$\.confidence"),
        ({"slices": {}}, r"\$\.slices"),
        ({"slices": {"columns": [["a", "b", "c"]]}}, r"\$\.slices\.columns\[0\]"),
        ({"robustness": {"noise": [0]}}, r"\$\.robustness\.noise\[0\]"),
        ({"robustness": {"adversarial": {"queries": 10**9}}}, r"\$\.robustness\.adversarial\.queries"),
        ({"speed": True}, r"\$"),
    ],
)
def test_what_breaks_the_schema_is_refused_by_path(document: dict[str, Any], path: str) -> None:
    with pytest.raises(EvaluationInvalid, match=path):
        settings.validate(document)
