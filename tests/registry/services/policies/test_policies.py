"""Policies: proposed by one person, tried on the past, signed by another, in force for a time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted, SignatureRejected
from registry.gates import grammar
from registry.models import PolicyVersion, Signature, User
from registry.roles import Role
from registry.services.policies import policies, simulation
from registry.services.signing import Credentials
from tests import factories, houses, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
SOON = timedelta(hours=1)


@pytest.fixture
def author() -> User:
    return factories.person(Role.POLICY_ADMIN)


@pytest.fixture
def officer() -> User:
    return factories.person(Role.RISK_OFFICER)


def simulated(author: User, name: str = "credit", version: int = 1) -> PolicyVersion:
    """A draft that has been tried on the past."""
    draft = policies.propose(houses.policy_document(name, version=version), actor=acting(author))
    simulation.simulate(draft, actor=acting(author))
    return recorded.fresh(draft)


def approve(policy: PolicyVersion, by: User, **window: object) -> PolicyVersion:
    return policies.approve(
        policy,
        credentials=factories.credentials(by),
        reason="It fits.",
        actor=acting(by),
        **window,  # type: ignore[arg-type]
    )


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


def test_approve_signs_the_draft_and_makes_it_effective(author: User, officer: User) -> None:
    policy = approve(simulated(author), officer)
    signature = Signature.objects.get(subject_type="policy", subject_id=policy.pk)
    stored = recorded.fresh(policy)
    assert (stored.state, stored.approved_by, policies.problem(stored)) == ("effective", officer, None)
    assert (signature.signer, signature.role, signature.meaning, signature.reason) == (
        officer,
        "risk_officer",
        "approval",
        "It fits.",
    )
    assert recorded.names(policy) == ["policy.proposed", "policy.simulated", "policy.approved", "policy.took_effect"]
    assert recorded.newest(policy)["row"] == rows.digest(stored)


def test_approve_of_the_next_version_supersedes_the_one_before(author: User, officer: User) -> None:
    first = approve(simulated(author), officer)
    second = approve(simulated(author, version=2), officer)
    told = recorded.newest(first)
    assert [recorded.fresh(first).state, recorded.fresh(second).state] == ["superseded", "effective"]
    assert (told["event"], told["data"]) == ("policy.superseded", {"by": str(second.pk)})
    assert policies.not_in_force(recorded.fresh(first)) == "credit v1 is superseded; it governs nothing."


def test_approve_by_its_author_is_refused_and_on_record() -> None:
    both = factories.person(Role.POLICY_ADMIN, Role.RISK_OFFICER)
    draft = simulated(both)
    with pytest.raises(DutyConflict, match="You wrote this policy"):
        approve(draft, both)
    told = recorded.newest(draft)
    assert (told["event"], told["data"]) == ("policy.approval_refused", {"rule": "DutyConflict"})
    assert recorded.fresh(draft).state == "simulated"


def test_approve_of_a_draft_that_was_never_simulated_is_refused_and_on_record(author: User, officer: User) -> None:
    draft = policies.propose(houses.policy_document("credit"), actor=acting(author))
    with pytest.raises(Conflict, match="has not been tried on past requests"):
        approve(draft, officer)
    assert (recorded.fresh(draft).state, recorded.newest(draft)["data"]) == ("draft", {"rule": "Conflict"})


def test_approve_of_an_effective_policy_is_refused_and_on_record(officer: User) -> None:
    policy = houses.policy()
    with pytest.raises(Conflict, match=r"The policy is effective already."):
        approve(policy, officer)
    assert recorded.newest(policy)["data"] == {"rule": "Conflict"}


def test_approve_without_the_role_is_refused_and_on_record(author: User) -> None:
    draft = simulated(author)
    with pytest.raises(NotPermitted):
        approve(draft, factories.person(Role.POLICY_ADMIN))
    assert (recorded.fresh(draft).state, recorded.newest(draft)["data"]) == ("simulated", {"rule": "NotPermitted"})


def test_approve_with_a_wrong_password_signs_nothing_and_is_on_record(author: User, officer: User) -> None:
    draft = simulated(author)
    wrong = Credentials(password="guessed", code=factories.code(officer))
    with pytest.raises(SignatureRejected):
        policies.approve(draft, credentials=wrong, reason="It fits.", actor=acting(officer))
    assert recorded.newest(draft)["data"] == {"rule": "SignatureRejected"}
    assert (recorded.fresh(draft).state, Signature.objects.filter(subject_id=draft.pk).count()) == ("simulated", 0)


def test_approve_for_later_governs_nothing_yet(author: User, officer: User) -> None:
    first = approve(simulated(author), officer)
    second = approve(simulated(author, version=2), officer, effective_from=timezone.now() + SOON)
    assert [recorded.fresh(first).state, recorded.fresh(second).state] == ["effective", "approved"]
    assert policies.not_in_force(second) == "credit v2 is approved, not yet in effect; it governs nothing."
    assert policies.take_effect(actor=factories.bootstrap()) == []


@pytest.mark.parametrize(
    ("begins", "ends", "pointer"),
    [(-SOON, None, "/effective_from"), (SOON, SOON, "/effective_until"), (None, -SOON, "/effective_until")],
)
def test_approve_for_a_time_that_cannot_be_is_refused(
    author: User, officer: User, begins: timedelta | None, ends: timedelta | None, pointer: str
) -> None:
    now = timezone.now()
    window = {"effective_from": begins and now + begins, "effective_until": ends and now + ends}
    with pytest.raises(Invalid) as refused:
        approve(simulated(author), officer, **window)
    assert [problem.pointer for problem in refused.value.problems] == [pointer]


def test_approve_of_an_older_version_than_the_approved_is_refused(author: User, officer: User) -> None:
    first, second = simulated(author), simulated(author, version=2)
    approve(second, officer)
    with pytest.raises(Conflict, match="credit v2 is newer, and approved"):
        approve(first, officer)


def past(policy: PolicyVersion, **columns: object) -> None:
    """Moves the policy's times into the past, as if the clock had gone on."""
    PolicyVersion.objects.filter(pk=policy.pk).update(**columns)


def test_take_effect_begins_what_is_due_and_supersedes_the_one_before(author: User, officer: User) -> None:
    first = approve(simulated(author), officer)
    second = approve(simulated(author, version=2), officer, effective_from=timezone.now() + SOON)
    past(second, effective_from=timezone.now() - SOON)
    assert policies.take_effect(actor=factories.bootstrap()) == [second]
    assert [recorded.fresh(first).state, recorded.fresh(second).state] == ["superseded", "effective"]
    assert (recorded.newest(second)["event"], policies.take_effect(actor=factories.bootstrap())) == (
        "policy.took_effect",
        [],
    )


def test_take_effect_ends_what_is_over(author: User, officer: User) -> None:
    policy = approve(simulated(author), officer, effective_until=timezone.now() + SOON)
    past(policy, effective_until=timezone.now() - SOON)
    before = policies.not_in_force(recorded.fresh(policy))
    assert policies.take_effect(actor=factories.bootstrap()) == [policy]
    assert (before or "").startswith("credit v1 was in force until ")
    assert (recorded.fresh(policy).state, recorded.newest(policy)["event"]) == ("ended", "policy.ended")


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"digest": "0" * 64}, "The text of credit v1 is not the one that was approved."),
        ({"effective_until": timezone.now() + SOON}, "The signature on credit v1 does not verify."),
    ],
)
def test_policy_that_was_changed_behind_the_services_governs_nothing(
    author: User, officer: User, columns: dict[str, object], found: str
) -> None:
    policy = approve(simulated(author), officer)
    past(policy, **columns)
    assert policies.not_in_force(recorded.fresh(policy)) == found


def test_take_effect_makes_open_requests_stale_whose_policy_is_over() -> None:
    house = houses.build()
    request = houses.submitted(house)
    past(house.policy, effective_until=timezone.now() - SOON)
    policies.take_effect(actor=factories.bootstrap())
    assert (recorded.fresh(request).state, recorded.fresh(house.policy).state) == ("stale", "ended")


def test_request_under_a_policy_whose_window_is_over_is_refused() -> None:
    house = houses.build()
    past(house.policy, effective_until=timezone.now() - SOON)
    house.policy.refresh_from_db()
    with pytest.raises(Invalid, match="was in force until"):
        houses.submitted(house)
