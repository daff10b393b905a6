"""What must hold for any figures: worse evidence never helps, and neither does less of it."""

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.gates import evaluate
from registry.gates.facts import Evidence
from registry.gates.results import Evaluation
from tests.registry.gates.make import CONTRACT, FLOOR, RACE, auc, contract, facts, policy, ratio

ORDER = ["warn", "review", "block"]
EFFECTS = st.lists(st.sampled_from(ORDER), min_size=3, max_size=3).map(
    lambda three: dict(
        zip(("on_inconclusive", "on_fail", "on_not_evaluable"), sorted(three, key=ORDER.index), strict=True)
    )
)
ENDS = st.tuples(st.floats(0.5, 1), st.floats(0.5, 1)).map(sorted)
GROUPS = ("1", "2", "9")


def items(ends: list[list[float]], verdict: str) -> list[Evidence]:
    """A contract check, an overall figure, and one figure a group."""
    low, high = ends[0]
    found = [contract(verdict), auc(low, high)]
    return found + [
        ratio(group, (low + high) / 2, low, high) for group, (low, high) in zip(GROUPS, ends[1:], strict=True)
    ]


def judged(effects: list[dict[str, Any]], evidence: list[Evidence]) -> Evaluation:
    gates = [gate | effect for gate, effect in zip((CONTRACT, FLOOR, RACE), effects, strict=True)]
    return evaluate.evaluate(policy(*gates), facts(*evidence, groups={"RAC1P": GROUPS}))


def worsened(item: Evidence) -> Evidence:
    """The same evidence, failing for certain."""
    if item.kind == "contract_check":
        return dataclasses.replace(item, fields={"verdict": "fail"})
    return dataclasses.replace(item, value=0.15, low=0.1, high=0.2)


CASES = {
    "effects": st.lists(EFFECTS, min_size=3, max_size=3),
    "ends": st.lists(ENDS, min_size=4, max_size=4),
    "verdict": st.sampled_from(["pass", "fail"]),
    "at": st.integers(0, 4),
}


@given(**CASES)
def test_turning_any_evidence_into_a_failure_never_unblocks(
    effects: list[dict[str, Any]], ends: list[list[float]], verdict: str, at: int
) -> None:
    evidence = items(ends, verdict)
    worse = [*evidence[:at], worsened(evidence[at]), *evidence[at + 1 :]]
    before, after = judged(effects, evidence), judged(effects, worse)
    assert after.verdict == "blocked" or before.verdict == "ready"
    assert {gate.gate_id for gate in before.blocking} <= {gate.gate_id for gate in after.blocking}


@given(**CASES)
def test_leaving_any_evidence_out_never_unblocks(
    effects: list[dict[str, Any]], ends: list[list[float]], verdict: str, at: int
) -> None:
    evidence = items(ends, verdict)
    before, after = judged(effects, evidence), judged(effects, evidence[:at] + evidence[at + 1 :])
    assert {gate.gate_id for gate in before.blocking} <= {gate.gate_id for gate in after.blocking}


@given(**CASES)
def test_truth_is_kleene_and_over_the_gates_that_bind(
    effects: list[dict[str, Any]], ends: list[list[float]], verdict: str, at: int
) -> None:
    found = judged(effects, items(ends, verdict)[at:])
    verdicts = {gate.verdict for gate in found.results if gate.effect != "warn"}
    wanted = False if "fail" in verdicts else None if verdicts - {"pass"} else True
    assert found.truth is wanted


@given(**CASES)
def test_order_of_evidence_never_matters(
    effects: list[dict[str, Any]], ends: list[list[float]], verdict: str, at: int
) -> None:
    evidence = items(ends, verdict)
    assert judged(effects, evidence) == judged(effects, evidence[at:] + evidence[:at])
