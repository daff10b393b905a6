"""Rules of alerts: written and changed by those who may do by hand what the rule does, on record either way."""

from typing import Any

import pytest

from audit import rows
from monitoring.models import AlertRule
from monitoring.services.alerts import rules
from registry.errors import AlreadyExists, Invalid, NotPermitted, RevisionMismatch
from registry.models import User
from tests import factories, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.alerts import make


def written(house: House, by: User, *actions: str) -> AlertRule:
    return rules.create(house.system, name="rule", terms={"actions": list(actions)}, actor=acting(by))


def test_rule_is_on_record_with_what_it_says(house: House) -> None:
    rule = make.rule(house, "notify", "retrain", kinds=["drift"], in_a_row=3)
    told = recorded.newest(rule)
    assert (told["event"], told["row"]) == ("alert_rule.created", rows.digest(recorded.fresh(rule)))
    assert told["data"] == {
        "system": str(house.system.pk),
        "slot": None,
        "kinds": ["drift"],
        "in_a_row": 3,
        "actions": ["notify", "retrain"],
        "escalate_to": [],
    }


@pytest.mark.parametrize("action", ["hold", "roll_back"])
def test_engineer_writes_no_rule_that_does_what_they_may_not(house: House, action: str) -> None:
    with pytest.raises(NotPermitted):
        written(house, house.engineer, "notify", action)
    told = recorded.newest(house.system)
    assert (AlertRule.objects.count(), told["event"], told["data"]) == (
        0,
        "alert_rule.refused",
        {"rule": "NotPermitted"},
    )


@pytest.mark.parametrize("action", ["notify", "incident", "retrain"])
def test_engineer_writes_rules_that_stop_nothing(house: House, action: str) -> None:
    rule = written(house, house.engineer, action)
    assert (rule.created_by, rule.changed_by) == (house.engineer, house.engineer)


def test_validator_writes_no_rule_at_all(house: House) -> None:
    with pytest.raises(NotPermitted):
        written(house, house.validator, "notify")


@pytest.mark.parametrize(
    ("terms", "pointer"),
    [
        ({"actions": []}, "/actions"),
        ({"actions": ["dance"]}, "/actions/0"),
        ({"actions": ["notify", "notify"]}, "/actions/1"),
        ({"kinds": ["mood"]}, "/kinds/0"),
        ({"in_a_row": 0}, "/in_a_row"),
        ({"least_impact": -0.1}, "/least_impact"),
        ({"least_impact": float("nan")}, "/least_impact"),
        ({"escalate_to": ["owner"]}, "/escalate_after_minutes"),
        ({"escalate_after_minutes": 5}, "/escalate_after_minutes"),
        ({"escalate_to": ["owner"], "escalate_after_minutes": 0}, "/escalate_after_minutes"),
        ({"escalate_to": ["caller"], "escalate_after_minutes": 5}, "/escalate_to/0"),
    ],
)
def test_rule_that_cannot_be_used_names_the_place(house: House, terms: dict[str, Any], pointer: str) -> None:
    given = {"actions": ["notify"], **terms}
    with pytest.raises(Invalid) as caught:
        rules.create(house.system, name="rule", terms=given, actor=acting(house.operator))
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def test_rule_for_a_slot_of_another_system_is_refused(house: House) -> None:
    slot = factories.slot(factories.system())
    with pytest.raises(Invalid):
        rules.create(house.system, name="x", slot=slot, terms={"actions": ["notify"]}, actor=acting(house.operator))


def test_rule_under_a_taken_name_is_refused(house: House) -> None:
    written(house, house.operator, "notify")
    with pytest.raises(AlreadyExists):
        written(house, house.operator, "hold")


def test_change_is_on_record_and_whoever_makes_it_answers_for_the_rule(house: House) -> None:
    rule = written(house, house.engineer, "notify")
    changed = rules.change(rule, changes={"actions": ["hold"]}, revision=1, actor=acting(house.operator))
    assert (changed.created_by, changed.changed_by, changed.revision) == (house.engineer, house.operator, 2)
    assert recorded.newest(rule)["data"] == {
        "changed": ["actions"],
        "enabled": True,
        "actions": ["hold"],
        "revision": 2,
    }


def test_change_by_who_may_not_do_what_the_rule_does_already_is_refused_on_record(house: House) -> None:
    rule = written(house, house.operator, "hold")
    with pytest.raises(NotPermitted):
        rules.change(rule, changes={"in_a_row": 5}, revision=1, actor=acting(house.engineer))
    assert (recorded.newest(rule)["event"], recorded.fresh(rule).in_a_row) == ("alert_rule.refused", 1)


def test_change_of_an_older_revision_is_refused(house: House) -> None:
    rule = written(house, house.operator, "notify")
    with pytest.raises(RevisionMismatch):
        rules.change(rule, changes={"enabled": False}, revision=7, actor=acting(house.operator))
