"""An approval that ended is not given back by writing into its columns: log and signatures say that it ended."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import log
from registry import events
from registry.models import PromotionRequest, Signature
from registry.roles import Role
from registry.services.approvals import approvals, endings, staleness, standing
from registry.services.slots import withdrawals
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House

STOPPED = "The log or a signature says that it was stopped, and its own record does not."
UNSIGNED = "It was resumed without a signature, or the log does not tell of it."


@pytest.fixture
def promotion(house: House) -> PromotionRequest:
    served = houses.champion(house).champion_promotion
    assert served is not None
    return served


def problem(promotion: PromotionRequest) -> str | None:
    return approvals.problem(recorded.fresh(promotion))


def change(promotion: PromotionRequest, **values: Any) -> None:
    PromotionRequest.objects.filter(pk=promotion.pk).update(**values)


def step(doing: Any, promotion: PromotionRequest, house: House, *, team: str = "risk") -> PromotionRequest:
    officer = factories.person(Role.RISK_OFFICER, system=house.system, team=team)
    row = recorded.fresh(promotion)
    done: PromotionRequest = doing(
        row, reason="x", credentials=factories.credentials(officer), revision=row.revision, actor=acting(officer)
    )
    return done


def test_revoked_approval_set_back_by_hand_does_not_hold(house: House, promotion: PromotionRequest) -> None:
    step(withdrawals.revoke, promotion, house)
    change(promotion, approval="approved", approval_reason="", state="completed")
    assert problem(promotion) == "The log says that it is revoked, and its own record does not."


def test_suspended_approval_set_back_by_hand_does_not_hold(house: House, promotion: PromotionRequest) -> None:
    step(withdrawals.suspend, promotion, house)
    change(promotion, approval="approved")
    assert problem(promotion) == STOPPED


def test_suspension_by_the_system_set_back_by_hand_does_not_hold(promotion: PromotionRequest) -> None:
    standing.suspend(promotion, cause="waiver ended", reason="x", actor=factories.bootstrap())
    change(promotion, approval="approved")
    assert problem(promotion) == STOPPED


def test_resumed_approval_holds(house: House, promotion: PromotionRequest) -> None:
    step(withdrawals.suspend, promotion, house)
    step(withdrawals.resume, promotion, house, team="other")
    assert problem(promotion) is None


def test_resumption_that_nobody_signed_does_not_hold(promotion: PromotionRequest) -> None:
    standing.suspend(promotion, cause="waiver ended", reason="x", actor=factories.bootstrap())
    standing.resume(promotion, reason="x", actor=factories.bootstrap())
    assert problem(promotion) == UNSIGNED


def test_suspension_that_was_signed_and_whose_end_was_forged_does_not_hold(
    house: House, promotion: PromotionRequest
) -> None:
    step(withdrawals.suspend, promotion, house)
    change(promotion, approval="approved")
    log.record(
        events.ApprovalResumed(approval="approved"), subject=recorded.fresh(promotion), actor=factories.bootstrap()
    )
    assert problem(promotion) == STOPPED


def test_signature_that_was_made_a_resumption_by_hand_does_not_count(house: House, promotion: PromotionRequest) -> None:
    step(withdrawals.suspend, promotion, house)
    Signature.objects.filter(subject_id=promotion.pk).update(meaning="resumption")
    change(promotion, approval="approved")
    assert problem(promotion) == "A signature on its suspension, revocation or resumption does not verify."


@pytest.mark.parametrize(
    ("event", "what"),
    [
        (events.ApprovalExpired(cause="its end has come"), "expired"),
        (events.PromotionSuperseded(by="x"), "superseded"),
        (events.PromotionRolledBack(slot="x"), "rolled back"),
        (events.PromotionWentStale(cause="x"), "stale"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_approval_that_the_log_ended_does_not_hold(promotion: PromotionRequest, event: Any, what: str) -> None:
    log.record(event, subject=promotion, actor=factories.bootstrap())
    assert problem(promotion) == f"The log says that it is {what}, and its own record does not."


def test_grounds_that_moved_and_were_cleared_by_hand_do_not_hold(promotion: PromotionRequest) -> None:
    staleness.mark(promotion.model_version, cause="new evidence", actor=factories.bootstrap())
    change(promotion, stale_since=None)
    assert problem(promotion) == "The log says that its grounds moved, and its own record does not."


def test_grounds_that_moved_later_by_hand_gain_no_grace(promotion: PromotionRequest) -> None:
    staleness.mark(promotion.model_version, cause="new evidence", actor=factories.bootstrap())
    moved = timezone.now()
    change(promotion, stale_since=moved + timedelta(days=300))
    since = endings.stale_since(recorded.fresh(promotion), endings.told(promotion))
    assert since is not None
    assert since <= moved
