"""What a decision is about must not move under it: a request goes stale at once, an approval after a grace."""

from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.errors import Conflict, Stale
from registry.gates.policy import Approval
from registry.models import AISystem, ModelVersion, PolicyVersion, PromotionRequest, Slot
from registry.services.approvals import approvals, findings, gating, grounds, reviews
from registry.services.duties import tasks

State = PromotionRequest.State
#: A decision binds digests; what comes back to its gates (draft, blocked, changes requested) binds them anew.
BOUND = (State.IN_REVIEW, State.APPROVED)
STANDING = (State.EXECUTING, State.COMPLETED)


def moved(promotion: PromotionRequest) -> str | None:
    """What of a request's grounds is no longer as the gates saw it, in one sentence; None where nothing moved.

    Asked before each signature and before a version begins to serve, inside the lock.
    """
    version, slot = promotion.model_version, promotion.slot
    champion = grounds.baseline(version, slot)
    if promotion.policy.state != PolicyVersion.State.EFFECTIVE:
        return f"The policy {promotion.policy} is {promotion.policy.state}."
    if promotion.policy.effective_until and promotion.policy.effective_until <= timezone.now():
        return f"The window of the policy {promotion.policy} is over."
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        return f"{version} is {version.lifecycle}."
    if promotion.champion_digest != (champion.artifact_digest if champion else ""):
        return "Another version has become champion since the gates compared with the one before."
    if promotion.context != gating.context(version, slot, champion, change_class=promotion.change_class):
        return "What the policy's conditions read, such as the risk tier, has changed."
    if records.merkle_root(gating.digests(gating.evidence_about(version))) != promotion.evidence_root:
        return "The evidence has changed since the request was made."
    return None


def aged(promotion: PromotionRequest) -> str | None:
    """Why an approval that holds is too old to begin with, in one sentence; None where it is fresh.

    Asked, beside whether it holds, before a version begins to serve, takes a larger share, or is gone back to: it may
    go on serving for its grace, but nothing new stands on it; nor on one whose version has an unsettled finding.
    """
    wrong = findings.unsettled(promotion.model_version)
    if wrong:
        return wrong
    if promotion.stale_since is not None:
        return f"Its grounds have moved since it was approved ({promotion.stale_since:%d %B %Y})."
    if promotion.state != State.COMPLETED:
        return moved(promotion)
    when = approvals.policy_of(promotion).approval.stale_when
    if "policy_digest" in when and promotion.policy.state != PolicyVersion.State.EFFECTIVE:
        return f"The policy {promotion.policy} is {promotion.policy.state}."
    known = gating.digests(gating.evidence_about(promotion.model_version))
    if "evidence_root" in when and records.merkle_root(known) != promotion.evidence_root:
        return "The evidence has changed since it was approved."
    return None


def require_fresh(promotion: PromotionRequest) -> None:
    """Raises Stale where the approval does not hold, or nothing new may begin on it; Conflict where findings stand."""
    approvals.require_valid(promotion)
    wrong = findings.unsettled(promotion.model_version)
    if wrong:
        raise Conflict(wrong, remedy="Have them mended and retested, or the risk accepted.")
    found = aged(promotion)
    if found:
        raise Stale(found, remedy="Submit a new promotion request for this version.")


def mark(version: ModelVersion, *, cause: str, actor: Actor) -> list[PromotionRequest]:
    """New evidence about a version, or its retirement, inside the caller's transaction.

    What is open goes stale at once; what serves or served is to be reviewed within its policy's grace. Records
    promotion.went_stale and promotion.grounds_moved.
    """
    return _mark(PromotionRequest.objects.filter(model_version=version), "evidence_root", cause=cause, actor=actor)


def mark_policy(policy: PolicyVersion, *, cause: str, actor: Actor) -> list[PromotionRequest]:
    """A policy that was superseded or whose window is over, inside the caller's transaction. Records as `mark`."""
    return _mark(PromotionRequest.objects.filter(policy=policy), "policy_digest", cause=cause, actor=actor)


def mark_system(system: AISystem, *, cause: str, actor: Actor) -> list[PromotionRequest]:
    """A change of what policies' conditions read of a system, inside the caller's transaction. Records as `mark`."""
    return _mark(PromotionRequest.objects.filter(slot__system=system), "context", cause=cause, actor=actor)


def mark_slot(slot: Slot, *, actor: Actor) -> None:
    """Another version has become champion: who was compared with another is stale. The slot is locked."""
    for request in _locked(slot.promotions.filter(state__in=BOUND, rollout=None)):
        rival = grounds.baseline(request.model_version, slot)
        if request.champion_digest != (rival.artifact_digest if rival else ""):
            go_stale(request, cause="another version has become champion", actor=actor)


def go_stale(request: PromotionRequest, *, cause: str, actor: Actor) -> None:
    """The request, locked by the caller, no longer counts; a new one must be made. Records promotion.went_stale."""
    request.state, request.revision, request.due_at = State.STALE, request.revision + 1, None
    if request.approval in PromotionRequest.STANDING:
        request.approval = PromotionRequest.Approval.NONE
    request.save()
    log.record(events.PromotionWentStale(cause=cause), subject=request, actor=actor, also=tasks.close(request))


def _mark(requests: QuerySet[PromotionRequest], ground: str, *, cause: str, actor: Actor) -> list[PromotionRequest]:
    """Slots first, then their promotions: whoever holds several promotions of a slot holds the slot."""
    found = requests.filter(state__in=[*BOUND, *STANDING])
    slots = Slot.objects.filter(pk__in=found.values("slot")).order_by("pk")
    list(slots.select_for_update(no_key=True))
    marked = [request for request in _locked(found) if _concerned(request, ground)]
    for request in marked:
        if request.state in BOUND:
            go_stale(request, cause=cause, actor=actor)
        else:
            _grounds_moved(request, cause=cause, actor=actor)
    return marked


def _locked(requests: QuerySet[PromotionRequest]) -> list[PromotionRequest]:
    rows = requests.select_related("policy", "model_version", "slot").order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True))


def _concerned(request: PromotionRequest, ground: str) -> bool:
    """Whatever is open; of what stands, approvals that hold and whose policy names the ground (the system's always)."""
    if request.state in BOUND:
        return True
    return (
        request.approval in PromotionRequest.STANDING
        and request.stale_since is None
        and ground in (*_approval(request).stale_when, "context")
    )


def _grounds_moved(promotion: PromotionRequest, *, cause: str, actor: Actor) -> None:
    """What serves is reviewed within its grace; what served once is only no place to go back to any more."""
    promotion.stale_since, promotion.revision = timezone.now(), promotion.revision + 1
    promotion.save()
    serves = _serves(promotion)
    event = events.PromotionGroundsMoved(cause=cause, serves=serves)
    log.record(event, subject=promotion, actor=actor)
    if serves:
        reviews.open_stale(promotion, detail=cause, actor=actor)


def _serves(promotion: PromotionRequest) -> bool:
    """Also where a break-glass has displaced it for some hours: it comes back."""
    current = promotion.slot.assignments.filter(champion_emergency=None).first()
    return current is not None and promotion.pk in (current.champion_promotion_id, current.canary_promotion_id)


def _approval(promotion: PromotionRequest) -> Approval:
    return approvals.policy_of(promotion).approval
