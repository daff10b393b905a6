"""A second opinion on what may serve: written from the rules in words, with none of the product's own checks.

It reads rows and verifies signatures with nothing but a public key and SHA-256.
"""

import hashlib
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.utils import timezone

from audit.tlog import canonical
from registry.models import (
    Decision,
    Emergency,
    GateResult,
    Grant,
    ModelVersion,
    PromotionRequest,
    SigningFactor,
    Slot,
    SlotAssignment,
    User,
)
from registry.models.signatures import Signed

APPROVING = ("approve", "approve_with_conditions")


def complaints(slot: Slot) -> list[str]:
    """Everything that is wrong with what the slot serves now; an empty list where nothing is."""
    row = SlotAssignment.objects.filter(slot=slot).order_by("-revision").first()
    if row is None:
        return []
    found = [f"canary: {one}" for one in _arm(slot, row.canary, row.canary_promotion)] if row.canary else []
    if row.champion_emergency:
        return found + [f"break-glass: {one}" for one in _emergency(slot, row.champion, row.champion_emergency)]
    return found + [f"champion: {one}" for one in _arm(slot, row.champion, row.champion_promotion)]


def _arm(slot: Slot, version: ModelVersion | None, request: PromotionRequest | None) -> Iterator[str]:
    if version is None:
        return
    if request is None:
        yield "serves without a request"
        return
    if (request.slot_id, request.model_version_id) != (slot.pk, version.pk):
        yield "the approval is for something else"
    if request.approval not in ("approved", "conditionally_approved"):
        yield f"the approval is {request.approval}"
    if request.valid_until is None or request.valid_until <= timezone.now():
        yield "the approval has ended"
    if version.lifecycle != "registered" or request.artifact_digest != version.artifact_digest:
        yield "the version is not the one that was approved"
    yield from _signatures(request)
    yield from _gates(request)


def _signatures(request: PromotionRequest) -> Iterator[str]:
    """One validator and then one compliance reviewer, two people without a part in it, of whom none said no."""
    made = list(Decision.objects.filter(promotion=request, round=request.round).order_by("id"))
    if any(one.verdict in ("reject", "request_changes") for one in made):
        yield "somebody said no"
    signed = [one for one in made if one.verdict in APPROVING]
    wanted = [("validator", "independent_validation"), ("compliance_reviewer", "review")]
    if [(one.role, one.meaning) for one in signed] != wanted:
        yield f"signed as {[(one.role, one.meaning) for one in signed]}"
    people = [one.signer_id for one in made] + [one.delegated_by_id for one in made if one.delegated_by_id is not None]
    if len(set(people)) != len(people):
        yield "one person decided twice"
    for person in people:
        yield from _part(request, User.objects.get(pk=person))
    for one in made:
        if one.signed_digest != request.record_digest or not _verifies(one):
            yield "a signature is not over this record"


def _part(request: PromotionRequest, person: User) -> Iterator[str]:
    version = request.model_version
    parts = {
        "wrote the request": request.author_id,
        "trained the version": version.trained_by_id,
        "uploaded the data": version.dataset_version.uploaded_by_id,
    }
    for deed, who in parts.items():
        if who == person.pk:
            yield f"a signer {deed}"
    if person.kind != User.Kind.PERSON:
        yield "a service account signed"
    if Grant.objects.filter(account=person, role="platform_admin", revoked_at=None, created_at__lte=_decided(request)):
        yield "a platform admin signed"
    if request.recusals.filter(person=person, created_at__lte=_decided(request)).exists():
        yield "somebody signed who had stepped back"


def _decided(request: PromotionRequest) -> object:
    return request.decided_at or timezone.now()


def _gates(request: PromotionRequest) -> Iterator[str]:
    for gate in GateResult.objects.filter(promotion=request, round=request.round):
        if gate.effect == "block":
            yield f"{gate.gate} blocks"
        if gate.verdict == "waived":
            waiver = gate.waiver
            if waiver is None or waiver.state != "active" or waiver.expires_at <= timezone.now():
                yield f"{gate.gate} is waived by nothing"


def _emergency(slot: Slot, version: ModelVersion | None, emergency: Emergency) -> Iterator[str]:
    if version is None or (emergency.slot_id, emergency.model_version_id) != (slot.pk, version.pk):
        yield "for something else"
        return
    if emergency.state != "active" or emergency.ends_at <= timezone.now():
        yield "is over"
    if version is not None and emergency.opened_by_id in (
        version.trained_by_id,
        version.dataset_version.uploaded_by_id,
    ):
        yield "opened by somebody with a part in the version"


def _verifies(row: Signed) -> bool:
    """Both keys, over exactly the statement, which says what the columns say."""
    stated = row.statement
    if stated["reason_digest"] != hashlib.sha256(row.reason.encode()).hexdigest():
        return False
    if (stated["signer"], stated["record_digest"]) != (f"person:{row.signer_id}", row.signed_digest):
        return False
    if not SigningFactor.objects.filter(account=row.signer_id, public_key=row.personal_key).exists():
        return False
    try:
        for key, signature in ((row.public_key, row.signature), (row.personal_key, row.personal_signature)):
            message = canonical.encode(stated)
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), message)
    except InvalidSignature:
        return False
    return True
