"""What a request is compared with in its slot, and how far the change goes."""

from registry.models import ModelVersion, PromotionRequest, Slot
from registry.services.approvals import gating

Change = PromotionRequest.Change


def baseline(version: ModelVersion, slot: Slot) -> ModelVersion | None:
    """The champion that the version is compared with; None where there is none, or where it is the version itself.

    Where nothing serves, it is the last that an approval let serve: who takes it out does not escape it.
    """
    champion = gating.champion(slot) or _last_champion(slot)
    return None if champion is None or champion.pk == version.pk else champion


def change_class(version: ModelVersion, slot: Slot) -> Change:
    """How the version differs from what serves or, where nothing does now, from what served last.

    The same recipe on the same data, with another seed or other code, counts as another recipe. A version that only
    break-glass lets serve was never approved: no champion, and nothing to be renewed.
    """
    champion = gating.champion(slot) or _last_champion(slot)
    if champion is None:
        return Change.INITIAL
    if champion.pk == version.pk:
        return Change.RENEWAL
    other_data = champion.dataset_version.digest != version.dataset_version.digest
    other_recipe = champion.run.recipe_digest != version.run.recipe_digest
    if other_data:
        return Change.BOTH if other_recipe else Change.DATA
    return Change.RECIPE


def _last_champion(slot: Slot) -> ModelVersion | None:
    """What served last by an approval; nothing can be compared with one whose artifact is gone."""
    approved = slot.assignments.exclude(champion_promotion=None).exclude(
        champion__lifecycle=ModelVersion.Lifecycle.PURGED
    )
    served = approved.select_related("champion").first()
    return served.champion if served else None
