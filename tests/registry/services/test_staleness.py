"""What moves under a request makes it unusable, before a signature and before it serves."""

from collections.abc import Callable

import pytest

from registry.errors import Stale
from registry.models import AISystem, PromotionRequest
from registry.roles import Role
from registry.services import deployments, policies, staleness, systems
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db


def tier_changes(house: House) -> None:
    officer = factories.person(Role.RISK_OFFICER)
    system = AISystem.objects.get(pk=house.system.pk)
    changes = {"risk_tier": "minimal"}
    systems.update(system, changes=changes, revision=system.revision, actor=acting(officer))


def policy_is_superseded(house: House) -> None:
    document = houses.policy_document(house.policy.name, version=2)
    draft = policies.propose(document, actor=acting(factories.person(Role.POLICY_ADMIN)))
    policies.approve(draft, actor=acting(factories.person(Role.RISK_OFFICER)), reason="Tighter.")


def another_takes_the_slot(house: House) -> None:
    houses.champion(house)


MOVES = [
    pytest.param(tier_changes, "risk tier", id="tier"),
    pytest.param(policy_is_superseded, "is superseded", id="policy"),
    pytest.param(another_takes_the_slot, "Another version has become champion", id="champion"),
]


@pytest.mark.parametrize(("move", "reason"), MOVES)
def test_signature_after_a_move_is_refused_and_the_request_stale(
    house: House, move: Callable[[House], None], reason: str
) -> None:
    request = houses.submitted(house)
    move(house)
    with pytest.raises(Stale, match=reason):
        houses.signed(request, house.validator, meaning="independent_validation")
    assert recorded.fresh(request).state == PromotionRequest.State.STALE


@pytest.mark.parametrize(("move", "reason"), MOVES)
def test_execution_after_a_move_is_refused_on_record(house: House, move: Callable[[House], None], reason: str) -> None:
    request = houses.approved(house)
    move(house)
    with pytest.raises(Stale, match=reason):
        deployments.execute(PromotionRequest.objects.get(pk=request.pk), actor=acting(house.operator))
    assert recorded.newest(request)["data"] == {"rule": "Stale"}


def test_moved_of_a_fresh_request_is_nothing(house: House) -> None:
    assert staleness.moved(houses.submitted(house)) is None
