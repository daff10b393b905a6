"""The pages of people and roles: where the second of two people agrees."""

import pytest
from django.core.cache import cache

from registry.models import Grant, User
from registry.roles import Role
from registry.services import factor_resets, factors, people
from tests import desks, factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> User:
    cache.clear()
    return factories.person()


@pytest.fixture
def waiting(account: User) -> Grant:
    return people.grant(account, Role.VALIDATOR, actor=acting(factories.person(Role.PLATFORM_ADMIN)))


def test_role_is_confirmed_on_its_page_by_a_risk_officer(waiting: Grant) -> None:
    client, page = desks.at(factories.person(Role.RISK_OFFICER)), desks.page(waiting)
    assert "Confirm the role" in client.get(page).content.decode()
    assert client.post(page.replace("/change/", "/confirm/")).status_code == 302
    assert recorded.fresh(waiting).pending is False
    assert "Confirm the role" not in client.get(page).content.decode()


def test_role_is_not_confirmed_by_a_reviewer(waiting: Grant) -> None:
    client, page = desks.reader(), desks.page(waiting)
    assert "Confirm the role" not in client.get(page).content.decode()
    assert client.post(page.replace("/change/", "/confirm/")).status_code == 403
    assert recorded.fresh(waiting).pending is True


def test_reset_is_agreed_to_on_the_persons_page(account: User) -> None:
    factories.credentials(account)
    client, page = desks.at(factories.person(Role.RISK_OFFICER)), desks.page(account)
    assert "Agree to reset" not in client.get(page).content.decode()
    factor_resets.ask(account, actor=acting(factories.person(Role.PLATFORM_ADMIN)), reason="Lost.")
    assert "Agree to reset" in client.get(page).content.decode()
    assert client.post(page.replace("/change/", "/agree_to_reset/"), {"reason": "I spoke to her."}).status_code == 302
    assert factors.active(account) is None
