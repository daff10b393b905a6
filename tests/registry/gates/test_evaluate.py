"""One gate at a time, then all gates together."""

from datetime import timedelta
from typing import Any

import pytest

from registry.gates import evaluate
from registry.gates.conditions import Answer
from registry.gates.facts import Evidence
from registry.gates.results import GateResult
from tests.registry.gates.make import CONTRACT, FLOOR, NOW, auc, contract, facts, policy, ratio, waiver

SKIPPABLE = FLOOR | {"skip_when": {"field": "request.has_champion", "eq": False}}
POINT = FLOOR | {"require": {"bound": "point", "op": ">=", "value": 0.8}}


def result(gate: dict[str, Any], *evidence: Evidence, **changes: Any) -> GateResult:
    """What one gate says about this evidence."""
    return evaluate.evaluate(policy(gate), facts(*evidence, **changes)).results[0]


def said(gate: dict[str, Any], *evidence: Evidence, **changes: Any) -> tuple[str, str, str]:
    """The same in three words: verdict, effect, reason."""
    found = result(gate, *evidence, **changes)
    return found.verdict, found.effect, found.reason


def test_gate_with_the_whole_interval_above_the_floor_passes() -> None:
    assert result(FLOOR, auc()) == GateResult(
        gate_id="perf.auc.floor",
        verdict="pass",
        effect="none",
        reason="ROC AUC on holdout is 0.90 [0.88, 0.92], n = 5,000; the whole interval is at or above 0.80.",
        threshold="95 % lower bound >= 0.80",
        evidence_ids=("e1",),
        value=0.9,
        low=0.88,
        high=0.92,
        n=5000,
    )


@pytest.mark.parametrize(
    ("gate", "item", "wanted"),
    [
        (
            FLOOR,
            auc(0.70, 0.78),
            (
                "fail",
                "block",
                "ROC AUC on holdout is 0.74 [0.70, 0.78], n = 5,000; the whole interval is below 0.80: this blocks.",
            ),
        ),
        (
            FLOOR,
            auc(0.78, 0.82),
            (
                "inconclusive",
                "review",
                "ROC AUC on holdout is 0.80 [0.78, 0.82], n = 5,000; the interval straddles 0.80: a person decides.",
            ),
        ),
        (
            FLOOR | {"on_fail": "warn", "on_inconclusive": "warn"},
            auc(0.5, 0.6),
            (
                "fail",
                "warn",
                "ROC AUC on holdout is 0.55 [0.50, 0.60], n = 5,000; the whole interval is below 0.80: a warning only.",
            ),
        ),
        (
            POINT,
            auc(0.70, 0.9, value=0.7996),
            (
                "fail",
                "block",
                "ROC AUC on holdout is 0.7996 [0.70, 0.90], n = 5,000; the value is below 0.80: this blocks.",
            ),
        ),
        (
            POINT,
            auc(None, None, n=None),
            ("pass", "none", "ROC AUC on holdout is 0.90; the value is at or above 0.80."),
        ),
        (
            FLOOR | {"require": {"bound": "upper", "confidence": 0.9, "op": "<", "value": 0.85}},
            auc(0.88, 0.92),
            (
                "fail",
                "block",
                "ROC AUC on holdout is 0.90 [0.88, 0.92], n = 5,000; "
                "the whole interval is at or above 0.85: this blocks.",
            ),
        ),
    ],
)
def test_gate_on_a_number_says_verdict_effect_and_why(
    gate: dict[str, Any], item: Evidence, wanted: tuple[str, str, str]
) -> None:
    assert said(gate, item) == wanted


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("pass", ("pass", "none", "Contract check: verdict is pass, as required.")),
        ("fail", ("fail", "block", "Contract check: verdict is fail; pass or warn is required: this blocks.")),
        (True, ("fail", "block", "Contract check: verdict is true; pass or warn is required: this blocks.")),
        (None, ("not_evaluable", "block", "Contract check has no field 'verdict': this blocks.")),
    ],
)
def test_gate_on_a_field_says_verdict_effect_and_why(value: object, wanted: tuple[str, str, str]) -> None:
    assert said(CONTRACT, contract(value)) == wanted


def test_gate_on_a_true_field_does_not_take_one_for_true() -> None:
    gate = CONTRACT | {"require": {"field": "verdict", "eq": True}}
    assert [result(gate, contract(value)).verdict for value in (True, 1, "true")] == ["pass", "fail", "fail"]


def test_gate_without_evidence_is_not_evaluable_and_blocks() -> None:
    assert said(FLOOR, contract("pass"), auc(split="all"), ratio("1", 1.0, 1.0, 1.0)) == (
        "not_evaluable",
        "block",
        "There is no evidence of this kind: evaluation, roc_auc, on holdout: this blocks.",
    )


def test_gate_with_older_and_newer_evidence_judges_the_newer() -> None:
    older = auc(0.5, 0.6, id="old", produced_at=NOW - timedelta(days=3))
    assert result(FLOOR, auc(), older).evidence_ids == ("e1",)


def test_gate_with_newer_evidence_about_another_artifact_judges_the_one_that_fits() -> None:
    other = auc(0.5, 0.6, id="other", produced_at=NOW, subjects={"artifact": "a2", "dataset": "d1"})
    assert result(FLOOR, auc(), other).evidence_ids == ("e1",)


def test_gate_whose_skip_condition_holds_is_skipped() -> None:
    assert said(SKIPPABLE) == ("skipped", "none", "The policy skips this gate for this request.")


def test_gate_whose_skip_condition_fails_is_judged() -> None:
    assert result(SKIPPABLE, auc(), context={"request": {"has_champion": True}}).verdict == "pass"


def test_gate_whose_skip_condition_is_unknown_is_not_evaluable() -> None:
    assert said(SKIPPABLE, auc(), context={}) == (
        "not_evaluable",
        "block",
        "Whether to skip this gate cannot be told: request.has_champion is not known: this blocks.",
    )


def test_evaluation_with_a_failing_gate_is_blocked() -> None:
    tested = policy(CONTRACT, FLOOR)
    found = evaluate.evaluate(tested, facts(contract("pass"), auc(0.5, 0.6)))
    assert (found.verdict, found.truth, found.policy_digest) == ("blocked", False, tested.digest)
    assert [gate.gate_id for gate in found.blocking] == ["perf.auc.floor"]


def test_evaluation_with_an_unclear_gate_is_ready_for_a_person() -> None:
    found = evaluate.evaluate(policy(CONTRACT, FLOOR), facts(contract("pass"), auc(0.78, 0.82)))
    assert (found.verdict, found.truth, found.blocking) == ("ready", None, ())
    assert [gate.gate_id for gate in found.to_review] == ["perf.auc.floor"]


def test_evaluation_with_a_failing_warning_is_ready_and_true() -> None:
    gate = FLOOR | {"on_fail": "warn", "on_inconclusive": "warn"}
    found = evaluate.evaluate(policy(CONTRACT, gate), facts(contract("pass"), auc(0.5, 0.6)))
    assert (found.verdict, found.truth, found.to_review) == ("ready", True, ())


def test_evaluation_with_all_gates_passing_is_ready_and_true() -> None:
    found = evaluate.evaluate(policy(CONTRACT, FLOOR), facts(contract("warn"), auc()))
    assert (found.verdict, found.truth, found.to_review) == ("ready", True, ())


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ((contract("pass"), auc()), "2 gates pass."),
        (
            (contract("fail"), auc(0.78, 0.82)),
            "1 gate fails, 1 is inconclusive; worst: data.contract: "
            "Contract check: verdict is fail; pass or warn is required: this blocks.",
        ),
        (
            (contract("pass"),),
            "1 gate cannot be judged; worst: perf.auc.floor: "
            "There is no evidence of this kind: evaluation, roc_auc, on holdout: this blocks.",
        ),
    ],
)
def test_headline_counts_what_is_open_and_tells_the_worst(items: tuple[Evidence, ...], sentence: str) -> None:
    assert evaluate.headline(evaluate.evaluate(policy(CONTRACT, FLOOR), facts(*items))) == sentence


def test_headline_puts_what_blocks_before_a_failure_that_warns() -> None:
    warning = CONTRACT | {"on_fail": "warn"}
    found = evaluate.evaluate(policy(warning, FLOOR), facts(contract("fail")))
    assert evaluate.headline(found).startswith("1 gate fails, 1 cannot be judged; worst: perf.auc.floor: ")


def test_evaluate_twice_on_the_same_facts_gives_the_same() -> None:
    given = facts(auc(), contract("fail"), waivers=(waiver(),))
    assert evaluate.evaluate(policy(), given) == evaluate.evaluate(policy(), given)


@pytest.mark.parametrize(
    ("context", "answer"),
    [
        ({"model": {"risk_tier": "high"}}, Answer(True)),
        ({"model": {"risk_tier": "low"}}, Answer(False)),
        ({}, Answer(None, ("model.risk_tier is not known.",))),
    ],
)
def test_applies_with_a_condition_is_three_valued(context: dict[str, Any], answer: Answer) -> None:
    tested = policy(applies_when={"field": "model.risk_tier", "eq": "high"})
    assert evaluate.applies(tested, context, NOW) == answer


def test_applies_without_a_condition_is_true() -> None:
    assert evaluate.applies(policy(), {}, NOW) == Answer(True)
