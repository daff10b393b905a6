"""An approval that a person suspends, revokes or resumes: signed, on record, and the slot follows at once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import Conflict, DutyConflict, NotPermitted, RevisionMismatch, SignatureRejected
from registry.models import PromotionRequest, Signature, User
from registry.roles import Role
from registry.services import people, signing
from registry.services.approvals import standing
from registry.services.slots import assigning, expiry, rollback, withdrawals
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def change(
    step: Callable[..., PromotionRequest], promotion: PromotionRequest | None, by: User, **changes: Any
) -> PromotionRequest:
    assert promotion is not None
    said = {
        "reason": "It harms.",
        "credentials": factories.credentials(by),
        "revision": recorded.fresh(promotion).revision,
    }
    return step(promotion, **{**said, **changes}, actor=acting(by))


def test_suspend_of_the_champion_brings_the_last_valid_one_back(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    suspended = change(withdrawals.suspend, second.champion_promotion, house.operator)
    serving = assigning.current(house.slot)
    assert serving is not None
    assert (serving.champion, serving.cause) == (first.champion, "withdrawn")
    assert (suspended.approval, suspended.approval_reason, suspended.state) == ("suspended", "It harms.", "completed")


def test_suspend_is_on_record_and_signed(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    suspended = change(withdrawals.suspend, promotion, house.operator)
    told, made = recorded.newest(suspended), Signature.objects.get(subject_type="promotion")
    assert (told["event"], told["data"]) == ("approval.suspended", {"cause": "a person suspended it"})
    assert told["row"] == rows.digest(recorded.fresh(suspended))
    assert (made.subject_id, made.role, made.meaning, made.signer) == (
        suspended.pk,
        "operator",
        "suspension",
        house.operator,
    )
    assert made.statement["verdict"] == "suspend"


def test_suspend_of_the_only_champion_leaves_nothing_serving(house: House) -> None:
    change(withdrawals.suspend, houses.champion(house).champion_promotion, house.operator)
    serving = assigning.current(house.slot)
    assert serving is not None
    assert (serving.champion, serving.cause) == (None, "withdrawn")


@pytest.mark.django_db
def test_suspend_under_a_policy_that_stops_leaves_nothing_serving() -> None:
    approval = houses.policy_document("any")["approval"]
    house = houses.build(approval={**approval, "on_end": "stop"})
    houses.champion(house)
    change(withdrawals.suspend, houses.champion(house).champion_promotion, house.operator)
    serving = assigning.current(house.slot)
    assert serving is not None
    assert serving.champion is None


def test_suspend_of_a_canary_takes_it_out(house: House) -> None:
    first = houses.champion(house)
    canary = houses.executed(house).canary_promotion
    suspended = change(withdrawals.suspend, canary, house.operator)
    serving = assigning.current(house.slot)
    assert serving is not None
    assert (serving.champion, serving.canary, suspended.state) == (first.champion, None, "rolled_back")


def test_suspend_of_what_does_not_serve_leaves_the_slot_alone(house: House) -> None:
    first = houses.champion(house)
    second = houses.champion(house)
    change(withdrawals.suspend, first.champion_promotion, house.operator)
    assert assigning.current(house.slot) == second


@pytest.mark.parametrize("step", [withdrawals.suspend, withdrawals.revoke], ids=["suspend", "revoke"])
def test_change_without_the_role_is_refused_and_on_record(house: House, step: Callable[..., Any]) -> None:
    promotion = houses.champion(house).champion_promotion
    with pytest.raises(NotPermitted):
        change(step, promotion, house.validator)
    told = recorded.newest(promotion)  # type: ignore[arg-type]
    assert (told["event"], told["data"]) == ("approval.change_refused", {"rule": "NotPermitted"})
    assert recorded.fresh(promotion).approval == "approved"  # type: ignore[arg-type]


def test_suspend_with_a_wrong_code_is_refused_and_the_slot_goes_on(house: House) -> None:
    serving = houses.champion(house)
    credentials = signing.Credentials(password=factories.PASSWORD, code="000000")
    factories.credentials(house.operator)
    with pytest.raises(SignatureRejected):
        change(withdrawals.suspend, serving.champion_promotion, house.operator, credentials=credentials)
    assert assigning.current(house.slot) == serving


def test_suspend_of_an_old_revision_is_refused(house: House) -> None:
    with pytest.raises(RevisionMismatch):
        change(withdrawals.suspend, houses.champion(house).champion_promotion, house.operator, revision=1)


def test_suspend_twice_is_refused(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    change(withdrawals.suspend, promotion, house.operator)
    with pytest.raises(Conflict, match="is Suspended"):
        change(withdrawals.suspend, promotion, house.operator)


def test_revoke_ends_the_approval_and_its_reviews(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    revoked = change(withdrawals.revoke, promotion, house.reviewer)
    reviews = revoked.reviews.values_list("cause", "state", "outcome")
    assert (revoked.approval, list(reviews)) == ("revoked", [("expiring", "completed", "revoke")])


def test_revoke_before_it_served_closes_the_request(house: House) -> None:
    revoked = change(withdrawals.revoke, houses.approved(house), house.operator)
    assert (revoked.state, revoked.approval) == ("rejected", "revoked")


def test_resume_by_another_person_lets_a_rollback_bring_it_back(house: House) -> None:
    houses.champion(house)
    second = houses.champion(house)
    change(withdrawals.suspend, second.champion_promotion, house.operator)
    resumed = change(withdrawals.resume, second.champion_promotion, house.reviewer, reason="A false alarm.")
    back = rollback.roll_back(house.slot, actor=acting(house.operator), reason="It was a false alarm.")
    assert (resumed.approval, back.champion) == ("approved", second.champion)


def test_resume_by_who_suspended_is_refused_and_on_record(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    change(withdrawals.suspend, promotion, house.reviewer)
    with pytest.raises(DutyConflict, match="You suspended it"):
        change(withdrawals.resume, promotion, house.reviewer)
    assert recorded.newest(promotion)["data"] == {"rule": "DutyConflict"}  # type: ignore[arg-type]


def test_resume_by_who_trained_the_version_is_refused(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    change(withdrawals.suspend, promotion, house.operator)
    people.grant(house.engineer, Role.VALIDATOR, actor=factories.bootstrap(), system=house.system)
    with pytest.raises(DutyConflict):
        change(withdrawals.resume, promotion, house.engineer)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.OWNER, Role.AUDITOR])
def test_resume_by_who_does_not_sign_is_refused_and_on_record(house: House, role: Role) -> None:
    promotion = houses.champion(house).champion_promotion
    change(withdrawals.suspend, promotion, house.reviewer)
    with pytest.raises(NotPermitted):
        change(withdrawals.resume, promotion, factories.person(role, system=house.system, team="another"))
    assert recorded.newest(promotion)["data"] == {"rule": "NotPermitted"}  # type: ignore[arg-type]
    assert recorded.fresh(promotion).approval == "suspended"  # type: ignore[arg-type]


def test_resume_is_signed_in_the_role_that_decides(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    change(withdrawals.suspend, promotion, house.operator)
    validator = factories.person(Role.OPERATOR, Role.VALIDATOR, system=house.system, team="another")
    change(withdrawals.resume, promotion, validator)
    assert Signature.objects.get(meaning="resumption").role == "validator"


def test_resume_of_what_was_revoked_is_refused(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    change(withdrawals.revoke, promotion, house.operator)
    with pytest.raises(Conflict, match="is Revoked"):
        change(withdrawals.resume, promotion, house.reviewer)


def test_resume_after_the_server_suspended_it_anew_is_open_to_who_suspended_before(house: House) -> None:
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    change(withdrawals.suspend, promotion, house.reviewer)
    change(withdrawals.resume, promotion, house.validator)
    standing.suspend(recorded.fresh(promotion), cause="condition breached", reason="x", actor=factories.bootstrap())
    assert change(withdrawals.resume, promotion, house.reviewer).approval == "approved"


@pytest.mark.django_db
def test_resume_after_a_review_lapsed_asks_for_it_again() -> None:
    approval = houses.policy_document("any")["approval"]
    house = houses.build(approval={**approval, "review_every": "P6M"})
    promotion = houses.champion(house).champion_promotion
    assert promotion is not None
    promotion.reviews.filter(cause="periodic").update(lapses_at=timezone.now())
    expiry.lapse_due(actor=factories.bootstrap())
    change(withdrawals.resume, promotion, house.reviewer)
    assert set(promotion.reviews.filter(cause="periodic").values_list("state", flat=True)) == {"lapsed", "due"}
