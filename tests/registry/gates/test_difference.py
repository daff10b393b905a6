"""What a policy asks more or less than another."""

from typing import Any

import pytest

from registry.gates import difference, policies
from tests.registry.gates.make import CONTRACT, FLOOR, RACE, document, policy

BOUND = FLOOR["require"]
WAIVABLE = {"by": ["risk_officer"], "max_days": 90}
WHERE = {"field": "model.risk_tier", "eq": "high"}


def told(old: dict[str, Any], new: dict[str, Any], **parts: Any) -> list[tuple[str, str]]:
    """Path and direction of what differs between two policies of one gate."""
    return [(one.path, one.direction) for one in difference.compare(policy(old), policy(new, **parts))]


def approved(**changes: Any) -> list[tuple[str, str]]:
    old = document()["approval"]
    return told(FLOOR, FLOOR, approval=old | changes)


def test_policy_like_itself_has_no_difference() -> None:
    found = [difference.compare(policies.load(name), policies.load(name)) for name in policies.names()]
    assert found == [[]] * len(policies.names())


@pytest.mark.parametrize(
    ("base", "changes", "field"),
    [
        (FLOOR, {"require": BOUND | {"value": 0.85}}, "require"),
        (FLOOR, {"require": BOUND | {"confidence": 0.99}}, "require"),
        (FLOOR, {"require": BOUND | {"op": ">"}}, "require"),
        (FLOOR, {"on_inconclusive": "block"}, "on_inconclusive"),
        (FLOOR, {"min_n": 400}, "min_n"),
        (FLOOR, {"max_age_days": 30}, "max_age_days"),
        (FLOOR | {"min_n": 100}, {"min_n": 400}, "min_n"),
        (FLOOR | {"max_age_days": 30}, {"max_age_days": 10}, "max_age_days"),
        (FLOOR | {"preregistered": False}, {"preregistered": True}, "preregistered"),
        (FLOOR | {"waivable": WAIVABLE}, {"waivable": False}, "waivable"),
        (FLOOR | {"waivable": WAIVABLE}, {"waivable": WAIVABLE | {"max_days": 30}}, "waivable.max_days"),
        (FLOOR | {"waivable": WAIVABLE}, {"waivable": WAIVABLE | {"needs": ["rationale"]}}, "waivable.needs"),
        (
            FLOOR | {"waivable": WAIVABLE | {"by": ["risk_officer", "dpo"]}},
            {"waivable": WAIVABLE},
            "waivable.by",
        ),
        (CONTRACT, {"require": {"field": "verdict", "eq": "pass"}}, "require"),
        (RACE, {"family": "simultaneous"}, "family"),
        (RACE | {"family": "none"}, {"family": "bonferroni"}, "family"),
        (RACE, {"evidence": RACE["evidence"] | {"exclude_below_share": 0.01}}, "evidence.exclude_below_share"),
    ],
)
def test_gate_that_asks_more_is_stricter_and_back_again_looser(
    base: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    path = f"{base['id']}.{field}"
    assert told(base, base | changes) == [(path, "stricter")]
    assert told(base | changes, base) == [(path, "looser")]


def test_gate_for_which_less_is_better_is_stricter_where_its_ceiling_falls() -> None:
    ceiling = {"bound": "upper", "confidence": 0.95, "op": "<=", "value": 0.2}
    old, new = (FLOOR | {"require": ceiling | {"value": value}} for value in (0.2, 0.1))
    assert told(old, new) == [("perf.auc.floor.require", "stricter")]


def test_threshold_that_moves_both_ways_is_changed() -> None:
    new = FLOOR | {"require": BOUND | {"value": 0.9, "confidence": 0.9}}
    assert told(FLOOR, new) == [("perf.auc.floor.require", "changed")]


def test_gate_judged_by_its_interval_and_no_longer_by_its_value_is_stricter() -> None:
    point = FLOOR | {"require": {"bound": "point", "op": ">=", "value": 0.8}}
    (found,) = difference.compare(policy(point), policy(FLOOR))
    assert (found.direction, found.detail) == ("stricter", "value >= 0.80 became 95 % lower bound >= 0.80.")


def test_gate_that_is_new_is_stricter_and_one_that_is_gone_looser() -> None:
    old, new = policy(FLOOR), policy(CONTRACT)
    assert [(one.path, one.direction, one.detail) for one in difference.compare(old, new)] == [
        ("data.contract", "stricter", "The gate is new: contract check, verdict is pass or warn."),
        ("perf.auc.floor", "looser", "The gate is gone: evaluation, roc_auc, on holdout, 95 % lower bound >= 0.80."),
    ]


def test_gate_that_is_skipped_where_it_was_judged_is_looser() -> None:
    (found,) = difference.compare(policy(FLOOR), policy(FLOOR | {"skip_when": WHERE}))
    assert (found.direction, found.detail) == ("looser", "never became model.risk_tier is high.")


STEP = document()["approval"]["chain"][0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valid_for": "P6M"}, [("approval.valid_for", "stricter")]),
        ({"valid_for": "P24M"}, [("approval.valid_for", "looser")]),
        ({"review_every": "P6M"}, [("approval.review_every", "stricter")]),
        ({"lapses_after": "P30D"}, [("approval.lapses_after", "stricter")]),
        ({"re_review_within": "P30D"}, [("approval.re_review_within", "looser")]),
        ({"on_end": "stop"}, [("approval.on_end", "stricter")]),
        ({"reauthenticate": "session"}, [("approval.reauthenticate", "looser")]),
        ({"chain": [STEP | {"quorum": 2}]}, [("approval.chain validator (independent_validation)", "stricter")]),
        ({"stale_when": ["artifact_digest"]}, [("approval.stale_when", "looser")] * 3),
        (
            {"separation_of_duties": [{"not_same_team": ["model.trainer", "validator"]}]},
            [("approval.separation_of_duties", "stricter")],
        ),
    ],
)
def test_approval_that_differs_says_which_way(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert approved(**changes) == expected


def test_plan_of_changes_is_stricter_than_none_and_looser_the_more_it_foresees() -> None:
    small, large = ({"classes": classes} for classes in (["initial"], ["initial", "data"]))
    assert told(FLOOR, FLOOR, change_plan=small) == [("change_plan", "stricter")]
    found = difference.compare(policy(change_plan=small), policy(change_plan=large))
    assert [(one.path, one.direction) for one in found] == [("change_plan.classes", "looser")]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"applies_when": WHERE}, ("applies_when", "changed")),
        ({"rollout": {"canary": {"steps": [10, 100]}}}, ("rollout", "changed")),
        ({"monitoring": [{"id": "drift", "test": "psi", "cadence": "P1D"}]}, ("monitoring", "changed")),
        ({"retention": {"prediction_log": "P12M"}}, ("retention.prediction_log", "stricter")),
    ],
)
def test_other_part_that_differs_is_told(part: dict[str, Any], expected: tuple[str, str]) -> None:
    assert told(FLOOR, FLOOR, **part) == [expected]
