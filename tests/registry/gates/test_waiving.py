"""Waivers: what they cover, for how long, and what they never cover."""

from datetime import timedelta
from typing import Any

import pytest

from registry.gates import evaluate
from registry.gates.facts import Evidence, Waiver
from registry.gates.results import Evaluation
from tests.registry.gates.make import FLOOR, NOW, auc, facts, policy, waiver

ALLOWED = {"by": ["risk_officer"], "max_days": 90, "needs": ["rationale"]}
WAIVABLE = FLOOR | {"waivable": ALLOWED}
FAILING = auc(0.70, 0.78)
FAILED = "ROC AUC on holdout is 0.74 [0.70, 0.78], n = 5,000; the whole interval is below 0.80: this blocks."


def judged(gate: dict[str, Any], given: Waiver, item: Evidence = FAILING) -> Evaluation:
    return evaluate.evaluate(policy(gate), facts(item, waivers=(given,)))


def test_waiver_in_force_turns_a_block_into_a_review() -> None:
    found = judged(WAIVABLE, waiver())
    gate = found.results[0]
    assert (found.verdict, found.truth) == ("ready", True)
    assert (gate.verdict, gate.effect, gate.waiver_id) == ("waived", "review", "W-1")
    assert gate.reason == f"Waived until 2026-04-29 by the waiver W-1. Without it: {FAILED}"


@pytest.mark.parametrize(
    ("gate", "changes", "why"),
    [
        (FLOOR, {}, "the policy does not let this gate be waived"),
        (FLOOR | {"waivable": False}, {}, "the policy does not let this gate be waived"),
        (WAIVABLE, {"roles": ("validator",)}, "it takes the role risk_officer"),
        (WAIVABLE, {"brings": ()}, "it lacks rationale"),
        (WAIVABLE, {"expires_at": NOW + timedelta(days=90)}, "it lasts longer than 90 days"),
        (WAIVABLE, {"expires_at": NOW}, "it is not in force"),
        (WAIVABLE, {"granted_at": NOW + timedelta(days=1)}, "it is not in force"),
    ],
)
def test_waiver_that_does_not_count_changes_nothing_and_says_why(
    gate: dict[str, Any], changes: dict[str, Any], why: str
) -> None:
    found = judged(gate, waiver(**changes))
    assert (found.verdict, found.results[0].verdict) == ("blocked", "fail")
    assert found.results[0].reason == f"{FAILED} The waiver W-1 does not count: {why}."


def test_waiver_of_another_gate_changes_nothing() -> None:
    assert judged(WAIVABLE, waiver(gate_id="fair.race")).results[0].reason == FAILED


def test_waiver_of_a_passing_gate_changes_nothing() -> None:
    assert judged(WAIVABLE, waiver(), auc()).results[0].verdict == "pass"


def test_waiver_of_a_warning_does_not_make_it_stricter() -> None:
    gate = WAIVABLE | {"on_fail": "warn", "on_inconclusive": "warn"}
    assert judged(gate, waiver()).results[0].effect == "warn"


@pytest.mark.parametrize(("days", "verdict"), [(90, "waived"), (90.001, "fail")])
def test_waiver_of_exactly_the_longest_time_counts(days: float, verdict: str) -> None:
    granted = NOW - timedelta(days=1)
    given = waiver(granted_at=granted, expires_at=granted + timedelta(days=days))
    assert judged(WAIVABLE, given).results[0].verdict == verdict


def test_waiver_granted_this_instant_counts() -> None:
    assert judged(WAIVABLE, waiver(granted_at=NOW)).results[0].verdict == "waived"


@pytest.mark.parametrize(
    ("signed", "verdict"),
    [
        ({"verdict": "fail", "value": 0.74}, "waived"),
        ({"verdict": "fail", "value": 0.70}, "waived"),
        ({"verdict": "fail", "value": 0.75}, "fail"),
        ({"verdict": "not_evaluable"}, "fail"),
        ({"verdict": "inconclusive", "value": 0.74}, "fail"),
    ],
)
def test_waiver_covers_no_answer_worse_than_the_one_that_was_signed(signed: dict[str, Any], verdict: str) -> None:
    assert judged(WAIVABLE, waiver(**signed)).results[0].verdict == verdict


def test_waiver_of_a_better_value_says_which() -> None:
    found = judged(WAIVABLE, waiver(verdict="fail", value=0.75))
    why = "the value was 0.75 when it was signed"
    assert found.results[0].reason == f"{FAILED} The waiver W-1 does not count: {why}."
