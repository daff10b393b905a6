"""What a slot does when what lets a version serve is gone: the canary out, the last valid champion back, or nothing."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from audit.actors import Actor
from registry.models import Emergency, PromotionRequest, Slot, SlotAssignment
from registry.services import sweeping
from registry.services.approvals import approvals
from registry.services.slots import assigning, ending, warrants
from registry.services.slots.assigning import Cause, Share

FALL_BACK = "fall_back"


def act(slot: Slot, *, actor: Actor) -> SlotAssignment | None:
    """Take out of a slot, locked by the caller, whatever may no longer serve; None where all may.

    The policy says whether the last holder with a valid and fresh approval serves again (fall_back) or nothing does.
    Records slot.assigned, rollout.rolled_back, emergency.ended.
    """
    now = assigning.current(slot)
    return withdraw(slot, now, warrants.problems(now), actor=actor) if now else None


def withdraw(slot: Slot, now: SlotAssignment, findings: Mapping[str, str], *, actor: Actor) -> SlotAssignment | None:
    """Take out the arms of a locked slot that something was found about. Records as `act`."""
    if not findings:
        return None
    reason = " ".join(dict.fromkeys(findings.values()))
    if now.canary_promotion is not None:
        # Its gates compared it with a champion: without that one it has to be asked for again.
        ending.take_out(now.canary_promotion, slot, actor=actor, reason=reason)
    if "champion" not in findings:
        return _assign(slot, now.champion_promotion, Cause.WITHDRAWN, actor, reason)
    if now.champion_emergency is not None:
        ending.close_emergency(now.champion_emergency, cause="its time is over", actor=actor, reason=reason)
        return _assign(slot, assigning.displaced(slot), Cause.EMERGENCY_ENDED, actor, reason)
    return _assign(slot, _successor(slot, now), Cause.WITHDRAWN, actor, reason)


def follow(*, actor: Actor) -> sweeping.Swept:
    """Settle every slot whose approval, or break-glass, has ended by what the rows say: the round after its end.

    Records as `act`. One that only looks whole is found by the nightly check.
    """
    return sweeping.each(_unsettled(), lambda pk: _follow(pk, actor))


def _follow(pk: UUID, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        slot = Slot.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()
        return slot is not None and act(slot, actor=actor) is not None


def _unsettled() -> QuerySet[Slot]:
    """Slots whose newest row names an approval, or a break-glass, that has ended."""
    newest = SlotAssignment.objects.filter(revision=F("slot__revision"))
    over = Q(champion_emergency__ends_at__lte=timezone.now()) | Q(champion_emergency__state=Emergency.State.ENDED)
    ended = newest.filter(over | _ended("champion_promotion") | _ended("canary_promotion"))
    return Slot.objects.filter(pk__in=ended.values("slot"))


def _ended(arm: str) -> Q:
    valid = Q(**{f"{arm}__state__in": PromotionRequest.VALID, f"{arm}__approval__in": PromotionRequest.STANDING})
    late = Q(**{f"{arm}__valid_until__lte": timezone.now()}) | Q(**{f"{arm}__valid_until": None})
    unwaived = Q(**{f"{arm}__gates__round": F(f"{arm}__round")}) & (
        Q(**{f"{arm}__gates__waiver__ended_at__lte": timezone.now()})
        | Q(**{f"{arm}__gates__waiver__expires_at__lte": timezone.now()})
    )
    return Q(**{f"{arm}__isnull": False}) & (~valid | late | unwaived)


def _successor(slot: Slot, now: SlotAssignment) -> PromotionRequest | None:
    """Who serves after a champion whose approval ended, as the policy it was approved by says."""
    promotion = now.champion_promotion
    if promotion is not None and approvals.policy_of(promotion).approval.on_end != FALL_BACK:
        return None
    return assigning.last_holder(slot, but=now.champion)


def _assign(slot: Slot, champion: PromotionRequest | None, cause: str, actor: Actor, reason: str) -> SlotAssignment:
    return assigning.assign(slot, Share(champion=champion), cause=cause, actor=actor, reason=reason)
