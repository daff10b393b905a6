"""Rules of alerts on pages: made and changed by who sets up monitoring, read by others."""

import pytest
from django.urls import reverse

from monitoring.models import AlertRule
from registry.roles import Role
from tests import desks, factories, houses, recorded
from tests.houses import House
from tests.registry.admin import forms

pytestmark = pytest.mark.django_db
ADD = "admin:monitoring_alertrule_add"


@pytest.fixture
def house() -> House:
    return houses.build()


def made(house: House) -> AlertRule:
    given = {"system": str(house.system.pk), "name": "tell", "in_a_row": "2", "actions": ["notify", "hold"]}
    assert desks.at(house.operator).post(reverse(ADD), given).status_code == 302
    return AlertRule.objects.get()


def test_operator_makes_a_rule(house: House) -> None:
    rule = made(house)
    assert (rule.system, rule.slot, rule.in_a_row, rule.actions) == (house.system, None, 2, ["notify", "hold"])
    assert recorded.names(rule) == ["alert_rule.created"]


def test_operator_changes_a_rule(house: House) -> None:
    rule = made(house)
    forms.post(house.operator, rule, "edit", revision=1, name="tell", in_a_row="5", actions=["notify"], enabled="off")
    fresh = recorded.fresh(rule)
    assert (fresh.in_a_row, fresh.actions, fresh.enabled, fresh.revision) == (5, ["notify"], False, 2)


def test_rule_that_does_nothing_is_refused_and_asked_again(house: House) -> None:
    answer = desks.at(house.operator).post(reverse(ADD), {"system": str(house.system.pk), "name": "idle"})
    assert (answer.status_code, "The rule cannot be used." in answer.content.decode()) == (422, True)


def test_page_offers_only_systems_where_the_person_sets_up_monitoring(house: House) -> None:
    elsewhere = factories.system()
    shown = desks.at(house.operator).get(reverse(ADD)).content.decode()
    assert (house.system.name in shown, elsewhere.name in shown) == (True, False)


@pytest.mark.parametrize("role", [Role.COMPLIANCE_REVIEWER, Role.AUDITOR])
def test_reader_makes_and_changes_no_rule(house: House, role: Role) -> None:
    rule, reader = made(house), factories.person(role)
    assert desks.at(reader).get(reverse(ADD)).status_code == 403
    assert forms.offered(reader, rule) == []
