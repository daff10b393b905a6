"""Standing in for another: whom it lets sign, whom it keeps out, and when it ends."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.errors import Conflict, DutyConflict, Invalid, NotPermitted
from registry.models import Decision, Delegation, PromotionRequest, User
from registry.roles import Role
from registry.services import people
from registry.services.approvals import approvals
from registry.services.decisions import deciding
from registry.services.duties import delegations, duties
from registry.services.duties.delegations import Span
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


@pytest.fixture
def deputy(house: House) -> User:
    """Somebody who signs here, in another role, and validates elsewhere."""
    account = factories.person(Role.DPO, system=house.system, team="audit")
    people.grant(account, Role.VALIDATOR, actor=factories.bootstrap(), system=factories.system())
    return account


def delegate(house: House, to: User, by: User | None = None, **changes: Any) -> Delegation:
    now = timezone.now()
    given = {
        "role": "validator",
        "span": Span(now, now + timedelta(days=14)),
        "reason": "Away.",
        "system": house.system,
    }
    return delegations.delegate(to, **{**given, **changes}, actor=acting(by or house.validator))


def validate(request: PromotionRequest, by: User) -> PromotionRequest:
    return houses.signed(request, by, meaning="independent_validation")


def test_delegate_is_on_record_with_both_persons(house: House, deputy: User) -> None:
    row = delegate(house, deputy)
    told = recorded.newest(row)
    assert (told["event"], recorded.sealed(row)) == ("delegation.made", {"reason": "Away."})
    assert (told["data"]["delegator"], told["data"]["delegate"], told["data"]["role"], told["data"]["system"]) == (
        str(house.validator.pk),
        str(deputy.pk),
        "validator",
        str(house.system.pk),
    )


def test_delegate_signs_in_the_role_for_whom_they_stand_in(house: House, deputy: User) -> None:
    delegate(house, deputy)
    request = validate(houses.submitted(house), deputy)
    decision = Decision.objects.get(promotion=request)
    assert (decision.signer, decision.delegated_by, decision.role) == (deputy, house.validator, "validator")
    assert decision.statement["on_behalf_of"] == f"person:{house.validator.pk}"
    assert recorded.newest(request)["data"]["on_behalf_of"] == str(house.validator.pk)


def test_approval_with_a_signature_by_delegation_holds_and_outlives_it(house: House, deputy: User) -> None:
    row = delegate(house, deputy)
    request = houses.signed(validate(houses.submitted(house), deputy), house.reviewer, meaning="review")
    delegations.revoke(row, actor=acting(house.validator))
    assert approvals.problem(recorded.fresh(request)) is None


def test_approval_whose_delegation_is_not_on_record_does_not_hold(house: House, deputy: User) -> None:
    row = delegate(house, deputy)
    request = houses.signed(validate(houses.submitted(house), deputy), house.reviewer, meaning="review")
    Delegation.objects.filter(pk=row.pk).update(role="dpo")
    assert approvals.problem(recorded.fresh(request)) == (
        "Somebody who had a part in the version, or is no person, has signed."
    )


def test_approval_whose_signature_says_another_delegator_does_not_hold(house: House, deputy: User) -> None:
    delegate(house, deputy)
    request = houses.signed(validate(houses.submitted(house), deputy), house.reviewer, meaning="review")
    request.decisions.filter(signer=deputy).update(delegated_by=None)
    assert approvals.problem(recorded.fresh(request)) == "A signature on the request does not verify."


def test_delegate_cannot_sign_after_revocation(house: House, deputy: User) -> None:
    delegations.revoke(delegate(house, deputy), actor=acting(house.validator))
    with pytest.raises(NotPermitted):
        validate(houses.submitted(house), deputy)


def test_delegate_cannot_sign_before_it_starts_nor_after_it_ends(house: House, deputy: User) -> None:
    now = timezone.now()
    delegate(house, deputy, span=Span(now + timedelta(days=1), now + timedelta(days=2)))
    row = delegate(house, deputy)
    Delegation.objects.filter(pk=row.pk).update(ends_at=now)
    with pytest.raises(NotPermitted):
        validate(houses.submitted(house), deputy)


def test_delegate_of_somebody_who_lost_the_role_cannot_sign(house: House, deputy: User) -> None:
    delegate(house, deputy)
    house.validator.grants.update(revoked_at=timezone.now())
    with pytest.raises(NotPermitted):
        validate(houses.submitted(house), deputy)


def test_delegate_of_somebody_whose_account_is_closed_cannot_sign(house: House, deputy: User) -> None:
    delegate(house, deputy)
    User.objects.filter(pk=house.validator.pk).update(is_active=False)
    with pytest.raises(NotPermitted):
        validate(houses.submitted(house), deputy)


def test_delegate_of_the_author_cannot_sign(house: House, deputy: User) -> None:
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap())
    delegate(house, deputy, by=house.engineer)
    with pytest.raises(DutyConflict) as refused:
        validate(houses.submitted(house), deputy)
    assert refused.value.detail == f"{house.engineer} wrote this request; ask somebody else with the role validator."


def test_delegate_of_the_trainers_team_cannot_sign_for_another(house: House) -> None:
    colleague = factories.person(Role.DPO, team=house.engineer.team)
    delegate(house, colleague)
    with pytest.raises(DutyConflict, match="You are in the team of the person who trained"):
        validate(houses.submitted(house), colleague)


def test_author_cannot_sign_for_another(house: House) -> None:
    people.grant(house.engineer, Role.DPO, actor=factories.bootstrap())
    delegate(house, house.engineer)
    with pytest.raises(DutyConflict, match="You wrote this request"):
        validate(houses.submitted(house), house.engineer)


@pytest.mark.django_db
def test_delegate_and_delegator_together_are_one_decision() -> None:
    chain = [{"role": "validator", "quorum": 2, "meaning": "independent_validation"}]
    house = houses.build(approval={"chain": chain, "valid_for": "P12M"})
    deputy = factories.person(Role.DPO, team="audit")
    delegate(house, deputy)
    for first, second, said in (
        (house.validator, deputy, f"{house.validator} has decided on this request already"),
        (deputy, house.validator, "You have decided on this request already"),
    ):
        request = validate(houses.submitted(house), first)
        with pytest.raises(DutyConflict, match=said):
            validate(request, second)


def test_delegation_is_never_handed_on(house: House, deputy: User) -> None:
    delegate(house, deputy)
    with pytest.raises(NotPermitted, match="You are no validator"):
        delegate(house, factories.person(Role.AUDITOR), by=deputy)


def test_delegation_for_every_system_needs_the_role_everywhere(house: House, deputy: User) -> None:
    with pytest.raises(NotPermitted, match="for every system"):
        delegate(house, deputy, system=None)


def test_delegation_of_a_role_that_never_signs_is_refused(house: House, deputy: User) -> None:
    with pytest.raises(Invalid, match="Only a role that signs"):
        delegate(house, deputy, by=house.engineer, role="engineer")


@pytest.mark.parametrize(("days", "words"), [(91, "90 days at most"), (-1, "ends after it begins")])
def test_delegation_of_a_wrong_length_is_refused(house: House, deputy: User, days: int, words: str) -> None:
    now = timezone.now()
    with pytest.raises(Invalid, match=words):
        delegate(house, deputy, span=Span(now, now + timedelta(days=days)))


def test_delegation_to_oneself_a_machine_or_a_platform_admin_is_refused(house: House) -> None:
    machine = factories.person(kind=User.Kind.SERVICE)
    for other in (house.validator, machine, factories.person(Role.PLATFORM_ADMIN)):
        with pytest.raises(DutyConflict):
            delegate(house, other)
    assert not Delegation.objects.exists()


def test_delegation_to_who_may_not_read_there_is_refused(house: House) -> None:
    stranger = factories.person(Role.VALIDATOR, system=factories.system())
    with pytest.raises(Invalid, match="may not read"):
        delegate(house, stranger)


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.OPERATOR, Role.AUDITOR])
def test_delegation_to_who_does_not_sign_there_is_refused(house: House, role: Role) -> None:
    reader = factories.person(role, system=house.system, team="other")
    people.grant(reader, Role.VALIDATOR, actor=factories.bootstrap(), system=factories.system())
    with pytest.raises(DutyConflict, match="makes nobody a signer"):
        delegate(house, reader)
    assert not Delegation.objects.exists()


def test_delegation_for_every_system_to_who_signs_in_one_is_refused(house: House, deputy: User) -> None:
    everywhere = factories.person(Role.VALIDATOR)
    people.grant(deputy, Role.AUDITOR, actor=factories.bootstrap())
    with pytest.raises(DutyConflict, match="does not sign for every system"):
        delegate(house, deputy, by=everywhere, system=None)


def test_delegate_who_lost_the_role_of_their_own_cannot_sign(house: House, deputy: User) -> None:
    delegate(house, deputy)
    deputy.grants.filter(system=house.system).update(revoked_at=timezone.now())
    with pytest.raises(NotPermitted):
        validate(houses.submitted(house), deputy)


def test_revoke_is_for_the_two_of_them(house: House, deputy: User) -> None:
    row = delegate(house, deputy)
    with pytest.raises(NotPermitted, match="between two others"):
        delegations.revoke(row, actor=acting(house.reviewer))
    assert delegations.revoke(row, actor=acting(deputy)).revoked_at is not None
    assert recorded.names(row) == ["delegation.made", "delegation.revoked"]


def test_revoke_twice_is_refused(house: House, deputy: User) -> None:
    row = delegations.revoke(delegate(house, deputy), actor=acting(deputy))
    with pytest.raises(Conflict, match="ended already"):
        delegations.revoke(row, actor=acting(deputy))


# Stepping back
def test_recuse_is_on_record_and_keeps_the_person_out(house: House) -> None:
    request = houses.submitted(house)
    duties.recuse(request, reason="A relative trained it.", actor=acting(house.validator))
    assert (recorded.newest(request)["event"], recorded.sealed(request)) == (
        "promotion.recused",
        {"reason": "A relative trained it."},
    )
    with pytest.raises(DutyConflict, match="You have stepped back from this request"):
        validate(request, house.validator)


def test_recusal_counts_for_who_stands_in(house: House, deputy: User) -> None:
    delegate(house, deputy)
    request = houses.submitted(house)
    duties.recuse(request, reason="A relative trained it.", actor=acting(house.validator))
    with pytest.raises(DutyConflict, match=f"{house.validator} has stepped back"):
        validate(request, deputy)


def test_recusal_of_the_deputy_leaves_the_delegator_free(house: House, deputy: User) -> None:
    delegate(house, deputy)
    request = houses.submitted(house)
    duties.recuse(request, reason="I know the author.", actor=acting(deputy))
    assert deciding.why_not(request, house.validator) is None
    assert "You have stepped back" in (deciding.why_not(request, deputy) or "")


def test_recuse_frees_the_step_that_one_had_taken(house: House) -> None:
    request = deciding.claim(houses.submitted(house), actor=acting(house.validator))
    duties.recuse(request, reason="Too close.", actor=acting(house.validator))
    assert request.tasks.get().assignee is None


def test_recuse_after_the_decision_is_refused(house: House) -> None:
    request = houses.validated(house)
    with pytest.raises(Conflict, match="has decided on this request"):
        duties.recuse(request, reason="Hm.", actor=acting(house.validator))


def test_recuse_of_who_would_not_be_asked_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted, match="Nobody would ask you"):
        duties.recuse(houses.submitted(house), reason="Hm.", actor=acting(house.operator))


def test_recusal_before_a_signature_makes_the_approval_fall(house: House) -> None:
    request = houses.approved(house)
    recusal = request.recusals.create(person=house.validator, reason="Written behind the application's back.")
    before = request.decisions.all()[0].signed_at - timedelta(minutes=1)
    type(recusal).objects.filter(pk=recusal.pk).update(created_at=before)
    assert approvals.problem(recorded.fresh(request)) == (
        "Somebody who had a part in the version, or is no person, has signed."
    )
