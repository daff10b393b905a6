"""What belongs into the pack of a decision: the subjects whose whole histories it holds, and the records they name."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from audit.tlog import pack
from registry import records
from registry.gates import document
from registry.models import (
    Delegation,
    Emergency,
    Finding,
    PeriodicReview,
    PromotionRequest,
    Signature,
    SigningFactor,
    SlotAssignment,
)
from registry.models.signatures import Signed
from registry.services.approvals import approvals, gating

Document = dict[str, Any]
Approval = PromotionRequest.Approval
FACTOR = "signing_factor"


def subjects(promotion: PromotionRequest) -> Iterator[tuple[str, str]]:
    """Everything that the decision stands on, and what came of it; some of it more than once.

    What was signed in earlier rounds, which is void, stands in the request's own history, with its round.
    """
    version = promotion.model_version
    yield "promotion", str(promotion.pk)
    yield "model_version", str(version.pk)
    yield "training_run", str(version.run_id)
    yield "dataset_version", str(version.dataset_version_id)
    yield "policy", str(promotion.policy_id)
    for item in gating.evidence_about(version):
        yield "evidence_set", str(item.set_id)
    if hasattr(promotion, "rollout"):
        yield "rollout", str(promotion.rollout.pk)
    if SlotAssignment.objects.filter(champion_promotion=promotion).exists():
        yield "slot", str(promotion.slot_id)
    for kind, rows in _conduct(promotion).items():
        yield from ((kind, str(row.pk)) for row in rows)
    made = signatures(promotion)
    yield from (("signature", str(row.pk)) for row in made)
    yield from ((FACTOR, str(factor.pk)) for factor in _factors(promotion, made))


def signatures(promotion: PromotionRequest) -> list[Signature]:
    """What people signed beside the decisions: about waivers, conditions, findings, reviews, the policy, the end."""
    about = [("policy", promotion.policy_id), ("promotion", promotion.pk)]
    about += [(kind, row.pk) for kind, rows in _conduct(promotion).items() for row in rows]
    rows = Signature.objects.filter(subject_id__in=[identity for _, identity in about]).order_by("id")
    return [row for row in rows if (row.subject_type, row.subject_id) in about]


def held(promotion: PromotionRequest) -> Iterator[pack.Record]:
    """The records that the entries name by digest: what was decided on, and every signature with what it signs."""
    own = records.promotion(promotion, approvals.gates_of(promotion))
    yield pack.Record.of("promotion", own)
    yield pack.Record.of("model_version", records.model_version(promotion.model_version))
    yield pack.Record.of("PromotionPolicy", document.canonical_form(promotion.policy.document))
    for decision in approvals.decisions_of(promotion):
        yield from _signed(decision, [own])
    for row in signatures(promotion):
        yield from _signed(row, _signable(row, promotion))
    for item in gating.bound(promotion):
        yield pack.Record.of(item.kind, records.evidence_item(item, item.set))


def _conduct(promotion: PromotionRequest) -> dict[str, Iterable[Any]]:
    """What people did about the request beside deciding, by the name of its subject in the log."""
    emergencies = Emergency.objects.filter(slot=promotion.slot_id, model_version=promotion.model_version_id)
    return {
        "waiver": promotion.waivers.order_by("id"),
        "condition": promotion.conditions.order_by("id"),
        "finding": Finding.objects.filter(model_version=promotion.model_version_id).order_by("id"),
        "delegation": _delegations(promotion),
        "emergency": emergencies.order_by("id"),
        "review": [
            *PeriodicReview.objects.filter(promotion=promotion).order_by("id"),
            *PeriodicReview.objects.filter(emergency__in=emergencies).order_by("id"),
        ],
    }


def _delegations(promotion: PromotionRequest) -> list[Delegation]:
    """Those by which somebody signed for another."""
    stood_in = [row for row in approvals.decisions_of(promotion) if row.delegated_by_id]
    people = {(row.delegated_by_id, row.signer_id, row.role) for row in stood_in}
    rows = Delegation.objects.filter(delegate__in=[row.signer_id for row in stood_in]).order_by("id")
    return [row for row in rows if (row.delegator_id, row.delegate_id, row.role) in people]


def _factors(promotion: PromotionRequest, made: Iterable[Signature]) -> list[SigningFactor]:
    """Whose keys signed: their short histories say from when until when."""
    signed: list[Signed] = [*approvals.decisions_of(promotion), *made]
    keys = {(row.signer_id, row.personal_key) for row in signed}
    rows = SigningFactor.objects.filter(public_key__in=[key for _, key in keys]).order_by("id")
    return [row for row in rows if (row.account_id, row.public_key) in keys]


def _signed(row: Signed, documents: Iterable[Document]) -> Iterator[pack.Record]:
    """A signature with the document it signs; neither, where the rows no longer give that document.

    That it was signed then stands in its entry alone: a signature on what nobody can read would be a finding.
    """
    for one in documents:
        if records.digest(one) == row.signed_digest:
            yield pack.Record.of(str(one["kind"]), one)
            yield pack.Record.of("signature", records.signature(row))
            return


def _signable(row: Signature, promotion: PromotionRequest) -> Iterator[Document]:
    """The documents that a signature about this subject can be over."""
    match row.subject_type:
        case "policy":
            yield records.policy(promotion.policy)
        case "promotion":
            yield from _standings(promotion)
        case "waiver":
            yield records.waiver(promotion.waivers.get(pk=row.subject_id))
        case "condition":
            yield records.condition(promotion.conditions.get(pk=row.subject_id))
        case "finding":
            finding = Finding.objects.get(pk=row.subject_id)
            if finding.accepted_until:
                yield records.risk_acceptance(finding, finding.accepted_until)
        case "emergency":
            yield records.emergency(Emergency.objects.get(pk=row.subject_id))
        case "review":
            yield records.review(PeriodicReview.objects.get(pk=row.subject_id))


def _standings(promotion: PromotionRequest) -> Iterator[Document]:
    """The approval as it can have stood when somebody signed its suspension or end: at which revision, is not kept."""
    now = records.standing(promotion)
    for approval, revision in product(Approval.values, range(1, promotion.revision + 1)):
        yield {**now, "approval": approval, "revision": revision}
