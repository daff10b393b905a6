"""The change plan: what was determined beforehand, and what stops a request."""

from typing import Any

import pytest

from registry.gates import evaluate
from registry.gates.results import GateResult
from tests.registry.gates.make import auc, facts, policy

PLAN = {"classes": ["initial", "data"]}


def judged(change: str | None, **parts: Any) -> list[GateResult]:
    context = {"request": {"change_class": change}} if change else {}
    return list(evaluate.evaluate(policy(**parts), facts(auc(), context=context)).results[1:])


def test_change_that_was_planned_passes() -> None:
    assert judged("data", change_plan=PLAN) == [
        GateResult(
            gate_id="policy.change_plan",
            verdict="pass",
            effect="none",
            reason="The change is data, which the change plan foresees.",
            threshold="request.change_class in the plan (2)",
            clause=("Annex IV 2(f)",),
        )
    ]


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ("recipe", "fail", "The change is recipe; the change plan foresees initial or data only: this blocks."),
        (
            None,
            "not_evaluable",
            "request.change_class is not known; the change plan foresees initial or data: this blocks.",
        ),
    ],
)
def test_change_that_was_not_planned_blocks(change: str | None, verdict: str, reason: str) -> None:
    (found,) = judged(change, change_plan=PLAN)
    assert (found.verdict, found.effect, found.reason) == (verdict, "block", reason)


def test_policy_without_a_plan_says_nothing_of_changes() -> None:
    assert judged("recipe") == []


def test_change_that_was_not_planned_blocks_the_evaluation() -> None:
    context = {"request": {"change_class": "recipe"}}
    found = evaluate.evaluate(policy(change_plan=PLAN), facts(auc(), context=context))
    assert (found.verdict, found.truth) == ("blocked", False)
