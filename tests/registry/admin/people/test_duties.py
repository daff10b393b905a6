"""Delegations and subscriptions: made, ended, paused and resumed on their pages."""

import pytest
from django.urls import reverse

from registry.models import Delegation, Subscription, User
from registry.roles import Role
from tests import desks, factories, recorded
from tests.houses import House
from tests.registry.admin import forms

ADD = reverse("admin:registry_delegation_add")


@pytest.fixture
def deputy(house: House) -> User:
    return factories.person(Role.DPO, system=house.system, team="privacy")


def asked(house: House, deputy: User, **changes: str) -> dict[str, str]:
    return {
        "delegate": str(deputy.pk),
        "role": "validator",
        "system": str(house.system.pk),
        "starts_at": forms.in_days(0),
        "ends_at": forms.in_days(14),
        "reason": "Away.",
        **changes,
    }


def test_delegation_is_made_and_ended_by_who_made_it(house: House, deputy: User) -> None:
    desk = desks.at(house.validator)
    answer = desk.post(ADD, asked(house, deputy), follow=True)
    made = Delegation.objects.get()
    assert (answer.status_code, made.delegate, made.role, made.system) == (200, deputy, "validator", house.system)
    assert desk.post(desks.page(made, "revoke")).status_code == 302
    assert recorded.fresh(made).revoked_at is not None


def test_delegation_for_too_long_is_refused_and_keeps_what_was_typed(house: House, deputy: User) -> None:
    answer = desks.at(house.validator).post(ADD, asked(house, deputy, ends_at=forms.in_days(200)))
    assert (answer.status_code, Delegation.objects.count()) == (422, 0)
    assert ">Away.</textarea>" in answer.content.decode()


def test_delegation_is_not_for_who_signs_nothing(house: House, deputy: User) -> None:
    assert desks.at(house.engineer).get(ADD).status_code == 403
    assert desks.at(house.engineer).post(ADD, asked(house, deputy)).status_code == 403


def test_delegation_of_another_system_does_not_exist(house: House, deputy: User) -> None:
    desks.at(house.validator).post(ADD, asked(house, deputy))
    made, stranger = Delegation.objects.get(), factories.person(Role.VALIDATOR, system=factories.system())
    assert desks.at(stranger).get(desks.page(made)).status_code == 404
    assert desks.at(stranger).post(desks.page(made, "revoke")).status_code == 404


def test_delegation_is_not_ended_by_a_third_person(house: House, deputy: User) -> None:
    desks.at(house.validator).post(ADD, asked(house, deputy))
    made = Delegation.objects.get()
    assert forms.offered(house.reviewer, made) == []
    assert forms.post(house.reviewer, made, "revoke").status_code == 403


@pytest.mark.django_db
def test_subscription_is_paused_and_resumed_by_an_operator() -> None:
    desks.subscribed()
    row, operator = Subscription.objects.get(), factories.person(Role.OPERATOR)
    assert forms.offered(operator, row) == ["pause"]
    forms.post(operator, row, "pause")
    assert (recorded.fresh(row).state, forms.offered(operator, row)) == ("paused", ["resume"])
    forms.post(operator, row, "resume")
    assert recorded.fresh(row).state == "active"


@pytest.mark.django_db
def test_subscription_is_not_paused_by_a_reviewer() -> None:
    desks.subscribed()
    row, reviewer = Subscription.objects.get(), factories.person(Role.COMPLIANCE_REVIEWER)
    assert forms.offered(reviewer, row) == []
    assert forms.post(reviewer, row, "pause").status_code == 403
