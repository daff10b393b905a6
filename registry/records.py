"""The canonical documents that signatures bind and evidence packs carry; the same rows always give the same bytes."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from audit.events import Json, plain, timestamp
from audit.tlog import canonical, merkle
from registry.models import Decision, EvidenceItem, EvidenceSet, GateResult, ModelVersion, PromotionRequest, User


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
    """What every signature on the request signs: artifact, data, policy, evidence and the gates' answers."""
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
        "artifact": request.artifact_digest,
        "dataset": request.dataset_digest,
        "policy": request.policy_digest,
        "champion": request.champion_digest,
        "context": plain(request.context),
        "evidence": {"merkle_root": request.evidence_root, "leaves": list(request.evidence_digests)},
        "headline": request.headline,
        "gates": [gate_result(gate) for gate in gates],
    }


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


def statement(
    request: PromotionRequest, *, signer: User, verdict: str, role: str, meaning: str, reason: str, at: Any
) -> dict[str, Json]:
    """What a signer states (21 CFR 11.50: printed name, time, meaning), unusable on any other record."""
    return {
        "statement": "decision",
        "promotion": str(request.pk),
        "record_digest": request.record_digest,
        "verdict": verdict,
        "role": role,
        "meaning": meaning,
        "reason_digest": hashlib.sha256(reason.encode()).hexdigest(),
        "signer": f"person:{signer.pk}",
        "printed_name": signer.get_full_name(),
        "signed_at": timestamp(at),
    }


def signature(decision: Decision) -> dict[str, Any]:
    """A signature as a record of its own, checkable with the public key alone."""
    return {
        "signed": decision.signed_digest,
        "public_key": decision.public_key,
        "signature": decision.signature,
        "statement": decision.statement,
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


def digest(document: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON, in hex."""
    return canonical.digest(document).hex()


def without_floats(document: Any) -> Any:
    """The document with every float as its shortest decimal string, so that it has one canonical spelling."""
    return plain(document)


def _figure(value: float | None) -> Json:
    """A figure may arrive as a whole number; its column holds a float, and so does every later reading."""
    return None if value is None else plain(float(value))
