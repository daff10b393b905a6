"""Policies: proposed by one person, made effective by another."""

import pytest

from audit import rows
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted
from registry.gates import grammar
from registry.models import PolicyVersion, User
from registry.roles import Role
from registry.services import policies
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db


@pytest.fixture
def author() -> User:
    return factories.person(Role.POLICY_ADMIN)


@pytest.fixture
def officer() -> User:
    return factories.person(Role.RISK_OFFICER)


def test_propose_keeps_the_text_as_a_draft(author: User) -> None:
    policy = policies.propose(houses.policy_document("credit"), actor=acting(author))
    told = recorded.newest(policy)
    assert (policy.name, policy.version, policy.state, policy.author) == ("credit", 1, "draft", author)
    assert (told["event"], told["data"]) == (
        "policy.proposed",
        {"policy": "credit", "version": 1, "digest": policy.digest},
    )
    assert told["row"] == rows.digest(recorded.fresh(policy))


def test_propose_gives_a_digest_that_the_stored_document_has(author: User) -> None:
    policy = policies.propose(houses.policy_document("credit"), actor=acting(author))
    assert grammar.digest(recorded.fresh(policy).document) == policy.digest


def test_propose_of_a_document_with_defects_names_every_one(author: User) -> None:
    document = houses.policy_document("credit", retention={"prediction_log": "P1M"}, approval={"chain": []})
    with pytest.raises(Invalid) as refused:
        policies.propose(document, actor=acting(author))
    assert "approval" in {problem.pointer.partition(".")[0] for problem in refused.value.problems}
    assert not PolicyVersion.objects.filter(name="credit").exists()


def test_propose_of_a_version_that_is_not_the_next_is_refused(author: User) -> None:
    with pytest.raises(Invalid, match=r"The next version of 'credit' is 1."):
        policies.propose(houses.policy_document("credit", version=2), actor=acting(author))


def test_propose_without_the_role_is_refused(officer: User) -> None:
    with pytest.raises(NotPermitted):
        policies.propose(houses.policy_document("credit"), actor=acting(officer))


def test_approve_makes_the_draft_effective(author: User, officer: User) -> None:
    draft = policies.propose(houses.policy_document("credit"), actor=acting(author))
    policy = policies.approve(draft, actor=acting(officer), reason="It fits.")
    told = recorded.newest(policy)
    assert (policy.state, policy.approved_by) == ("effective", officer)
    assert (told["event"], recorded.sealed(policy)) == ("policy.approved", {"reason": "It fits."})
    assert told["row"] == rows.digest(recorded.fresh(policy))


def test_approve_of_the_next_version_supersedes_the_one_before(author: User, officer: User) -> None:
    first = policies.propose(houses.policy_document("credit"), actor=acting(author))
    policies.approve(first, actor=acting(officer), reason="It fits.")
    second = policies.propose(houses.policy_document("credit", version=2), actor=acting(author))
    policies.approve(second, actor=acting(officer), reason="It fits better.")
    told = recorded.newest(first)
    assert [recorded.fresh(first).state, recorded.fresh(second).state] == ["superseded", "effective"]
    assert (told["event"], told["data"]) == ("policy.superseded", {"by": str(second.pk)})
    assert told["row"] == rows.digest(recorded.fresh(first))


def test_approve_by_its_author_is_refused_and_on_record() -> None:
    both = factories.person(Role.POLICY_ADMIN, Role.RISK_OFFICER)
    draft = policies.propose(houses.policy_document("credit"), actor=acting(both))
    with pytest.raises(DutyConflict, match="You wrote this policy"):
        policies.approve(draft, actor=acting(both), reason="I like it.")
    told = recorded.newest(draft)
    assert (told["event"], told["data"]) == ("policy.approval_refused", {"rule": "DutyConflict"})
    assert recorded.fresh(draft).state == "draft"


def test_approve_of_an_effective_policy_is_refused_and_on_record(officer: User) -> None:
    policy = houses.policy()
    with pytest.raises(Conflict, match=r"The policy is effective already."):
        policies.approve(policy, actor=acting(officer), reason="Again.")
    assert recorded.newest(policy)["data"] == {"rule": "Conflict"}


def test_approve_without_the_role_is_refused(author: User) -> None:
    draft = policies.propose(houses.policy_document("credit"), actor=acting(author))
    with pytest.raises(NotPermitted):
        policies.approve(draft, actor=acting(factories.person(Role.POLICY_ADMIN)), reason="Me too.")
    assert recorded.fresh(draft).state == "draft"
