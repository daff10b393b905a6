"""The ready policies."""

import dataclasses
from datetime import timedelta

import pytest

from registry.gates import evaluate, policies
from registry.gates.conditions import Answer
from registry.gates.facts import Evidence
from registry.gates.policy import Gate, Separation, Step
from tests.registry.gates.make import NOW, SUBJECTS, auc, contract, facts, ratio


def group(attribute: str, name: str, value: float, low: float, high: float) -> Evidence:
    return ratio(name, value, low, high, id=f"{attribute} {name}", attribute=attribute)


# What the census predictions of 2015 show: fair by sex, unclear or unfair by race and by both together.
CENSUS = [
    contract("pass"),
    auc(0.899, 0.905),
    group("SEX", "1", 1.0, 1.0, 1.0),
    group("SEX", "2", 0.9, 0.88, 0.92),
    group("RAC1P", "1", 1.0, 1.0, 1.0),
    group("RAC1P", "2", 0.836, 0.81, 0.862),
    group("RAC1P", "9", 0.784, 0.741, 0.829),
    group("SEX+RAC1P", "1|1", 1.0, 1.0, 1.0),
    group("SEX+RAC1P", "1|2", 0.745, 0.700, 0.794),
]


NAMES = ("credit-high-risk", "high-risk", "limited", "minimal", "nyc-ll144")
CHANGE = {"request": {"has_champion": False, "change_class": "initial"}}


def test_names_of_ready_policies_are_the_risk_tiers_credit_and_hiring() -> None:
    assert policies.names() == NAMES


@pytest.mark.parametrize("name", policies.names())
def test_ready_policy_is_accepted_and_explains_every_gate(name: str) -> None:
    policy = policies.load(name)
    assert [gate.id for gate in policy.gates if not (gate.rationale and gate.clause)] == []
    assert policy.description != ""


def test_text_of_an_unknown_policy_names_the_known() -> None:
    with pytest.raises(KeyError, match=r"There is no ready policy '\.\./x'; there are credit-high-risk, "):
        policies.text("../x")


def test_high_risk_policy_asks_a_validator_then_a_reviewer() -> None:
    approval = policies.load("high-risk").approval
    assert approval.chain == (
        Step("validator", 1, "independent_validation", "P5D"),
        Step("compliance_reviewer", 1, "review", "P3D"),
    )
    assert approval.separation_of_duties[1] == Separation(not_same_team=("model.trainer", "validator"))
    assert approval.valid_for == "P12M"


def test_high_risk_policy_governs_high_risk_models_in_the_champion_slot() -> None:
    context = {"model": {"risk_tier": "high"}, "request": {"target_slot": "production.champion"}}
    assert evaluate.applies(policies.load("high-risk"), context, NOW) == Answer(True)


def test_high_risk_policy_on_census_figures_goes_before_a_person() -> None:
    found = evaluate.evaluate(policies.load("high-risk"), facts(*CENSUS, context=CHANGE))
    assert [(gate.gate_id, gate.verdict, gate.effect) for gate in found.results] == [
        ("data.contract", "pass", "none"),
        ("perf.auc.floor", "pass", "none"),
        ("perf.auc.noninferior", "skipped", "none"),
        ("fair.impact_ratio.sex", "pass", "none"),
        ("fair.impact_ratio.race", "inconclusive", "review"),
        ("fair.impact_ratio.sex_and_race", "fail", "review"),
        ("policy.change_plan", "pass", "none"),
    ]
    assert found.verdict == "ready"
    assert evaluate.headline(found) == (
        "1 gate fails, 1 is inconclusive; worst: fair.impact_ratio.sex_and_race: Impact ratio of SEX+RAC1P group 1|2 "
        "is 0.74 [0.70, 0.79], n = 214; the whole interval is below 0.80: a person decides. 1 group fails, 1 passes."
    )


@pytest.mark.parametrize(("low", "verdict"), [(-0.01, "pass"), (-0.03, "inconclusive")])
def test_high_risk_policy_with_a_champion_compares(low: float, verdict: str) -> None:
    item = auc(low, 0.01, kind="comparison", against="champion", fields={"paired": True})
    context = {"request": {"has_champion": True}}
    found = evaluate.evaluate(policies.load("high-risk"), facts(*CENSUS, item, context=context))
    assert found.results[2].verdict == verdict


def test_high_risk_policy_on_data_checked_before_it_took_effect_accepts_the_check() -> None:
    early = Evidence("c", "contract_check", NOW - timedelta(days=200), SUBJECTS, fields={"verdict": "pass"})
    found = evaluate.evaluate(policies.load("high-risk"), facts(early))
    assert found.results[0].verdict == "pass"


def test_every_interval_gate_of_a_ready_policy_states_its_confidence() -> None:
    gates: list[Gate] = [gate for name in policies.names() for gate in policies.load(name).gates]
    assert {getattr(gate.require, "confidence", 0.95) for gate in gates} == {0.95}


CREDIT = [
    *CENSUS,
    auc(0.12, 0.14, metric="brier", id="brier"),
    auc(0.02, 0.06, kind="fairness", metric="equalized_odds_difference", attribute="SEX", id="odds"),
]


def test_credit_policy_on_census_figures_is_stopped_by_nothing_but_a_group_that_may_fail() -> None:
    found = evaluate.evaluate(policies.load("credit-high-risk"), facts(*CREDIT, context=CHANGE))
    assert [(gate.gate_id, gate.verdict, gate.effect) for gate in found.results] == [
        ("data.contract", "pass", "none"),
        ("perf.auc.floor", "pass", "none"),
        ("perf.auc.noninferior", "skipped", "none"),
        ("perf.brier.ceiling", "pass", "none"),
        ("fair.impact_ratio.sex", "pass", "none"),
        ("fair.impact_ratio.race", "inconclusive", "review"),
        ("fair.equalized_odds.sex", "pass", "none"),
        ("policy.change_plan", "pass", "none"),
    ]


def test_credit_policy_asks_four_people_of_three_roles() -> None:
    chain = policies.load("credit-high-risk").approval.chain
    assert [(step.role, step.quorum) for step in chain] == [
        ("validator", 1),
        ("compliance_reviewer", 2),
        ("risk_officer", 1),
    ]


@pytest.mark.parametrize(("days", "verdict", "effect"), [(180, "pass", "none"), (181, "stale", "block")])
def test_hiring_policy_takes_no_audit_that_would_be_older_than_a_year_in_use(
    days: int, verdict: str, effect: str
) -> None:
    then = NOW - timedelta(days=days)
    audit = [group("SEX", name, 0.95, 0.9, 1.0) for name in ("1", "2")]
    audit = [dataclasses.replace(one, produced_at=then) for one in audit]
    given = facts(*audit, policy_effective_from=then - timedelta(days=1))
    found = evaluate.evaluate(policies.load("nyc-ll144"), given).results[1]
    assert (found.gate_id, found.verdict, found.effect) == ("audit.impact_ratio.sex", verdict, effect)


def test_hiring_policy_without_an_audit_of_the_intersections_blocks() -> None:
    audit = [item for item in CENSUS if item.attribute != "SEX+RAC1P"]
    found = evaluate.evaluate(policies.load("nyc-ll144"), facts(*audit))
    assert [gate.gate_id for gate in found.blocking] == ["audit.impact_ratio.sex_and_race"]


def test_hiring_policy_on_a_low_ratio_goes_before_a_person() -> None:
    found = evaluate.evaluate(policies.load("nyc-ll144"), facts(*CENSUS))
    assert (found.verdict, [gate.gate_id for gate in found.to_review]) == (
        "ready",
        ["audit.impact_ratio.race", "audit.impact_ratio.sex_and_race"],
    )


def test_hiring_policy_has_an_auditor_of_another_team_and_ends_within_the_audit_s_year() -> None:
    policy = policies.load("nyc-ll144")
    assert policy.approval.chain[0] == Step("validator", 1, "bias_audit", "P20D")
    assert Separation(not_same_team=("model.trainer", "validator")) in policy.approval.separation_of_duties
    ages = {gate.max_age_days for gate in policy.gates if gate.evidence.kind == "fairness"}
    assert (ages, policy.approval.valid_for, policy.approval.on_end) == ({180}, "P6M", "stop")


def test_hiring_policy_governs_systems_held_to_the_law() -> None:
    answers = [
        evaluate.applies(policies.load("nyc-ll144"), {"system": {"regimes": {"nyc_ll144": held}}}, NOW)
        for held in (True, False)
    ]
    assert answers == [Answer(True), Answer(False)]


def test_ready_policies_have_the_stricter_before_the_others() -> None:
    order = sorted(policies.names(), key=lambda name: policies.load(name).precedence)
    assert order == ["minimal", "limited", "high-risk", "credit-high-risk", "nyc-ll144"]
