"""What lint warns of: policies that may be proposed and should not be."""

from typing import Any

import pytest

from registry.gates import grammar, policies
from tests.registry.gates.make import FLOOR, RACE, document

GOOD: dict[str, Any] = {
    **FLOOR,
    "rationale": "Better than chance.",
    "clause": ["eu-ai-act:15(1)"],
    "min_n": 400,
    "max_age_days": 30,
}
GROUPS = {**GOOD, **RACE, "rationale": "Four fifths.", "max_age_days": 30}
SCOPE = {"field": "model.risk_tier", "eq": "high"}
NAMED = {"name": "test", "version": 1, "description": "For tests."}
BOUND = FLOOR["require"]


def written(*gates: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A policy that nothing is to be said about, some of its parts changed."""
    return document(*(gates or (GOOD,)), **({"applies_when": SCOPE, "metadata": NAMED} | parts))


def without(gate: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in gate.items() if name != key}


def approval(**changes: Any) -> dict[str, Any]:
    return written(approval=document()["approval"] | changes)


COMPARISON = GOOD | {"evidence": {"kind": "comparison", "metric": "roc_auc", "against": "champion"}}
ONE = GOOD | {"evidence": {"kind": "fairness", "metric": "impact_ratio", "attribute": "SEX", "group": "2"}}
CASES = [
    (written(metadata={"name": "test", "version": 1}), ["metadata.description"]),
    (without(written(), "applies_when"), ["applies_when"]),
    (written(applies_when={"field": "model.risk_teir", "eq": "high"}), ["applies_when"]),
    (written(GOOD | {"skip_when": {"not": {"field": "request.champion", "eq": True}}}), ["gates[0].skip_when"]),
    (written(without(GOOD, "rationale")), ["gates[0]"]),
    (written(without(GOOD, "clause")), ["gates[0]"]),
    (written(without(GOOD, "min_n")), ["gates[0]"]),
    (written(without(GOOD, "max_age_days")), ["gates[0]"]),
    (written(GOOD | {"same_dataset_digest": False}), ["gates[0]"]),
    (written(GOOD | {"preregistered": False}), ["gates[0].preregistered"]),
    (written(GOOD | {"require": {"bound": "point", "op": ">=", "value": 0.8}}), ["gates[0].require"]),
    (written(GOOD | {"require": BOUND | {"value": 80}}), ["gates[0].require.value"]),
    (written(GROUPS | {"family": "none"}), ["gates[0].family"]),
    (written(COMPARISON), ["gates[0].evidence", "gates[0]"]),
    (written(ONE, ONE | {"id": "other"}), ["gates"]),
    (approval(stale_when=["artifact_digest"]), ["approval.stale_when"]),
    (approval(reauthenticate="session"), ["approval.reauthenticate"]),
    (approval(review_every="P12M"), ["approval.review_every"]),
    (
        approval(lapses_after="P4D", chain=[{"role": "dpo", "quorum": 1, "meaning": "review", "due_in": "P5D"}]),
        ["approval.lapses_after"],
    ),
    (written(change_plan={"classes": ["data"]}), ["change_plan", "change_plan"]),
]


@pytest.mark.parametrize(("document", "paths"), CASES)
def test_policy_to_think_twice_about_is_warned_of_and_accepted(document: dict[str, Any], paths: list[str]) -> None:
    found = grammar.inspect(document)
    assert ([one.path for one in found], {one.level for one in found}) == (paths, {"warning"})
    assert grammar.check(document) == []


@pytest.mark.parametrize("gates", [(GOOD,), (GROUPS,), (ONE,), (GOOD, GROUPS)])
def test_policy_without_fault_is_not_warned_of(gates: tuple[dict[str, Any], ...]) -> None:
    assert grammar.inspect(written(*gates)) == []


@pytest.mark.parametrize("name", policies.names())
def test_ready_policy_is_not_warned_of(name: str) -> None:
    assert grammar.inspect(policies.text(name)) == []


def test_warning_about_an_unknown_field_offers_the_nearest() -> None:
    (found,) = grammar.inspect(written(applies_when={"field": "model.risk_teir", "eq": "high"}))
    assert str(found) == (
        "applies_when: No request carries model.risk_teir, so this can never be told. Did you mean model.risk_tier?"
    )


def test_inspect_of_a_policy_that_is_refused_gives_the_errors_only() -> None:
    found = grammar.inspect(written(without(GOOD, "rationale"), approval={"chain": [], "valid_for": "P1Y"}))
    assert [(one.path, one.level) for one in found] == [("approval.chain", "error")]
