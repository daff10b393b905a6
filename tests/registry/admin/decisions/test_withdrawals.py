"""An approval that stands is suspended, revoked and resumed on its page, signed."""

import pytest

from registry.models import PromotionRequest
from registry.roles import Role
from tests import factories, houses, recorded
from tests.houses import House
from tests.registry.admin import forms


@pytest.fixture
def promotion(house: House) -> PromotionRequest:
    return houses.approved(house)


def approval(promotion: PromotionRequest) -> str:
    return recorded.fresh(promotion).approval


def test_reviewer_suspends_an_approval(house: House, promotion: PromotionRequest) -> None:
    given = forms.signature(house.reviewer, revision=promotion.revision)
    assert forms.post(house.reviewer, promotion, "suspend", **given).status_code == 302
    assert approval(promotion) == "suspended"


def test_suspension_with_a_wrong_password_is_refused(house: House, promotion: PromotionRequest) -> None:
    given = forms.signature(house.reviewer, revision=promotion.revision, password="a wrong one")
    assert forms.post(house.reviewer, promotion, "suspend", **given).status_code == 403
    assert (approval(promotion), recorded.newest(promotion)["event"]) == ("approved", "approval.change_refused")


def test_suspended_approval_is_resumed_by_another_person(house: House, promotion: PromotionRequest) -> None:
    forms.post(house.reviewer, promotion, "suspend", **forms.signature(house.reviewer, revision=promotion.revision))
    officer, revision = factories.person(Role.RISK_OFFICER, team="risk"), recorded.fresh(promotion).revision
    assert forms.offered(officer, promotion) == ["raise_finding", "resume", "revoke", "comment", "pack", "replay"]
    own = forms.post(house.reviewer, promotion, "resume", **forms.signature(house.reviewer, revision=revision))
    other = forms.post(officer, promotion, "resume", **forms.signature(officer, revision=revision))
    assert (own.status_code, other.status_code, approval(promotion)) == (409, 302, "approved")


def test_suspended_approval_is_resumed_by_who_signs_and_not_by_an_operator(
    house: House, promotion: PromotionRequest
) -> None:
    forms.post(house.reviewer, promotion, "suspend", **forms.signature(house.reviewer, revision=promotion.revision))
    offered = ["resume" in forms.offered(who, promotion) for who in (house.validator, house.operator)]
    assert offered == [True, False]


def test_revoked_approval_offers_nothing_more(house: House, promotion: PromotionRequest) -> None:
    given = forms.signature(house.operator, revision=promotion.revision)
    assert forms.post(house.operator, promotion, "revoke", **given).status_code == 302
    assert (approval(promotion), forms.offered(house.operator, promotion)) == ("revoked", ["comment", "pack", "replay"])


def test_validator_does_not_suspend(house: House, promotion: PromotionRequest) -> None:
    assert "suspend" not in forms.offered(house.validator, promotion)
    given = forms.signature(house.validator, revision=promotion.revision)
    assert (forms.post(house.validator, promotion, "suspend", **given).status_code, approval(promotion)) == (
        403,
        "approved",
    )
