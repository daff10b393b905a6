"""What a bill of materials declares: the gates' answers about a version as claims, with the evidence of each."""

from collections.abc import Iterable
from typing import Any

from audit.events import plain, timestamp
from registry.gates import words
from registry.models import EvidenceItem, GateResult, ModelVersion, PromotionRequest
from registry.services.approvals import approvals

ASSESSOR = "assessor"


def of(version: ModelVersion, *, target: str, assessor: str) -> dict[str, Any]:
    """By `declarations` what the newest approval that holds stands on; empty where none does."""
    promotion = _holding(version)
    if promotion is None:
        return {}
    gates = list(promotion.gates.filter(round=promotion.round).order_by("position"))
    wanted = {identity for gate in gates for identity in gate.evidence}
    items = list(EvidenceItem.objects.filter(pk__in=wanted).select_related("set").order_by("id"))
    declared = {
        "assessors": [{"bom-ref": ASSESSOR, "thirdParty": False, "organization": {"name": assessor}}],
        "attestations": [{"summary": f"{promotion}: {promotion.headline}", "assessor": ASSESSOR}],
        "claims": [_claim(gate, target, {item.pk for item in items}) for gate in gates],
        "evidence": [_evidence(item) for item in items],
    }
    return {"declarations": declared}


def _holding(version: ModelVersion) -> PromotionRequest | None:
    approved = version.promotions.filter(approval__in=PromotionRequest.STANDING).order_by("-decided_at")
    return next((one for one in approved.select_related("slot", "policy") if approvals.problem(one) is None), None)


def _claim(gate: GateResult, target: str, known: Iterable[Any]) -> dict[str, Any]:
    return {
        "bom-ref": f"claim/{gate.pk}",
        "target": target,
        "predicate": f"{gate.gate}: {gate.verdict}",
        "reasoning": gate.reason,
        "evidence": [_ref(identity) for identity in gate.evidence if identity in known],
    }


def _evidence(item: EvidenceItem) -> dict[str, Any]:
    """The item by the digest that is a leaf of the decision's evidence root."""
    value = "" if item.value is None else f" is {plain(float(item.value))}"
    return {
        "bom-ref": _ref(item.pk),
        "propertyName": "mlops-server:evidence_sha256",
        "description": f"{words.name(str(item))}{value}; SHA-256 {item.digest}",
        "created": timestamp(item.set.created_at),
    }


def _ref(identity: Any) -> str:
    return f"evidence/{identity}"
