"""Separation of duties: each rule, its sentence, and its remedy."""

import dataclasses
from typing import Any

import pytest

from registry.gates import duties
from registry.gates.duties import Approver, DutyRecord
from registry.gates.policy import Separation

RECORD = DutyRecord(
    author="ada",
    trainer="tim",
    uploader="uma",
    last_editor="eve",
    labeller_lead="lea",
    author_team="growth",
    trainer_team="scoring",
    approvers=(Approver("vera", "validator", "risk"),),
)
TEAM_RULE = Separation(not_same_team=("model.trainer", "validator"))


@pytest.mark.parametrize(
    ("person", "sentence"),
    [
        ("ada", "You wrote this request; ask somebody else with the role risk officer."),
        ("tim", "You trained this version; ask somebody else with the role risk officer."),
        ("uma", "You uploaded this version; ask somebody else with the role risk officer."),
        ("eve", "You edited this version last; ask somebody else with the role risk officer."),
        (
            "vera",
            "You have decided on this request already, and one person decides once; "
            "ask somebody else with the role risk officer.",
        ),
    ],
)
def test_conflicts_whatever_the_policy_says_keep_the_makers_out(person: str, sentence: str) -> None:
    assert duties.conflicts(person, "risk", "risk_officer", RECORD) == [sentence]


def test_conflicts_of_an_independent_person_are_none() -> None:
    rules = (Separation(not_same_person=("request.author", "dataset.labeller_lead", "any.approver")), TEAM_RULE)
    assert duties.conflicts("vic", "risk", "validator", RECORD, rules) == []


@pytest.mark.parametrize(("name", "who"), [("", "You"), ("Vic", "Vic")])
def test_conflicts_keep_out_who_may_have_been_behind_a_service_account(name: str, who: str) -> None:
    record = dataclasses.replace(RECORD, behind=("vic",))
    assert duties.conflicts("vic", "risk", "validator", record, name=name) == [
        f"{who} may have been behind the service account that had a part in this, since both register here; "
        "ask somebody else with the role validator."
    ]


def test_conflicts_with_a_record_that_names_nobody_are_none() -> None:
    nobody = DutyRecord(author=None, trainer=None, uploader=None, last_editor=None)
    assert duties.conflicts("vic", None, "validator", nobody) == []


@pytest.mark.parametrize(
    ("subjects", "wanted"),
    [
        (
            ("dataset.labeller_lead", "any.approver"),
            ["You led the labelling of its data; ask somebody else with the role validator."],
        ),
        (
            ("dataset.labeller_lead", "validator"),
            ["You led the labelling of its data; ask somebody else with the role validator."],
        ),
        (("dataset.labeller_lead", "risk_officer"), []),
    ],
)
def test_conflicts_of_person_follow_the_policy_for_the_roles_it_names(
    subjects: tuple[str, ...], wanted: list[str]
) -> None:
    assert duties.conflicts("lea", "risk", "validator", RECORD, (Separation(not_same_person=subjects),)) == wanted


def test_conflicts_of_a_trainer_named_twice_are_said_once() -> None:
    rules = (Separation(not_same_person=("model.trainer", "any.approver")),)
    assert len(duties.conflicts("tim", "risk", "validator", RECORD, rules)) == 1


TRAINER = "the person who trained this version"


@pytest.mark.parametrize(
    ("team", "changes", "wanted"),
    [
        (
            "scoring",
            {},
            [
                f"You are in the team of {TRAINER} (scoring); "
                "ask somebody else with the role validator from another team."
            ],
        ),
        (
            None,
            {},
            [f"Your team is not on record, so nothing shows that it is not that of {TRAINER}; have it entered."],
        ),
        (
            "risk",
            {"trainer_team": None},
            [f"The team of {TRAINER} is not on record, so nothing shows that it is not yours; have it entered."],
        ),
    ],
)
def test_conflicts_of_team_need_two_teams_on_record(
    team: str | None, changes: dict[str, Any], wanted: list[str]
) -> None:
    record = dataclasses.replace(RECORD, **changes)
    assert duties.conflicts("vic", team, "validator", record, (TEAM_RULE,)) == wanted


def test_conflicts_of_team_leave_other_roles_alone() -> None:
    assert duties.conflicts("vic", "scoring", "risk_officer", RECORD, (TEAM_RULE,)) == []


def test_conflicts_of_team_between_two_deciding_roles_name_the_first() -> None:
    rules = (Separation(not_same_team=("validator", "compliance_reviewer")),)
    assert duties.conflicts("carl", "risk", "compliance_reviewer", RECORD, rules) == [
        "You are in the team of the validator who has decided (risk); "
        "ask somebody else with the role compliance reviewer from another team."
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"submitters": ("ada", "sue")}, "You put this request forward; ask somebody else with the role validator."),
        ({"recused": ("sue",)}, "You have stepped back from this request; ask somebody else with the role validator."),
    ],
)
def test_conflicts_of_who_put_it_forward_or_stepped_back(changes: dict[str, Any], sentence: str) -> None:
    record = dataclasses.replace(RECORD, **changes)
    assert duties.conflicts("sue", "risk", "validator", record) == [sentence]


def test_conflicts_of_an_author_who_put_it_forward_are_said_once() -> None:
    record = dataclasses.replace(RECORD, submitters=("ada",))
    assert len(duties.conflicts("ada", "risk", "validator", record)) == 1


@pytest.mark.parametrize(
    ("person", "team", "sentence"),
    [
        ("tim", "risk", "Tim trained this version; ask somebody else with the role validator."),
        (
            "vera",
            "risk",
            "Tim has decided on this request already, and one person decides once; "
            "ask somebody else with the role validator.",
        ),
        (
            "vic",
            "scoring",
            f"Tim is in the team of {TRAINER} (scoring); ask somebody else with the role validator from another team.",
        ),
        (
            "vic",
            None,
            f"The team of Tim is not on record, so nothing shows that it is not that of {TRAINER}; have it entered.",
        ),
    ],
)
def test_conflicts_of_who_is_stood_in_for_are_said_by_name(person: str, team: str | None, sentence: str) -> None:
    assert duties.conflicts(person, team, "validator", RECORD, (TEAM_RULE,), name="Tim") == [sentence]
