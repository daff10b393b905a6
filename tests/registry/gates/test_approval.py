"""The approval chain."""

from datetime import UTC, datetime

import pytest

from registry.gates import approval
from registry.gates.approval import Decision, DecisionVerdict, Progress
from registry.gates.policy import Step

VALIDATE = Step("validator", 1, "independent_validation", "P5D")
REVIEW = Step("compliance_reviewer", 2, "review", "PT4H")
CHAIN = (VALIDATE, REVIEW)
NOTHING_YET = Progress(VALIDATE, (("validator", 1), ("compliance_reviewer", 2)), complete=False)
VALIDATED = Progress(REVIEW, (("compliance_reviewer", 2),), complete=False)


def validated(person: str = "vera", verdict: DecisionVerdict = "approve") -> Decision:
    return Decision(person, "validator", verdict, "independent_validation")


def reviewed(person: str, verdict: DecisionVerdict = "approve") -> Decision:
    return Decision(person, "compliance_reviewer", verdict, "review")


@pytest.mark.parametrize(
    ("decisions", "wanted"),
    [
        ([], NOTHING_YET),
        ([validated()], VALIDATED),
        ([validated(), reviewed("carl")], Progress(REVIEW, (("compliance_reviewer", 1),), complete=False)),
        ([validated(), reviewed("carl"), reviewed("cora")], Progress(None, (), complete=True)),
        ([reviewed("carl"), validated()], VALIDATED),
        ([reviewed("carl"), validated(), reviewed("carl"), reviewed("cora")], Progress(None, (), complete=True)),
        (
            [validated(), reviewed("carl"), reviewed("carl")],
            Progress(REVIEW, (("compliance_reviewer", 1),), complete=False),
        ),
        (
            [validated(), reviewed("vera"), reviewed("carl")],
            Progress(REVIEW, (("compliance_reviewer", 1),), complete=False),
        ),
        ([validated(), validated("otto")], VALIDATED),
        ([validated(verdict="abstain")], NOTHING_YET),
        ([Decision("vera", "validator", "approve", "review")], NOTHING_YET),
        ([Decision("otto", "operator", "reject", "review")], NOTHING_YET),
    ],
)
def test_progress_after_decisions_counts_role_meaning_order_and_person(
    decisions: list[Decision], wanted: Progress
) -> None:
    assert approval.progress(CHAIN, decisions) == wanted


def test_progress_after_a_refusal_ends_the_round_whichever_step_is_open() -> None:
    found = approval.progress(CHAIN, [reviewed("carl", "reject"), validated()])
    assert found == Progress(None, (("validator", 1), ("compliance_reviewer", 2)), complete=False, rejected=True)


def test_progress_after_a_request_for_changes_ends_the_round() -> None:
    found = approval.progress(CHAIN, [validated(), reviewed("carl", "request_changes")])
    assert found == Progress(None, (("compliance_reviewer", 2),), complete=False, changes_requested=True)


def test_progress_after_an_approval_with_conditions_is_conditional() -> None:
    decisions = [validated(verdict="approve_with_conditions"), reviewed("carl"), reviewed("cora")]
    assert approval.progress(CHAIN, decisions) == Progress(None, (), complete=True, conditional=True)


def test_progress_of_an_empty_chain_is_never_complete() -> None:
    assert approval.progress((), [validated()]) == Progress(None, (), complete=False)


def test_due_at_counts_from_the_opening_of_the_step() -> None:
    opened = datetime(2026, 3, 1, 8, tzinfo=UTC)
    wanted = [datetime(2026, 3, 6, 8, tzinfo=UTC), datetime(2026, 3, 1, 12, tzinfo=UTC), None]
    steps = (*CHAIN, Step("dpo", 1, "review"))
    assert [approval.due_at(step, opened) for step in steps] == wanted
