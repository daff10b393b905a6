"""Policies: read as they were written, made effective by a second person."""

import pytest

from registry.models import PolicyVersion, User
from registry.roles import Role
from registry.services.policies import policies
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


def signing(account: User) -> dict[str, str]:
    """What the signing form sends."""
    return {"reason": "It fits.", "password": factories.PASSWORD, "code": factories.code(account)}


def test_draft_is_tried_on_the_past_and_a_second_person_makes_it_effective() -> None:
    policy, officer = draft(factories.person(Role.POLICY_ADMIN)), factories.person(Role.RISK_OFFICER)
    desk = desks.at(officer)
    desk.post(desks.page(policy, "simulate"))
    assert recorded.fresh(policy).state == "simulated"
    desk.post(desks.page(policy, "approve"), signing(officer))
    assert (recorded.fresh(policy).state, recorded.newest(policy)["event"]) == ("effective", "policy.took_effect")


def test_author_s_own_approval_is_refused_on_record() -> None:
    author = factories.person(Role.POLICY_ADMIN, Role.RISK_OFFICER)
    policy, desk = draft(author), desks.at(author)
    answer = desk.post(desks.page(policy, "approve"), signing(author))
    assert (answer.status_code, recorded.fresh(policy).state) == (409, "draft")
    assert recorded.newest(policy)["event"] == "policy.approval_refused"
