"""Whether a finding is settled: by evidence newer than its mending, or a risk officer's signature, never by a flag."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from audit.models import Event
from registry import events, records
from registry.models import EvidenceSet, Finding, ModelVersion, PromotionRequest, Signature, User
from registry.roles import Role
from registry.services import signing
from registry.services.duties import duties
from registry.services.signing import Stated

State = Finding.State
MENDING = (events.FindingRemedied.event_name, events.FindingReady.event_name)


def settled(finding: Finding) -> bool:
    """Whether a finding is closed by newer evidence, or its risk is borne now by a signature that verifies."""
    if finding.state == State.CLOSED:
        return finding.retest is not None and outdated(finding, finding.retest) is None
    return finding.state == State.RISK_ACCEPTED and acceptance(finding) is not None


def blocks(finding: Finding) -> bool:
    """Whether a finding stops signatures on its version.

    One that evidence about a later version closed was mended there; the version itself is as it was.
    """
    elsewhere = finding.retest is not None and finding.retest.model_version_id != finding.model_version_id
    return finding.severity in Finding.BLOCKING and (elsewhere or not settled(finding))


def outdated(finding: Finding, evidence: EvidenceSet) -> str | None:
    """Why evidence does not close the finding, or None.

    It must be about the version or a later one of the same model, which replaces it, and begun after the mending.
    """
    version, tested = finding.model_version, evidence.model_version
    if tested is None or tested.model_id != version.model_id or tested.number < version.number:
        return "is not about this version, nor about a later one of the same model"
    started = evidence.evaluation.started_at if evidence.evaluation else None
    if finding.remedied_at is None or (started or evidence.created_at) <= finding.remedied_at:
        return "is older than the mending"
    return None


def acceptance(finding: Finding) -> Signature | None:
    """The genuine signature by which the finding's risk is borne now."""
    until = finding.accepted_until
    if until is None or until <= timezone.now():
        return None
    rows = Signature.objects.filter(subject_type="finding", subject_id=finding.pk).order_by("-signed_at")
    return next((row for row in rows if _counts(row, finding, until)), None)


def parties(finding: Finding) -> frozenset[UUID | None]:
    """Who had a part in the version or in the finding: none of them accepts its risk."""
    return makers(finding) | {finding.raised_by_id}


def makers(finding: Finding) -> frozenset[UUID | None]:
    """Who had a part in the version, or is to mend what was found."""
    version, promotion = finding.model_version, finding.promotion
    return frozenset(
        (
            finding.owner_id,
            finding.remedied_by_id,
            version.trained_by_id,
            version.dataset_version.uploaded_by_id,
            promotion.author_id if promotion else None,
        )
    )


def worked(finding: Finding, account: User) -> bool:
    """Whether somebody worked on the finding, or made or asked for its version or the same bytes registered again.

    The log knows everybody who put a request forward or mended; the rows only know the last.
    """
    version = finding.model_version
    same = ModelVersion.objects.filter(artifact_digest=version.artifact_digest, model__system=version.model.system_id)
    requests = PromotionRequest.objects.filter(model_version__in=same)
    asked = Q(
        subject_type="promotion",
        subject_id__in=[str(pk) for pk in requests.values_list("pk", flat=True)],
        event__in=duties.SUBMITTING,
    )
    mended = Q(subject_type="finding", subject_id=str(finding.pk), event__in=MENDING)
    return (
        same.filter(Q(trained_by=account) | Q(dataset_version__uploaded_by=account)).exists()
        or requests.filter(author=account).exists()
        or Event.objects.filter(asked | mended, actor=f"person:{account.pk}").exists()
    )


def stated(finding: Finding, until: datetime, *, reason: str) -> Stated:
    """What a signature on the finding states; unusable on any other record, and for any other time."""
    return Stated(
        kind="risk_acceptance",
        subject="finding",
        identity=finding.pk,
        record_digest=records.digest(records.risk_acceptance(finding, until)),
        verdict="accept",
        role=Role.RISK_OFFICER,
        meaning="risk_acceptance",
        reason=reason,
    )


def _counts(row: Signature, finding: Finding, until: datetime) -> bool:
    apart = row.signer_id not in parties(finding)
    return apart and signing.genuine(row, stated=stated(finding, until, reason=row.reason))
