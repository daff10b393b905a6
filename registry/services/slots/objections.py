"""Somebody looked at a version and said no: that counts for its bytes, whatever their number and slot."""

from django.db.models import Q

from audit.models import Event
from registry import events
from registry.models import ModelVersion, PromotionRequest

Approval = PromotionRequest.Approval
SAID_NO = (Approval.REJECTED, Approval.REVOKED, Approval.SUSPENDED)
SUSPENDED = events.ApprovalSuspended.event_name
#: What ends a suspension: a person, or a newer approval of the same version. The mere end of its time does not.
OVER = (events.ApprovalResumed.event_name, events.PromotionSuperseded.event_name)


def newest(version: ModelVersion) -> str | None:
    """Who would be outvoted if the version served without an approval, in one sentence; None where nobody would.

    Any request in any slot of the system for the same bytes counts, also where a suspended approval then expired.
    """
    system, artifact = version.model.system_id, version.artifact_digest
    asked = PromotionRequest.objects.filter(slot__system=system, artifact_digest=artifact).select_related("slot")
    for promotion in asked.filter(Q(approval__in=SAID_NO) | Q(approval=Approval.EXPIRED)):
        if promotion.approval in SAID_NO:
            return f"{version} was {promotion.get_approval_display().lower()} for {promotion.slot}."
        if _suspended(promotion):
            return f"{version} was suspended for {promotion.slot} when its approval ended."
    return None


def _suspended(promotion: PromotionRequest) -> bool:
    """Whether an approval was suspended when it ended: its own column only knows the end."""
    told = Event.objects.filter(subject_type="promotion", subject_id=str(promotion.pk), event__in=[SUSPENDED, *OVER])
    last = told.first()
    return last is not None and last.event == SUSPENDED
