"""What a decision is about must not move under it: a change makes the request stale, by itself or when it is used."""

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.models import ModelVersion, PolicyVersion, PromotionRequest
from registry.services import gating


def moved(promotion: PromotionRequest) -> str | None:
    """What of a request's grounds is no longer as the gates saw it, in one sentence; None where nothing moved.

    Asked before each signature and before a version begins to serve, inside the lock.
    """
    version, slot = promotion.model_version, promotion.slot
    champion = gating.champion(slot)
    if promotion.policy.state != PolicyVersion.State.EFFECTIVE:
        return f"The policy {promotion.policy} is {promotion.policy.state}."
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        return f"{version} is {version.lifecycle}."
    if promotion.champion_digest != (champion.artifact_digest if champion else ""):
        return "Another version has become champion since the gates compared with the one before."
    if promotion.context != gating.context(version, slot, champion):
        return "What the policy's conditions read, such as the risk tier, has changed."
    if records.merkle_root(gating.digests(gating.evidence_about(version))) != promotion.evidence_root:
        return "The evidence has changed since the request was made."
    return None


def mark(version: ModelVersion, *, cause: str, actor: Actor) -> list[PromotionRequest]:
    """Make the version's requests stale that do not serve yet, in the caller's transaction.

    Records promotion.went_stale. What serves already answers to its monitors.
    """
    unused = PromotionRequest.objects.filter(state__in=PromotionRequest.UNUSED, rollout=None)
    requests = list(unused.filter(model_version=version).select_for_update(of=("self",)))
    for request in requests:
        request.state, request.revision = PromotionRequest.State.STALE, request.revision + 1
        request.save()
        log.record(events.PromotionWentStale(cause=cause), subject=request, actor=actor)
    return requests
