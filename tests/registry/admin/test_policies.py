"""Policies: read as they were written, made effective by a second person."""

import pytest

from registry.models import PolicyVersion, User
from registry.roles import Role
from registry.services import policies
from tests import desks, factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


def draft(author: User) -> PolicyVersion:
    return policies.propose(houses.policy_document(factories.name("policy")), actor=acting(author))


def test_page_shows_the_policy_as_people_write_it() -> None:
    policy = draft(factories.person(Role.POLICY_ADMIN))
    shown = desks.reader().get(desks.page(policy)).content.decode()
    assert f"apiVersion: governance/v1\nkind: PromotionPolicy\nmetadata:\n  name: {policy.name}\n  version: 1" in shown
    assert "An approval holds for 12 months." in shown


def test_second_person_makes_it_effective() -> None:
    policy = draft(factories.person(Role.POLICY_ADMIN))
    desks.at(factories.person(Role.RISK_OFFICER)).post(desks.page(policy, "approve"), {"reason": "It fits."})
    assert recorded.fresh(policy).state == "effective"
    assert recorded.sealed(policy) == {"reason": "It fits."}


def test_author_s_own_approval_is_refused_on_record() -> None:
    author = factories.person(Role.POLICY_ADMIN, Role.RISK_OFFICER)
    policy = draft(author)
    answer = desks.at(author).post(desks.page(policy, "approve"), {"reason": "It fits."})
    assert (answer.status_code, recorded.fresh(policy).state) == (409, "draft")
    assert recorded.newest(policy)["event"] == "policy.approval_refused"
