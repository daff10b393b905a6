"""Every reason not to judge a figure."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from registry.gates import evaluate
from registry.gates.facts import Evidence, Facts
from tests.registry.gates.make import CONTRACT, FLOOR, NOW, SUBJECTS, auc, contract, facts, policy

DATED = FLOOR | {"max_age_days": 30, "min_n": 400}
PAIRED = FLOOR | {"evidence": {"kind": "comparison", "metric": "roc_auc", "against": "champion", "paired": True}}
ABOUT = "ROC AUC on holdout"


def said(gate: dict[str, Any], given: Facts) -> tuple[str, str]:
    found = evaluate.evaluate(policy(gate), given).results[0]
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("item", "verdict", "finding"),
    [
        (auc(subjects={"dataset": "d1"}), "not_evaluable", "is not bound to the digest of the artifact under decision"),
        (
            auc(subjects={"artifact": "a2", "dataset": "d1"}),
            "stale",
            "was measured with another artifact than the request names",
        ),
        (
            auc(subjects={"artifact": "a2", "dataset": "d2"}),
            "stale",
            "was measured with another artifact and another dataset than the request names",
        ),
        (
            auc(produced_at=NOW + timedelta(hours=1)),
            "not_evaluable",
            "is dated in the future (2026-03-31T13:00:00+00:00)",
        ),
        (auc(n=399), "not_evaluable", "rests on n = 399; the policy asks for at least 400"),
        (auc(n=None), "not_evaluable", "does not state its n; the policy asks for at least 400"),
        (auc(value=None), "not_evaluable", "has no value"),
        (auc(value=float("nan")), "not_evaluable", "has no value"),
        (auc(low=None), "not_evaluable", "has no interval, and the gate judges the interval"),
        (auc(high=float("nan"), value=0.9), "not_evaluable", "has no interval, and the gate judges the interval"),
        (auc(0.9, 0.8), "not_evaluable", "has no interval, and the gate judges the interval"),
        (
            auc(confidence=0.9),
            "not_evaluable",
            "has an interval of 90 % confidence; the policy asks for 95 %",
        ),
        (
            auc(confidence=None),
            "not_evaluable",
            "has an interval of no stated confidence; the policy asks for 95 %",
        ),
    ],
)
def test_figure_with_an_obstacle_is_not_judged_and_says_why(item: Evidence, verdict: str, finding: str) -> None:
    assert said(DATED, facts(item)) == (verdict, f"{ABOUT} {finding}: this blocks.")


@pytest.mark.parametrize("item", [auc(confidence=0.99), auc(n=400), auc(produced_at=NOW + timedelta(minutes=4))])
def test_figure_just_within_the_rules_is_judged(item: Evidence) -> None:
    assert said(DATED, facts(item))[0] == "pass"


@pytest.mark.parametrize(("age", "verdict"), [(timedelta(days=30), "pass"), (timedelta(days=30, seconds=1), "stale")])
def test_figure_older_than_the_policy_accepts_is_stale(age: timedelta, verdict: str) -> None:
    long_ago = NOW - timedelta(days=99)
    found = said(DATED, facts(auc(produced_at=NOW - age), policy_effective_from=long_ago))
    stale = f"{ABOUT} is 30 days old; the policy accepts 30: this blocks."
    assert found[0] == verdict
    assert (found[1] == stale) is (verdict == "stale")


def test_figure_tested_before_the_policy_took_effect_is_not_evaluable() -> None:
    effective = NOW - timedelta(hours=1)
    assert said(FLOOR, facts(auc(), policy_effective_from=effective)) == (
        "not_evaluable",
        "ROC AUC on holdout was tested at 2026-03-30T12:00:00+00:00, before the policy took effect at "
        "2026-03-31T11:00:00+00:00; a threshold must be older than the test that meets it, so test again: this blocks.",
    )


def test_figure_whose_test_began_before_the_policy_took_effect_is_not_evaluable() -> None:
    item = auc(started_at=NOW - timedelta(days=11))
    assert said(FLOOR, facts(item))[0] == "not_evaluable"


def test_figure_tested_before_the_policy_passes_if_the_policy_says_so() -> None:
    gate = FLOOR | {"preregistered": False}
    assert said(gate, facts(auc(), policy_effective_from=NOW))[0] == "pass"


def test_figure_on_another_dataset_passes_if_the_policy_says_so() -> None:
    gate = FLOOR | {"same_dataset_digest": False}
    assert said(gate, facts(auc(subjects={"artifact": "a1", "dataset": "d2"})))[0] == "pass"


def test_figure_of_a_request_without_an_artifact_is_not_evaluable() -> None:
    assert said(FLOOR, facts(auc(), subjects={"dataset": "d1"}))[0] == "not_evaluable"


def test_contract_check_is_about_the_dataset_and_needs_no_artifact() -> None:
    found = Evidence("c", "contract_check", NOW, {"dataset": "d1"}, fields={"verdict": "pass"})
    assert said(CONTRACT, facts(found, subjects={"dataset": "d1"}))[0] == "pass"


def test_contract_check_of_another_dataset_is_stale() -> None:
    assert said(CONTRACT, facts(contract("pass"), subjects=SUBJECTS | {"dataset": "d2"})) == (
        "stale",
        "Contract check was measured with another dataset than the request names: this blocks.",
    )


@pytest.mark.parametrize(("fields", "verdict"), [({"paired": True}, "pass"), ({}, "not_evaluable")])
def test_comparison_asked_to_be_paired_must_say_so(fields: dict[str, Any], verdict: str) -> None:
    item = auc(kind="comparison", against="champion", fields=fields)
    assert said(PAIRED, facts(item))[0] == verdict


def test_comparison_with_a_former_champion_is_stale() -> None:
    item = auc(kind="comparison", against="champion", fields={"paired": True}, subjects=SUBJECTS | {"against": "old"})
    assert said(PAIRED, facts(item, subjects=SUBJECTS | {"against": "new"})) == (
        "stale",
        "ROC AUC minus that of the champion on holdout "
        "was measured with another champion than the request names: this blocks.",
    )


def test_facts_without_a_time_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone; times are aware and UTC"):
        facts(now=datetime(2026, 1, 1))


@pytest.mark.parametrize(("later", "verdict"), [(timedelta(0), "pass"), (timedelta(seconds=1), "not_evaluable")])
def test_threshold_as_old_as_the_test_that_meets_it_counts_and_a_younger_does_not(
    later: timedelta, verdict: str
) -> None:
    began = NOW - timedelta(days=2)
    given = facts(auc(started_at=began), policy_effective_from=began + later)
    assert said(FLOOR, given)[0] == verdict


@pytest.mark.parametrize(("low", "verdict"), [(-0.005, "pass"), (-0.0051, "inconclusive")])
def test_comparison_at_its_margin_is_not_inferior(low: float, verdict: str) -> None:
    gate = PAIRED | {"require": FLOOR["require"] | {"value": -0.005}}
    item = auc(low, 0.01, kind="comparison", against="champion", fields={"paired": True})
    assert said(gate, facts(item))[0] == verdict


def test_comparison_of_a_request_that_has_no_champion_is_not_evaluable() -> None:
    item = auc(kind="comparison", against="champion", fields={"paired": True}, subjects=SUBJECTS | {"against": "any"})
    assert said(PAIRED, facts(item)) == (
        "not_evaluable",
        "ROC AUC minus that of the champion on holdout names what it was compared with, and the request has nothing to "
        "compare with: this blocks.",
    )


def test_figure_measured_until_it_fits_says_how_often_and_the_worst() -> None:
    before = auc(0.50, 0.60, id="e0", produced_at=NOW - timedelta(days=2))
    verdict, reason = said(FLOOR, facts(before, auc()))
    assert verdict == "pass"
    assert reason.endswith(" It is the newest of 2 measurements; the worst of them is 0.55.")


def test_figure_measured_again_on_other_data_says_nothing_of_it() -> None:
    other = auc(0.50, 0.60, id="e0", produced_at=NOW - timedelta(days=2), subjects=SUBJECTS | {"dataset": "other"})
    assert said(FLOOR, facts(other, auc())) == said(FLOOR, facts(auc()))
