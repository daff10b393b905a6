"""A service account had a part in a request: nothing shows who is behind it, so nobody signs who may be."""

import pytest
from django.utils import timezone

from registry.errors import DutyConflict
from registry.models import DatasetVersion, ModelVersion, PromotionRequest, User
from registry.roles import Role
from registry.services import people
from registry.services.approvals import approvals
from registry.services.decisions import promotions
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

BEHIND = "You may have been behind the service account that had a part in this"


@pytest.fixture
def machine(house: House) -> User:
    return factories.person(Role.ENGINEER, system=house.system, team="automation", kind=User.Kind.SERVICE)


@pytest.fixture
def both(house: House) -> User:
    """Somebody who registers here and signs here, in a team of their own."""
    return factories.person(Role.ENGINEER, Role.VALIDATOR, system=house.system, team="second line")


def put_forward(house: House, by: User) -> PromotionRequest:
    return promotions.submit(
        houses.measured(house), slot=house.slot, policy=house.policy, reason="Better.", actor=acting(by)
    )


def validate(request: PromotionRequest, by: User) -> PromotionRequest:
    return houses.signed(request, by, meaning="independent_validation")


def test_request_of_a_machine_is_not_signed_by_who_registers_there(house: House, machine: User, both: User) -> None:
    with pytest.raises(DutyConflict, match=BEHIND):
        validate(put_forward(house, machine), both)


@pytest.mark.parametrize("part", ["trained_by", "uploaded_by"])
def test_version_that_a_machine_made_is_not_signed_by_who_registers_there(
    house: House, machine: User, both: User, part: str
) -> None:
    version = houses.measured(house)
    if part == "trained_by":
        ModelVersion.objects.filter(pk=version.pk).update(trained_by=machine)
    else:
        DatasetVersion.objects.filter(pk=version.dataset_version_id).update(uploaded_by=machine)
    request = promotions.submit(
        recorded.fresh(version), slot=house.slot, policy=house.policy, reason="Better.", actor=acting(house.engineer)
    )
    with pytest.raises(DutyConflict, match=BEHIND):
        validate(request, both)


def test_role_that_has_ended_counts_still(house: House, machine: User, both: User) -> None:
    request = put_forward(house, machine)
    both.grants.filter(role=Role.ENGINEER).update(revoked_at=timezone.now())
    with pytest.raises(DutyConflict, match=BEHIND):
        validate(request, both)


def test_who_registers_for_every_system_counts_and_for_another_not(house: House, machine: User, both: User) -> None:
    both.grants.filter(role=Role.ENGINEER).update(system=None)
    request = put_forward(house, machine)
    with pytest.raises(DutyConflict, match=BEHIND):
        validate(request, both)
    both.grants.filter(role=Role.ENGINEER).update(system=factories.system())
    assert validate(request, both).decisions.get().signer == both


def test_request_of_a_machine_signed_by_who_registers_nothing_holds(house: House, machine: User) -> None:
    request = houses.signed(validate(put_forward(house, machine), house.validator), house.reviewer, meaning="review")
    assert approvals.problem(recorded.fresh(request)) is None
    people.grant(house.reviewer, Role.OWNER, actor=factories.bootstrap(), system=house.system)
    assert approvals.problem(recorded.fresh(request)) is None


def test_approval_signed_by_who_may_have_been_behind_the_machine_does_not_hold(house: House, machine: User) -> None:
    request = houses.signed(validate(put_forward(house, machine), house.validator), house.reviewer, meaning="review")
    given = people.grant(house.reviewer, Role.OWNER, actor=factories.bootstrap(), system=house.system)
    type(given).objects.filter(pk=given.pk).update(created_at=request.created_at)
    assert approvals.problem(recorded.fresh(request)) == (
        "Somebody who had a part in the version, or is no person, has signed."
    )


def test_request_of_a_person_is_signed_by_who_registers_there(house: House, both: User) -> None:
    assert validate(houses.submitted(house), both).decisions.get().signer == both
