"""What a request is compared with: also where somebody has taken the champion out."""

from django.utils import timezone

from registry.models import ModelVersion, PromotionRequest, SlotAssignment
from registry.services.approvals import grounds
from registry.services.slots import emergencies, expiry, withdrawals
from tests import factories, houses, recorded
from tests.factories import acting
from tests.houses import House


def suspended(house: House, serving: SlotAssignment) -> None:
    promotion = serving.champion_promotion
    assert promotion is not None
    withdrawals.suspend(
        promotion,
        reason="It harms.",
        credentials=factories.credentials(house.operator),
        revision=recorded.fresh(promotion).revision,
        actor=acting(house.operator),
    )


def test_baseline_of_the_first_version_is_nothing(house: House) -> None:
    assert grounds.baseline(houses.measured(house), house.slot) is None


def test_baseline_where_only_a_break_glass_served_is_nothing(house: House) -> None:
    emergencies.open(
        house.slot,
        version=houses.measured(house),
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )
    assert grounds.baseline(houses.measured(house), house.slot) is None


def test_baseline_of_what_serves_is_nothing(house: House) -> None:
    serving = houses.champion(house).champion
    assert serving is not None
    assert grounds.baseline(serving, house.slot) is None


def test_baseline_after_the_champion_was_suspended_is_still_that_one(house: House) -> None:
    serving = houses.champion(house)
    suspended(house, serving)
    request = houses.submitted(house)
    assert grounds.baseline(request.model_version, house.slot) == serving.champion
    assert (request.context["request"]["has_champion"], request.champion_digest) == (
        True,
        serving.champion.artifact_digest,  # type: ignore[union-attr]
    )


def test_baseline_after_the_champion_expired_is_still_that_one(house: House) -> None:
    serving = houses.champion(house)
    assert serving.champion_promotion is not None
    PromotionRequest.objects.filter(pk=serving.champion_promotion.pk).update(valid_until=timezone.now())
    expiry.expire_due(actor=factories.bootstrap())
    assert grounds.baseline(houses.measured(house), house.slot) == serving.champion


def test_baseline_whose_artifact_is_gone_is_nothing(house: House) -> None:
    serving = houses.champion(house)
    suspended(house, serving)
    assert serving.champion is not None
    ModelVersion.objects.filter(pk=serving.champion.pk).update(lifecycle=ModelVersion.Lifecycle.PURGED)
    assert grounds.baseline(houses.measured(house), house.slot) is None


def test_request_that_was_compared_with_the_champion_stays_when_it_is_suspended(house: House) -> None:
    serving = houses.champion(house)
    waiting = houses.submitted(house)
    suspended(house, serving)
    assert recorded.fresh(waiting).state == "in_review"
