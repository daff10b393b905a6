"""Gates over groups: the worst speaks, the small are listed, the missing are not passed over."""

from typing import Any

from registry.gates import evaluate
from registry.gates.facts import Evidence
from registry.gates.results import GateResult, Judgement
from tests.registry.gates.make import NOW, RACE, auc, facts, policy, ratio

WHITE = ratio("1", 1.0, 1.0, 1.0, n=4000)
BLACK = ratio("2", 0.836, 0.81, 0.862, n=400)
TWO_OR_MORE = ratio("9", 0.78, 0.70, 0.86)


def result(*evidence: Evidence, gate: dict[str, Any] = RACE, **changes: Any) -> GateResult:
    return evaluate.evaluate(policy(gate), facts(*evidence, **changes)).results[0]


def test_gate_over_groups_all_passing_names_the_lowest() -> None:
    found = result(WHITE, BLACK)
    assert (found.verdict, found.effect, found.group, found.value) == ("pass", "none", "2", 0.836)
    assert found.reason == (
        "Impact ratio of RAC1P group 2 is 0.84 [0.81, 0.86], n = 400; the whole interval is at or above 0.80. "
        "2 groups pass."
    )


def test_gate_over_groups_with_an_unclear_one_is_inconclusive_and_keeps_every_group() -> None:
    sentence = "Impact ratio of RAC1P group 9 is 0.78 [0.70, 0.86], n = 214; the interval straddles 0.80"
    assert result(WHITE, TWO_OR_MORE) == GateResult(
        gate_id="fair.race",
        verdict="inconclusive",
        effect="review",
        reason=f"{sentence}: a person decides. 1 group is inconclusive, 1 passes.",
        threshold="95 % lower bound >= 0.80, all groups together",
        evidence_ids=("r1", "r9"),
        value=0.78,
        low=0.70,
        high=0.86,
        n=214,
        group="9",
        details=(
            Judgement(
                "pass",
                "none",
                "Impact ratio of RAC1P group 1 is 1.00 [1.00, 1.00], n = 4,000; the whole interval is at or above 0.80",
                "1",
                1.0,
                1.0,
                1.0,
                4000,
                None,
                "r1",
            ),
            Judgement("inconclusive", "review", sentence, "9", 0.78, 0.70, 0.86, 214, None, "r9"),
        ),
    )


def test_gate_over_groups_with_two_failing_names_the_worse() -> None:
    found = result(WHITE, ratio("6", 0.7, 0.65, 0.75), ratio("8", 0.6, 0.55, 0.65), TWO_OR_MORE)
    assert (found.verdict, found.effect, found.group) == ("fail", "block", "8")
    assert found.reason.endswith("this blocks. 2 groups fail, 1 is inconclusive, 1 passes.")


def test_gate_over_groups_with_an_upper_bound_names_the_highest() -> None:
    gate = RACE | {"require": {"bound": "upper", "confidence": 0.95, "op": "<=", "value": 0.5}}
    assert result(BLACK, TWO_OR_MORE, gate=gate).group == "2"


def test_group_below_the_share_of_the_policy_is_listed_not_judged() -> None:
    small = ratio("7", 0.1, 0.05, 0.2, fields={"share": 0.008})
    found = result(WHITE, small)
    assert (found.verdict, found.effect) == ("pass", "none")
    assert found.reason.endswith("1 group passes, 1 is skipped.")
    assert found.details[1] == Judgement(
        "skipped", "none", "Group 7 is 0.8 % of all: listed, not judged", "7", 0.1, 0.05, 0.2, 214, 0.008, "r7"
    )


def test_group_of_exactly_the_share_of_the_policy_is_judged() -> None:
    assert result(WHITE, ratio("7", 0.1, 0.05, 0.2, fields={"share": 0.02})).verdict == "fail"


def test_group_marked_excluded_above_the_share_of_the_policy_is_judged() -> None:
    marked = ratio("8", 0.6, 0.55, 0.65, excluded=True, fields={"share": 0.03})
    assert result(WHITE, marked).verdict == "fail"


def test_group_marked_excluded_without_a_share_is_not_judged() -> None:
    marked = ratio("8", 0.6, 0.55, 0.65, excluded=True)
    assert result(WHITE, marked).details[1].finding == "Group 8 is too small a share of all: listed, not judged"


def test_group_marked_excluded_under_a_policy_that_excludes_none_is_judged() -> None:
    gate = RACE | {"evidence": {"kind": "fairness", "metric": "impact_ratio", "attribute": "RAC1P"}}
    assert result(WHITE, ratio("8", 0.6, 0.55, 0.65, excluded=True), gate=gate).verdict == "fail"


def test_gate_over_groups_all_too_small_is_not_evaluable() -> None:
    found = result(ratio("7", 0.1, 0.05, 0.2, fields={"share": 0.008}))
    assert (found.verdict, found.effect) == ("not_evaluable", "block")
    assert found.reason == "No group of RAC1P is large enough to judge: this blocks."


def test_group_with_too_few_people_cannot_be_judged_and_says_n() -> None:
    found = result(WHITE, ratio("5", 0.9, 0.85, 0.95, n=12))
    assert (found.verdict, found.effect, found.group) == ("not_evaluable", "block", "5")
    assert found.reason == (
        "Impact ratio of RAC1P group 5 rests on n = 12; the policy asks for at least 30: this blocks. "
        "1 group cannot be judged, 1 passes."
    )


def test_group_known_to_the_data_without_evidence_is_not_passed_over() -> None:
    found = result(WHITE, groups={"RAC1P": ("1", "2")})
    assert (found.verdict, found.effect, found.group) == ("not_evaluable", "block", "2")
    assert found.details[1].finding == "There is no evidence for RAC1P group 2, which the data holds"


def test_gate_over_groups_takes_the_strictest_effect_of_any_group() -> None:
    gate = RACE | {"on_fail": "review", "on_not_evaluable": "block"}
    found = result(ratio("6", 0.7, 0.65, 0.75), ratio("5", 0.9, 0.85, 0.95, n=12), gate=gate)
    assert (found.verdict, found.effect, found.group) == ("fail", "block", "6")


def test_gate_over_groups_ignores_other_attributes_and_the_whole() -> None:
    other = ratio("1", 0.1, 0.05, 0.2, id="sex", attribute="SEX")
    whole = auc(0.1, 0.2, id="whole", kind="fairness", metric="impact_ratio", attribute="RAC1P")
    assert result(WHITE, other, whole).evidence_ids == ("r1",)


def test_gate_over_groups_judges_the_newest_of_each_group() -> None:
    newer = ratio("2", 0.9, 0.85, 0.95, id="newer", produced_at=NOW)
    assert result(WHITE, BLACK, newer).evidence_ids == ("r1", "newer")
