"""What a schema cannot refuse about a policy."""

from typing import Any

import pytest

from registry.gates import grammar
from tests.registry.gates.make import CONTRACT, FLOOR, RACE, document

SIGNERS = "compliance_reviewer, dpo, risk_officer, validator"
BOUND = FLOOR["require"]


def gate(base: dict[str, Any] = FLOOR, **changes: Any) -> dict[str, Any]:
    """A document with one gate, some of its keys changed; None removes a key."""
    merged = {key: value for key, value in (base | changes).items() if value is not None}
    return document(merged)


def approval(**changes: Any) -> dict[str, Any]:
    """A document with some keys of its approval changed."""
    return document(approval=document()["approval"] | changes)


def step(role: str, meaning: str = "review") -> dict[str, Any]:
    return {"role": role, "quorum": 1, "meaning": meaning}


CASES = [
    (
        approval(valid_for="P25M"),
        "approval.valid_for: P25M is longer than two years: nobody would look at it again. Write P24M or less.",
    ),
    (document(FLOOR, FLOOR), "gates: The gate id 'perf.auc.floor' is used 2 times. Give each its own."),
    (
        gate(require={"bound": "lower", "op": ">=", "value": 0.8}),
        "gates[0].require: The lower bound has no confidence. Add 'confidence', as in 0.95, or write 'bound: point'.",
    ),
    (
        gate(require=BOUND | {"bound": "point"}),
        "gates[0].require: A point gate ignores its confidence. Remove 'confidence', or use an interval bound.",
    ),
    (
        gate(require=BOUND | {"op": "<="}),
        "gates[0].require: '<=' does not go with a bound that is lower. Use >= or >, or write 'bound: interval'.",
    ),
    (
        gate(require=BOUND | {"bound": "upper"}),
        "gates[0].require: '>=' does not go with a bound that is upper. Use <= or <, or write 'bound: interval'.",
    ),
    (gate(evidence={"kind": "evaluation"}), "gates[0].evidence: A bound needs a metric. Add 'metric', as in roc_auc."),
    (
        gate(RACE, evidence={"kind": "fairness", "metric": "impact_ratio"}),
        "gates[0].evidence: Groups need an attribute. Add 'attribute', as in SEX or SEX+RAC1P.",
    ),
    (
        gate(RACE, for_each=None, evidence={"kind": "fairness", "metric": "impact_ratio", "attribute": "SEX"}),
        "gates[0]: An attribute is named, but no group is judged. "
        "Add 'for_each: group', or name one with 'group' in the evidence.",
    ),
    (
        gate(evidence=FLOOR["evidence"] | {"exclude_below_share": 0.02}),
        "gates[0]: Only groups can be excluded by share. Add 'for_each: group' or remove the share.",
    ),
    (
        gate(evidence={"kind": "comparison", "metric": "roc_auc"}),
        "gates[0].evidence: A comparison needs its other side. Add 'against', as in champion.",
    ),
    (
        gate(on_fail="review", on_inconclusive="block"),
        "gates[0].on_inconclusive: An unclear result (block) weighs more than a failure (review). "
        "Make on_fail at least as strict.",
    ),
    (
        gate(on_not_evaluable="warn"),
        "gates[0].on_not_evaluable: Missing evidence (warn) weighs less than a failure (block). "
        "Make it at least as strict, or leaving evidence out would pay.",
    ),
    (
        gate(waivable={"by": ["risk_officer"]}),
        "gates[0].waivable: A waiver without an end is a hole. Add 'max_days', or write 'waivable: false'.",
    ),
    (
        gate(CONTRACT, waivable={"by": ["king"], "max_days": 9}),
        f"gates[0].waivable.by: The role 'king' is unknown. Use one of: {SIGNERS}.",
    ),
    (
        approval(chain=[]),
        "approval.chain: Nobody has to approve. Add at least one step with role, quorum, meaning.",
    ),
    (
        approval(chain=[step("reviewer")]),
        f"approval.chain[0].role: The role 'reviewer' is unknown. Use one of: {SIGNERS}.",
    ),
    (
        approval(chain=[step("platform_admin")]),
        f"approval.chain[0].role: The role 'platform_admin' may not sign. Use one of: {SIGNERS}.",
    ),
    (
        approval(chain=[step("validator"), step("validator")]),
        "approval.chain: The step 'validator, review' is used 2 times. Give each its own.",
    ),
    (
        approval(separation_of_duties=[{"not_same_team": ["model.uploader", "validator"]}]),
        "approval.separation_of_duties[0].not_same_team: The subject 'model.uploader' is unknown. "
        "Use one of: any.approver, compliance_reviewer, dpo, model.trainer, request.author, risk_officer, validator.",
    ),
    (
        approval(separation_of_duties=[{"not_same_person": ["model.trainer", "request.author"]}]),
        "approval.separation_of_duties[0].not_same_person: The rule names nobody who decides. "
        "Add any.approver or a role that signs.",
    ),
    (
        document(rollout={"canary": {"steps": [50, 10, 100]}}),
        "rollout.canary.steps: The steps [50, 10, 100] do not climb to 100. "
        "Write rising percentages that end with 100.",
    ),
    (
        document(rollout={"canary": {"steps": [10, 50]}}),
        "rollout.canary.steps: The steps [10, 50] do not climb to 100. Write rising percentages that end with 100.",
    ),
    (
        document(
            monitoring=[{"id": "a", "cadence": "P1D", "test": "psi"}, {"id": "a", "cadence": "P1D", "test": "ks"}]
        ),
        "monitoring: The monitor id 'a' is used 2 times. Give each its own.",
    ),
    (
        document(monitoring=[{"id": "a", "cadence": "P1D"}]),
        "monitoring[0]: A monitor watches either a test or a metric. Keep exactly one of 'test' and 'metric'.",
    ),
    (
        document(retention={"prediction_log": "P180D"}),
        "retention.prediction_log: P180D is shorter than six months (EU AI Act, Articles 19 and 26(6)). "
        "Write P6M or more.",
    ),
    (
        document(retention={"prediction_log": "P6M", "minimum": "P1Y"}),
        "retention.prediction_log: P6M is shorter than the minimum P1Y. Lengthen it or lower the minimum.",
    ),
]


@pytest.mark.parametrize(("document", "message"), CASES)
def test_lint_of_a_policy_without_sense_names_path_problem_and_remedy(document: dict[str, Any], message: str) -> None:
    assert [str(problem) for problem in grammar.check(document)] == [message]


def test_lint_of_a_parsed_policy_finds_nothing() -> None:
    assert grammar.lint(grammar.parse(document(FLOOR, RACE, CONTRACT))) == []
