"""Conditions: three-valued, and never raising."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.gates import conditions
from registry.gates.conditions import Answer
from tests.registry.gates.make import NOW

CONTEXT = {
    "model": {"risk_tier": "high", "parameters": 12, "public": True, "tags": ["a"], "owner": None},
    "request": {
        "target_slot": "production.champion",
        "assessed_at": "2026-02-01T00:00:00+00:00",
        "review_at": "2026-04-01T00:00:00Z",
    },
}


def answer(document: dict[str, Any], context: dict[str, Any] = CONTEXT) -> Answer:
    return conditions.evaluate(conditions.parse(document), context, NOW)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"field": "model.risk_tier", "eq": "high"}, True),
        ({"field": "model.risk_tier", "eq": "low"}, False),
        ({"field": "model.risk_tier", "in": ["limited", "high"]}, True),
        ({"field": "model.public", "eq": 1}, False),
        ({"field": "model.parameters", "gte": 12}, True),
        ({"field": "model.parameters", "lte": 11.5}, False),
        ({"field": "model.risk_tier", "exists": True}, True),
        ({"field": "model.missing", "exists": True}, False),
        ({"field": "model.owner", "exists": False}, True),
        ({"field": "request.assessed_at", "within": "P2M"}, True),
        ({"field": "request.assessed_at", "within": "P1M"}, False),
        ({"field": "request.review_at", "within": "P1M"}, False),
    ],
)
def test_operator_on_a_known_field_answers(document: dict[str, Any], value: bool) -> None:
    assert answer(document) == Answer(value)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"field": "model.missing", "eq": 1}, "model.missing is not known."),
        ({"field": "model.risk_tier.deeper", "eq": 1}, "model.risk_tier.deeper is not known."),
        ({"field": "model.owner", "eq": "ann"}, "model.owner is not known."),
        ({"field": "model.tags", "eq": "a"}, "model.tags is not a single value."),
        ({"field": "model.risk_tier", "gte": 1}, "model.risk_tier is not a number."),
        ({"field": "model.public", "gte": 1}, "model.public is not a number."),
        ({"field": "model.risk_tier", "within": "P1D"}, "model.risk_tier is not a time with a time zone."),
    ],
)
def test_operator_on_an_unfit_field_is_unknown_and_says_why(document: dict[str, Any], reason: str) -> None:
    assert answer(document) == Answer(None, (reason,))


HOLDS = {"field": "model.risk_tier", "eq": "high"}
FAILS = {"field": "model.risk_tier", "eq": "low"}
UNKNOWN = {"field": "model.x", "eq": 1}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"all": [HOLDS, HOLDS]}, True),
        ({"all": [UNKNOWN, FAILS]}, False),
        ({"all": [HOLDS, UNKNOWN]}, None),
        ({"any": [UNKNOWN, HOLDS]}, True),
        ({"any": [UNKNOWN, FAILS]}, None),
        ({"any": [FAILS, FAILS]}, False),
        ({"not": FAILS}, True),
        ({"not": UNKNOWN}, None),
        ({"all": [{"not": {"any": [FAILS]}}, HOLDS]}, True),
    ],
)
def test_connective_with_an_unknown_part_follows_kleene(document: dict[str, Any], value: bool | None) -> None:
    assert answer(document) == Answer(value, ("model.x is not known.",) if value is None else ())


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["risk", "tier"]), inner),
    max_leaves=6,
)
TESTS = st.sampled_from([{"eq": "x"}, {"in": [1, True]}, {"gte": 1}, {"lte": 0.5}, {"exists": True}, {"within": "P1D"}])


@given(context=ANYTHING, test=TESTS)
def test_evaluate_on_any_context_never_raises(context: Any, test: dict[str, Any]) -> None:
    found = answer({"field": "model.risk.tier", **test}, {"model": context})
    assert (found.value is None) == bool(found.unknown)
