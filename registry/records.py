"""The canonical documents that signatures bind and evidence packs carry; the same rows always give the same bytes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from audit.events import Json, plain
from audit.tlog import canonical, merkle
from registry.gates.document import canonical_form
from registry.models import (
    CardText,
    ClauseExemption,
    Condition,
    Emergency,
    EvidenceItem,
    EvidenceSet,
    Finding,
    GateResult,
    ModelVersion,
    PeriodicReview,
    PolicyVersion,
    PromotionRequest,
    Waiver,
)
from registry.models.signatures import Signed


def evidence_item(item: EvidenceItem, set_: EvidenceSet) -> dict[str, Json]:
    """One figure, bound to the artifact and data it was measured on."""
    return {
        "kind": item.kind,
        "metric": item.metric,
        "split": item.split,
        "attribute": item.attribute,
        "group": item.group,
        "against": item.against,
        "value": _figure(item.value),
        "low": _figure(item.low),
        "high": _figure(item.high),
        "confidence": _figure(item.confidence),
        "n": item.n,
        "method": item.method,
        "fields": plain(item.fields),
        "artifact": set_.artifact_digest,
        "dataset": set_.dataset_digest,
        "against_artifact": set_.against_digest,
        "tool": set_.tool,
    }


def merkle_root(digests: Iterable[str]) -> str:
    """The RFC 9162 root over digests in their sorted order, in hex."""
    return merkle.root([merkle.leaf_hash(bytes.fromhex(digest)) for digest in sorted(digests)]).hex()


def promotion(request: PromotionRequest, gates: Sequence[GateResult]) -> dict[str, Json]:
    """What every signature on the request signs: artifact, data, policy, evidence and the gates' answers.

    gates: of any rounds; those of the current one count, and the waivers that they rest on.
    """
    current = sorted((gate for gate in gates if gate.round == request.round), key=lambda gate: gate.position)
    return {
        "kind": "promotion",
        "title": str(request),
        "id": str(request.pk),
        "model_version": {
            "id": str(request.model_version_id),
            "name": str(request.model_version),
            "record": digest(model_version(request.model_version)),
        },
        "slot": request.slot.key,
        "author": f"person:{request.author_id}",
        "people": _people(request.model_version),
        "artifact": request.artifact_digest,
        "dataset": request.dataset_digest,
        "policy": request.policy_digest,
        "champion": request.champion_digest,
        "context": plain(request.context),
        "evidence": {"merkle_root": request.evidence_root, "leaves": list(request.evidence_digests)},
        "headline": request.headline,
        "round": request.round,
        "change_class": request.change_class,
        "gates": [gate_result(gate) for gate in current],
        "waivers": _waivers(current),
    }


def _people(version: ModelVersion) -> dict[str, Json]:
    """Who trained, brought the data and led its labelling: who may sign hangs on them."""
    data = version.dataset_version
    labeller = data.dataset.labelled_by_id
    return {
        "trained_by": f"person:{version.trained_by_id}",
        "uploaded_by": f"person:{data.uploaded_by_id}",
        "labelled_by": f"person:{labeller}" if labeller else None,
    }


def _waivers(gates: Sequence[GateResult]) -> list[Json]:
    """Which waiver each waived gate rests on, and what its two people signed."""
    return [
        {"gate": gate.gate, "waiver": str(gate.waiver_id), "record": gate.waiver.record_digest}
        for gate in gates
        if gate.waiver is not None
    ]


def gate_result(gate: GateResult) -> dict[str, Json]:
    """One gate's answer with the figure that decided it."""
    return {
        "gate": gate.gate,
        "verdict": gate.verdict,
        "effect": gate.effect,
        "reason": gate.reason,
        "value": _figure(gate.value),
        "low": _figure(gate.low),
        "high": _figure(gate.high),
        "n": gate.n,
        "threshold": gate.threshold,
        "group": gate.group,
    }


def signature(row: Signed) -> dict[str, Any]:
    """A signature as a record of its own, checkable with the public keys alone."""
    return {
        "signed": row.signed_digest,
        "public_key": row.public_key,
        "signature": row.signature,
        "personal_key": row.personal_key,
        "personal_signature": row.personal_signature,
        "statement": row.statement,
    }


def model_version(version: ModelVersion) -> dict[str, Json]:
    """What a version is: artifact, data, run, recipe and seed."""
    run = version.run
    return {
        "kind": "model_version",
        "id": str(version.pk),
        "name": str(version),
        "artifact": version.artifact_digest,
        "dataset": version.dataset_version.digest,
        "run": {
            "id": str(run.pk),
            "recipe": plain(run.recipe),
            "seed": run.seed,
            "code": run.code_digest,
            "environment": run.environment_digest,
            "metrics": plain(run.metrics),
        },
        "input_schema": plain(version.input_schema),
        "threshold": _figure(version.threshold),
    }


def card_text(row: CardText) -> dict[str, Json]:
    """A section as it was written, about exactly one version."""
    return {
        "kind": "card_text",
        "about": row.subject_type,
        "id": str(row.subject_id),
        "section": row.section,
        "text": row.text,
    }


def clause_exemption(row: ClauseExemption) -> dict[str, Json]:
    """Which clause does not apply to which system, and why."""
    return {
        "kind": "clause_exemption",
        "id": str(row.pk),
        "system": str(row.system_id),
        "clause": row.clause,
        "reason": row.reason,
    }


def waiver(row: Waiver) -> dict[str, Json]:
    """What both signatures on a waiver sign: which answer of which gate, on what grounds, against what, until when."""
    answer = waived(row)
    return {
        "kind": "waiver",
        "id": str(row.pk),
        "promotion": str(row.promotion_id),
        "gate": row.gate,
        "answer": gate_result(answer) if answer else None,
        "artifact": row.artifact_digest,
        "policy": row.policy_digest,
        "rationale": row.rationale,
        "compensating_control": row.compensating_control,
        "requested_by": f"person:{row.requested_by_id}",
        "expires_at": plain(row.expires_at),
    }


def waived(row: Waiver) -> GateResult | None:
    """What the gate answered when the waiver was asked for: rounds that begin later change nothing of it."""
    answers = row.promotion.gates.filter(gate=row.gate)
    if not row._state.adding:
        answers = answers.filter(created_at__lte=row.created_at)
    return answers.order_by("round").last()


def condition(row: Condition) -> dict[str, Json]:
    """What an approval was made conditional on, as the decision's signature binds it."""
    return {
        "kind": "condition",
        "id": str(row.pk),
        "promotion": str(row.promotion_id),
        "text": row.text,
        "rule": None if row.rule is None else canonical_form(row.rule),
        "standing": row.standing,
        "due_at": plain(row.due_at),
        "on_breach": row.on_breach,
    }


def conditions(rows: Iterable[Condition]) -> dict[str, Json]:
    """What a decision's statement says more where it was made on conditions: one root over all of them."""
    digests = [digest(condition(row)) for row in rows]
    return {"conditions": merkle_root(digests)} if digests else {}


def policy(row: PolicyVersion) -> dict[str, Json]:
    """What the second person signs: exactly this text of that author, for exactly this time."""
    return {
        "kind": "policy",
        "title": str(row),
        "id": str(row.pk),
        "name": row.name,
        "version": row.version,
        "digest": row.digest,
        "author": f"person:{row.author_id}",
        "effective_from": plain(row.effective_from),
        "effective_until": plain(row.effective_until),
    }


def risk_acceptance(row: Finding, until: datetime) -> dict[str, Json]:
    """What a risk officer signs who accepts what was found: exactly this, about exactly this artifact, until a date."""
    return {
        "kind": "risk_acceptance",
        "id": str(row.pk),
        "model_version": str(row.model_version_id),
        "artifact": row.model_version.artifact_digest,
        "severity": row.severity,
        "title": row.title,
        "detail": row.detail,
        "until": plain(until),
    }


def emergency(row: Emergency) -> dict[str, Json]:
    """What who breaks the glass signs: which artifact, where, and until when."""
    return {
        "kind": "emergency",
        "id": str(row.pk),
        "slot": row.slot.key,
        "model_version": str(row.model_version_id),
        "artifact": row.artifact_digest,
        "opened_by": f"person:{row.opened_by_id}",
        "opened_at": plain(row.opened_at),
        "ends_at": plain(row.ends_at),
    }


def review(row: PeriodicReview) -> dict[str, Json]:
    """What a reviewer signs: which look at which approval, or at which break-glass."""
    about = row.promotion or row.emergency
    return {
        "kind": "review",
        "id": str(row.pk),
        "cause": row.cause,
        "promotion": str(row.promotion_id) if row.promotion_id else None,
        "emergency": str(row.emergency_id) if row.emergency_id else None,
        "record": about.record_digest if about else "",
    }


def standing(request: PromotionRequest) -> dict[str, Json]:
    """What who suspends, resumes or revokes an approval signs: which approval, as it stood at its revision."""
    return {
        "kind": "standing",
        "promotion": str(request.pk),
        "record": request.record_digest,
        "approval": request.approval,
        "revision": request.revision,
    }


def digest(document: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON, in hex."""
    return canonical.digest(document).hex()


def without_floats(document: Any) -> Any:
    """The document with every float as its shortest decimal string, so that it has one canonical spelling."""
    return plain(document)


def _figure(value: float | None) -> Json:
    """A figure may arrive as a whole number; its column holds a float, and so does every later reading."""
    return None if value is None else plain(float(value))
