"""The database itself lets nothing into a slot that nobody approved, by whatever way it comes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from registry.models import Emergency, ModelVersion, PromotionRequest, Slot, SlotAssignment
from registry.services.slots import emergencies
from tests import factories, houses
from tests.factories import acting
from tests.houses import House

_INSERT = """
    INSERT INTO registry_slotassignment (id, created_at, slot_id, revision, champion_id, champion_promotion_id,
        champion_emergency_id, canary_id, canary_promotion_id, canary_percent, since, cause, actor, reason)
    VALUES (%(id)s, now(), %(slot)s, %(revision)s, %(champion)s, %(champion_promotion)s, %(champion_emergency)s,
        %(canary)s, %(canary_promotion)s, %(canary_percent)s, clock_timestamp(), 'promoted', 'system:shell', '')
"""


def refusal_of(slot: Slot, **columns: Any) -> str:
    """What the database says to an assignment in plain SQL, as the application's role; nothing of it stays."""
    row: dict[str, Any] = dict.fromkeys(
        ("champion", "champion_promotion", "champion_emergency", "canary", "canary_promotion")
    )
    row |= {"id": uuid4(), "slot": slot.pk, "canary_percent": 0, **columns}
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE registry_slot SET revision = revision + 1 WHERE id = %s", [slot.pk])
            cursor.execute("SELECT revision FROM registry_slot WHERE id = %s", [slot.pk])
            cursor.execute(_INSERT, {"revision": cursor.fetchone()[0], **row})
            transaction.set_rollback(True)
    except IntegrityError as error:
        return str(error).splitlines()[0]
    return ""


def by(promotion: PromotionRequest) -> dict[str, Any]:
    return {"champion": promotion.model_version_id, "champion_promotion": promotion.pk}


@pytest.fixture
def approved(house: House) -> PromotionRequest:
    return houses.approved(house)


def test_approved_version_passes(house: House, approved: PromotionRequest) -> None:
    assert refusal_of(house.slot, **by(approved)) == ""


def test_nothing_passes_as_the_end_of_what_served(house: House) -> None:
    assert refusal_of(house.slot) == ""


@pytest.mark.parametrize("arm", ["champion", "canary"])
def test_version_without_an_approval_is_refused(house: House, arm: str) -> None:
    version = houses.measured(house)
    columns = {"champion": version.pk} if arm == "champion" else {"canary": version.pk, "canary_percent": 5}
    assert "names each version with the one thing" in refusal_of(house.slot, **columns)


def test_request_in_review_is_refused(house: House) -> None:
    assert "without an approval that holds" in refusal_of(house.slot, **by(houses.validated(house)))


def test_approval_of_another_version_is_refused(house: House, approved: PromotionRequest) -> None:
    columns = {"champion": houses.measured(house).pk, "champion_promotion": approved.pk}
    assert "without an approval that holds" in refusal_of(house.slot, **columns)


def test_approval_for_another_slot_is_refused(house: House, approved: PromotionRequest) -> None:
    other = factories.slot(house.system, called="production.second")
    assert "without an approval that holds" in refusal_of(other, **by(approved))


@pytest.mark.parametrize(
    "change",
    [
        {"approval": "suspended"},
        {"approval": "revoked"},
        {"state": "rolled_back"},
        {"valid_until": None},
        {"artifact_digest": "0" * 64},
        {"round": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_approval_that_does_not_hold_is_refused(
    house: House, approved: PromotionRequest, change: dict[str, Any]
) -> None:
    PromotionRequest.objects.filter(pk=approved.pk).update(**change)
    assert "without an approval that holds" in refusal_of(house.slot, **by(approved))


def test_approval_that_expired_a_moment_ago_is_refused(house: House, approved: PromotionRequest) -> None:
    PromotionRequest.objects.filter(pk=approved.pk).update(valid_until=timezone.now())
    assert "without an approval that holds" in refusal_of(house.slot, **by(approved))


def test_approval_without_a_single_signature_is_refused(house: House) -> None:
    request = houses.submitted(house)
    flags = {"state": "approved", "approval": "approved", "valid_until": timezone.now() + timedelta(days=1)}
    PromotionRequest.objects.filter(pk=request.pk).update(**flags)
    assert "without an approval that holds" in refusal_of(house.slot, **by(request))


def test_retired_version_is_refused(house: House, approved: PromotionRequest) -> None:
    ModelVersion.objects.filter(pk=approved.model_version_id).update(lifecycle="retired")
    assert "without an approval that holds" in refusal_of(house.slot, **by(approved))


def test_revision_that_is_not_the_slots_is_refused(house: House, approved: PromotionRequest) -> None:
    assert "assigned in order" in refusal_of(house.slot, **by(approved), revision=7)


@pytest.mark.parametrize("percent", [0, 100])
def test_canary_without_a_share_of_its_own_is_refused(house: House, percent: int) -> None:
    first, second = houses.champion(house), houses.approved(house)
    assert first.champion_promotion is not None
    columns = {**by(first.champion_promotion), "canary": second.model_version_id, "canary_promotion": second.pk}
    assert "names each version with the one thing" in refusal_of(house.slot, **columns, canary_percent=percent)


@pytest.fixture
def emergency(house: House) -> Emergency:
    return emergencies.open(
        house.slot,
        version=houses.measured(house),
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )


def under(emergency: Emergency) -> dict[str, Any]:
    return {"champion": emergency.model_version_id, "champion_emergency": emergency.pk}


def test_break_glass_that_runs_passes(house: House, emergency: Emergency) -> None:
    assert refusal_of(house.slot, **under(emergency)) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"state": "ended"},
        {"record_digest": "0" * 64},
        {"artifact_digest": "0" * 64},
        {"ends_at": timezone.now() + timedelta(days=2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_break_glass_that_does_not_hold_is_refused(house: House, emergency: Emergency, change: dict[str, Any]) -> None:
    Emergency.objects.filter(pk=emergency.pk).update(**change)
    assert "by a break-glass that does not hold" in refusal_of(house.slot, **under(emergency))


@pytest.mark.parametrize(
    "change",
    [
        lambda: SlotAssignment.objects.update(reason="Another story."),
        lambda: SlotAssignment.objects.all().delete(),
        lambda: SlotAssignment.objects.first().save(),  # type: ignore[union-attr]
        lambda: connection.cursor().execute("DELETE FROM registry_slotassignment"),
    ],
    ids=["update", "delete", "save", "sql"],
)
def test_what_a_slot_served_is_not_rewritten(house: House, change: Callable[[], Any]) -> None:
    houses.champion(house)
    with pytest.raises(IntegrityError, match="What a slot served is not rewritten"), transaction.atomic():
        change()
