"""The grammar: one form for one meaning, own words before general ones, and refusals that name the path."""

from typing import Any

import pytest

from workers.pipelines import preparation
from workers.pipelines.errors import RecipeInvalid

FEATURES: dict[str, Any] = {"age": "numeric", "born": "date", "city": "categorical", "note": "text"}


def test_plan_of_features_alone_has_no_document() -> None:
    plan = preparation.plan({"b": {"type": "numeric"}, "a": "categorical"}, {})
    assert (plan.features, plan.document) == ({"a": "categorical", "b": "numeric"}, {})
    assert list(plan.features) == ["a", "b"]


def test_plan_of_its_own_document_is_itself() -> None:
    plan = preparation.plan(FEATURES, {"scaling": "robust"})
    assert plan.document == {"version": 1, "scaling": "robust"}
    assert preparation.plan(plan.features, plan.document) == plan


def test_options_of_a_feature_come_before_those_of_all() -> None:
    own = {"type": "numeric", "missing": {"strategy": "mean"}, "scaling": "none"}
    document = {"missing": {"numeric": {"strategy": "constant", "value": 0}}, "scaling": "minmax"}
    plan = preparation.plan({"a": own, "b": "numeric"}, document)
    assert plan.options("a")["missing"] == {"strategy": "mean"}
    assert (plan.options("a")["scaling"], plan.options("b")["scaling"]) == ("none", "minmax")
    assert plan.options("b")["missing"] == {"strategy": "constant", "value": 0}


INVALID_FEATURES: list[tuple[dict[str, Any], str]] = [
    ({"a": "colour"}, "$.features.a: 'colour' is not one of"),
    ({"a": {"type": "colour"}}, "$.features.a.type: 'colour' is not one of"),
    ({"a": {"type": "image"}}, "$.features.a: 'width' is a required property."),
    ({"a": "image"}, "$.features.a: 'image' is not one of"),
    ({"a": {"type": "image", "width": 1000, "height": 1000, "mode": "RGB"}}, "$.features.a: the image has more than"),
    ({"a": {"type": "boolean", "rare": None}}, "$.features.a: Additional properties are not allowed ('rare'"),
    ({"a": {"type": "numeric", "missing": {"strategy": "constant"}}}, "$.features.a.missing: a constant needs its"),
    ({"a": {"type": "numeric", "missing": {"strategy": "level"}}}, "$.features.a.missing: only a category has"),
    ({"a": {"type": "categorical", "missing": {"strategy": "mean"}}}, "$.features.a.missing: a category has no mean"),
    ({}, "$.features: {} should be non-empty."),
]


@pytest.mark.parametrize(("features", "detail"), INVALID_FEATURES)
def test_plan_of_invalid_features_names_path_and_remedy(features: dict[str, Any], detail: str) -> None:
    with pytest.raises(RecipeInvalid) as refused:
        preparation.plan(features, {})
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"colour": 1}, "$.preparation: Additional properties are not allowed ('colour' was unexpected)."),
    ({"version": 2}, "$.preparation.version: 1 was expected."),
    ({"scaling": "log"}, "$.preparation.scaling: 'log' is not one of"),
    ({"outliers": {"kind": "iqr", "factor": 0}}, "$.preparation.outliers"),
    ({"corrections": [{"column": "x", "values": {"1": 2}}]}, "$.preparation.corrections[0]: 'x' is no feature."),
    ({"corrections": [{"column": "born", "values": {"1": 2}}]}, "$.preparation.corrections[0]: 'born' is a date."),
    ({"corrections": [{"column": "age", "to": None}]}, "$.preparation.corrections[0]: a range needs an end."),
    ({"derived": [{"kind": "words", "of": "age"}]}, "$.preparation.derived[0]: 'age' is of the type numeric."),
    ({"derived": [{"kind": "words", "of": "x"}]}, "$.preparation.derived[0]: 'x' is no feature."),
    ({"derived": [{"kind": "date_parts", "of": "born", "parts": ["hour"]}]}, "$.preparation.derived[0]: 'born' is a"),
    ({"derived": [{"kind": "date_parts", "of": "born", "parts": ["era"]}]}, "$.preparation.derived[0].parts[0]: 'era'"),
    (
        {"derived": [{"kind": "date_parts", "of": "born", "parts": ["year"], "encoding": "cyclic"}]},
        "$.preparation.derived[0]: years have no first",
    ),
    ({"derived": [{"kind": "bins", "of": "age", "cut": "edges", "edges": [2, 1]}]}, "$.preparation.derived[0]: the ed"),
    ({"derived": [{"kind": "bins", "of": "age", "cut": "uniform"}]}, "$.preparation.derived[0]: uniform need a count."),
    ({"derived": [{"kind": "root", "of": "age"}]}, "$.preparation.derived[0].kind: 'root' is not one of"),
]


@pytest.mark.parametrize(("document", "detail"), INVALID)
def test_plan_of_invalid_preparation_names_path_and_remedy(document: dict[str, Any], detail: str) -> None:
    with pytest.raises(RecipeInvalid) as refused:
        preparation.plan(FEATURES, document)
    assert refused.value.detail.startswith(detail)
    assert refused.value.remedy
