"""The ready policies."""

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


def test_names_of_ready_policies_are_the_risk_tiers() -> None:
    assert policies.names() == ("high-risk", "limited", "minimal")


@pytest.mark.parametrize("name", policies.names())
def test_ready_policy_is_accepted_and_explains_every_gate(name: str) -> None:
    policy = policies.load(name)
    assert [gate.id for gate in policy.gates if not (gate.rationale and gate.clause)] == []
    assert policy.description != ""


def test_text_of_an_unknown_policy_names_the_known() -> None:
    with pytest.raises(KeyError, match=r"There is no ready policy '\.\./x'; there are high-risk, limited, minimal"):
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
    found = evaluate.evaluate(policies.load("high-risk"), facts(*CENSUS))
    assert [(gate.gate_id, gate.verdict, gate.effect) for gate in found.results] == [
        ("data.contract", "pass", "none"),
        ("perf.auc.floor", "pass", "none"),
        ("perf.auc.noninferior", "skipped", "none"),
        ("fair.impact_ratio.sex", "pass", "none"),
        ("fair.impact_ratio.race", "inconclusive", "review"),
        ("fair.impact_ratio.sex_and_race", "fail", "review"),
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
