"""Gates over many groups: a confidence over all of them at once, or over one alone and said so."""

from datetime import timedelta
from typing import Any

import pytest

from registry.gates import evaluate
from registry.gates.facts import Evidence
from registry.gates.results import GateResult
from tests.registry.gates.make import NOW, RACE, facts, policy, ratio

NARROW = {"simultaneous": False}
BONFERRONI, SIMULTANEOUS, ALONE = (RACE | {"family": name} for name in ("bonferroni", "simultaneous", "none"))


def result(gate: dict[str, Any], *evidence: Evidence) -> GateResult:
    return evaluate.evaluate(policy(gate), facts(*evidence)).results[0]


def three(confidence: float, **changes: Any) -> list[Evidence]:
    """Three groups that pass, each with an interval of its own."""
    fields = {"fields": NARROW, "confidence": confidence} | changes
    return [ratio(name, 0.9, 0.85, 0.95, **fields) for name in ("1", "2", "3")]


def test_groups_with_intervals_that_hold_together_are_judged() -> None:
    joint = three(0.95, fields={"simultaneous": True, "family_size": 3})
    assert [result(gate, *joint).verdict for gate in (RACE, BONFERRONI, SIMULTANEOUS, ALONE)] == ["pass"] * 4


def test_groups_with_intervals_each_for_itself_cannot_be_judged_and_say_what_is_needed() -> None:
    found = result(RACE, *three(0.95))
    assert (found.verdict, found.effect) == ("not_evaluable", "block")
    assert found.reason == (
        "Impact ratio of RAC1P group 1 cannot be judged: the intervals of 3 groups of RAC1P hold together at 85 % "
        "only; the policy asks for 95 % over all of them at once: measure intervals that hold together at 95 %, or "
        "each at 98.34 %: this blocks. 3 groups cannot be judged."
    )


@pytest.mark.parametrize(
    ("confidence", "verdict"), [(1 - 0.05 / 3, "pass"), (0.9834, "pass"), (0.983, "not_evaluable")]
)
def test_groups_with_intervals_each_for_itself_need_a_third_of_the_error(confidence: float, verdict: str) -> None:
    assert result(BONFERRONI, *three(confidence)).verdict == verdict


def test_groups_of_a_family_that_must_be_simultaneous_take_no_others() -> None:
    found = result(SIMULTANEOUS, *three(0.999))
    assert (found.verdict, found.reason.partition("at once: ")[2]) == (
        "not_evaluable",
        "measure intervals that hold together at 95 %: this blocks. 3 groups cannot be judged.",
    )


def test_groups_of_no_family_are_judged_each_alone() -> None:
    found = result(ALONE, *three(0.95))
    assert (found.verdict, found.threshold) == ("pass", "95 % lower bound >= 0.80, each group alone")


def test_a_single_group_needs_no_correction() -> None:
    assert result(RACE, ratio("2", 0.9, 0.85, 0.95, fields=NARROW)).verdict == "pass"


def test_groups_too_small_to_judge_do_not_count() -> None:
    tiny = ratio("7", 0.1, 0.01, 0.9, fields=NARROW | {"share": 0.01})
    assert result(BONFERRONI, *three(0.984), tiny).verdict == "pass"


@pytest.mark.parametrize(
    "fields",
    [
        {"simultaneous": True, "family_size": 2},
        {"simultaneous": True, "family_size": None},
        {"simultaneous": True, "family_size": 3, "excluded": True},
    ],
)
def test_groups_outside_the_family_that_was_measured_do_not_hold_together(fields: dict[str, Any]) -> None:
    assert result(RACE, *three(0.95, fields=fields)).verdict == "not_evaluable"


def test_groups_of_two_measurements_add_up_their_errors() -> None:
    joint = {"simultaneous": True, "family_size": 3}
    later = NOW - timedelta(hours=1)
    mixed = [three(0.95, fields=joint)[0], *three(0.95, fields=joint, produced_at=later)[1:]]
    surer = [three(0.975, fields=joint)[0], *three(0.975, fields=joint, produced_at=later)[1:]]
    assert [result(RACE, *items).verdict for items in (mixed, surer)] == ["not_evaluable", "pass"]
    assert result(SIMULTANEOUS, *surer).verdict == "not_evaluable"


def test_groups_judged_by_their_value_need_no_intervals() -> None:
    point = RACE | {"require": {"bound": "point", "op": ">=", "value": 0.8}}
    found = result(point, *three(0.5))
    assert (found.verdict, found.threshold) == ("pass", "value >= 0.80")


ALSO_ALONE = {"alone_low": 0.81, "alone_high": 0.86}


@pytest.mark.parametrize(("gate", "verdict"), [(BONFERRONI, "inconclusive"), (ALONE, "pass")])
def test_group_with_both_intervals_is_judged_by_the_one_that_is_asked_for(gate: dict[str, Any], verdict: str) -> None:
    assert result(gate, ratio("2", 0.836, 0.79, 0.886, fields=ALSO_ALONE)).verdict == verdict


def test_gate_on_one_named_group_judges_it_alone() -> None:
    gate = {key: value for key, value in RACE.items() if key != "for_each"}
    gate |= {"evidence": {"kind": "fairness", "metric": "impact_ratio", "attribute": "RAC1P", "group": "2"}}
    found = result(gate, ratio("2", 0.836, 0.79, 0.886, fields=ALSO_ALONE), ratio("9", 0.5, 0.4, 0.6))
    assert (found.verdict, found.group, found.low, found.evidence_ids) == ("pass", "2", 0.81, ("r2",))


def test_people_of_unknown_category_are_listed_and_not_judged() -> None:
    unknown = ratio("unknown", 0.1, 0.05, 0.2, fields={"unknown": True, "share": 0.3})
    found = result(RACE, ratio("2", 0.9, 0.85, 0.95), unknown)
    assert (found.verdict, [one.verdict for one in found.details]) == ("pass", ["pass", "skipped"])
    assert found.details[1].finding == "Group unknown is of people whose category is not known: listed, not judged"


@pytest.mark.parametrize(("share", "excluded", "verdict"), [(0.02, False, "fail"), (0.02, True, "skipped")])
def test_group_of_exactly_the_smallest_share_is_judged_where_it_was_compared(
    share: float, excluded: bool, verdict: str
) -> None:
    edge = ratio("7", 0.1, 0.05, 0.2, excluded=excluded, fields={"share": share})
    assert result(RACE, ratio("2", 0.9, 0.85, 0.95), edge).details[1].verdict == verdict
