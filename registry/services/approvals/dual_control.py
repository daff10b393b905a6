"""Whether a waiver counts: two people who had no part in the version signed exactly what it says."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from registry import records
from registry.gates import duties as rules
from registry.gates import facts
from registry.models import PromotionRequest, Signature, User, Waiver
from registry.services import signing
from registry.services.duties import duties
from registry.services.signing import Stated

GRANT, REVOKE = "grant", "revoke"
SIGNATURES = 2


def in_force(promotion: PromotionRequest, now: datetime | None = None) -> tuple[facts.Waiver, ...]:
    """The waivers of a request that had been granted at a moment and had not ended, as the gates read them.

    Only for exactly the artifact and policy that it binds, and only where both signatures are genuine. Each carries
    what its gate had answered: it covers nothing that is worse.
    """
    now = now or timezone.now()
    rows = promotion.waivers.filter(Q(ended_at=None) | Q(ended_at__gt=now), granted_at__lte=now).order_by("id")
    granted = [(row, _granted(row, now)) for row in rows if _bound(row, promotion)]
    return tuple(_fact(row, made) for row, made in granted if made)


def stands(waiver: Waiver, now: datetime | None = None) -> bool:
    """Whether the waiver holds now: active, in time, for what its request binds, and signed by two."""
    now = now or timezone.now()
    return (
        waiver.state == Waiver.State.ACTIVE
        and waiver.ended_at is None
        and now < waiver.expires_at
        and _bound(waiver, waiver.promotion)
        and genuine(waiver, now=now)
    )


def genuine(waiver: Waiver, *, now: datetime | None = None) -> bool:
    """Whether two independent people signed what the row says, the second when it says, and nobody signed it away."""
    return bool(_granted(waiver, now or timezone.now()))


def grants(waiver: Waiver) -> list[Signature]:
    """The genuine signatures that grant the waiver, oldest first: of two people at most, who had no part in it."""
    return _independent(waiver, _genuine_signatures(waiver))


def stated(waiver: Waiver, *, verdict: str, role: str, meaning: str, reason: str) -> Stated:
    """What a signature on the waiver states; unusable on any other record."""
    return Stated(
        kind="waiver",
        subject="waiver",
        identity=waiver.pk,
        record_digest=waiver.record_digest,
        verdict=verdict,
        role=role,
        meaning=meaning,
        reason=reason,
    )


def _granted(waiver: Waiver, now: datetime) -> list[Signature]:
    """The two signatures, where the waiver is genuine; none where it is not."""
    made = _genuine_signatures(waiver)
    granted = _independent(waiver, made)
    counts = (
        waiver.record_digest == records.digest(records.waiver(waiver))
        and len(granted) == SIGNATURES
        and waiver.granted_at == granted[-1].signed_at
        and not any(_verdict(row) == REVOKE and row.signed_at <= now for row in made)
    )
    return granted if counts else []


def _genuine_signatures(waiver: Waiver) -> list[Signature]:
    """Oldest first; a row that does not verify is as good as none."""
    rows = Signature.objects.filter(subject_type="waiver", subject_id=waiver.pk).select_related("signer")
    return [
        row
        for row in rows.order_by("signed_at", "id")
        if signing.genuine(
            row, stated=stated(waiver, verdict=_verdict(row), role=row.role, meaning=row.meaning, reason=row.reason)
        )
    ]


def _verdict(row: Signature) -> str:
    return str(row.statement.get("verdict", ""))


def _independent(waiver: Waiver, made: Iterable[Signature]) -> list[Signature]:
    """The first two people who granted it and neither asked for it nor had a part in what it is about."""
    promotion = waiver.promotion
    known, first = duties.history(promotion), dict[UUID, Signature]()
    for row in made:
        part = rules.conflicts(
            str(row.signer_id), None, row.role, duties.record(promotion, (), known, at=row.signed_at)
        )
        granted = _verdict(row) == GRANT and row.signer.kind == User.Kind.PERSON
        if granted and not part and row.signer_id != waiver.requested_by_id:
            first.setdefault(row.signer_id, row)
    return list(first.values())[:SIGNATURES]


def _bound(waiver: Waiver, promotion: PromotionRequest) -> bool:
    bound = (promotion.pk, promotion.artifact_digest, promotion.policy_digest)
    return (waiver.promotion_id, waiver.artifact_digest, waiver.policy_digest) == bound


def _fact(waiver: Waiver, made: Iterable[Signature]) -> facts.Waiver:
    answer = records.waived(waiver)
    brought = {"rationale": waiver.rationale, "compensating_control": waiver.compensating_control}
    return facts.Waiver(
        id=str(waiver.pk),
        gate_id=waiver.gate,
        roles=tuple(row.role for row in made),
        granted_at=waiver.granted_at or waiver.created_at,
        expires_at=waiver.expires_at,
        brings=tuple(name for name, text in brought.items() if text.strip()),
        verdict=answer.verdict if answer else "",
        value=answer.value if answer else None,
    )
