"""What lets a version serve: an approval that holds, or a break-glass that runs; asked at each write and each night."""

from datetime import datetime

from django.utils import timezone

from registry import records
from registry.models import Emergency, ModelVersion, PeriodicReview, PromotionRequest, Signature, SlotAssignment
from registry.services import signing
from registry.services.approvals import approvals
from registry.services.signing import Stated

ARMS = ("champion", "canary")


def problem(warrant: PromotionRequest | Emergency) -> str | None:
    """Why a version may not serve by this, in one sentence; None where it may."""
    return broken(warrant) if isinstance(warrant, Emergency) else approvals.problem(warrant)


def problems(row: SlotAssignment) -> dict[str, str]:
    """What is wrong with each arm of an assignment that may not serve: another slot, another version, no warrant."""
    found = {arm: _problem(row, arm) for arm in ARMS}
    return {arm: sentence for arm, sentence in found.items() if sentence}


def of(row: SlotAssignment, arm: str) -> PromotionRequest | Emergency | None:
    """What lets the arm serve, as the row names it."""
    emergency = row.champion_emergency if arm == "champion" else None
    found: PromotionRequest | Emergency | None = emergency or getattr(row, f"{arm}_promotion")
    return found


def until(warrant: PromotionRequest | Emergency) -> datetime | None:
    """When it stops to let a version serve by itself, whether or not a round notices: its end, and what it leans on."""
    if isinstance(warrant, Emergency):
        return warrant.ends_at
    waived = warrant.gates.filter(round=warrant.round).exclude(waiver=None)
    unanswered = warrant.reviews.filter(state__in=PeriodicReview.OPEN)
    ends = [
        warrant.valid_until,
        *waived.values_list("waiver__expires_at", flat=True),
        *unanswered.values_list("lapses_at", flat=True),
    ]
    return min((moment for moment in ends if moment is not None), default=None)


def broken(emergency: Emergency) -> str | None:
    """Why a break-glass lets nothing serve; None where it runs, is signed, and is about exactly this artifact."""
    version = emergency.model_version
    if emergency.state != Emergency.State.ACTIVE or emergency.ends_at <= timezone.now():
        return "The break-glass is over."
    if version.lifecycle != ModelVersion.Lifecycle.REGISTERED:
        return f"{version} is {version.lifecycle}."
    if emergency.artifact_digest != version.artifact_digest:
        return "The artifact is not the one of the break-glass."
    if emergency.record_digest != records.digest(records.emergency(emergency)):
        return "The record of the break-glass has changed."
    made = Signature.objects.filter(subject_type="emergency", subject_id=emergency.pk, signer=emergency.opened_by)
    if not any(signing.genuine(row, stated=stated(emergency, role=row.role)) for row in made):
        return "The signature on the break-glass does not verify."
    return None


def stated(emergency: Emergency, *, role: str) -> Stated:
    """What who breaks the glass states; unusable on any other record."""
    return Stated(
        kind="emergency",
        subject="emergency",
        identity=emergency.pk,
        record_digest=emergency.record_digest,
        verdict="open",
        role=role,
        meaning="break_glass",
        reason=emergency.reason,
    )


def _problem(row: SlotAssignment, arm: str) -> str | None:
    version, warrant = getattr(row, arm), of(row, arm)
    if version is None:
        return None
    if warrant is None:
        return "Nothing is named that lets the version serve."
    if warrant.slot_id != row.slot_id or warrant.model_version_id != version.pk:
        return "What is named lets another version, or another slot, serve."
    return problem(warrant)
