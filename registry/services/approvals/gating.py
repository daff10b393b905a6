"""The gates' facts read from rows, and their answers written as rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from registry import records
from registry.gates.facts import Evidence, Facts, Waiver
from registry.gates.materiality import materiality
from registry.gates.results import Evaluation
from registry.models import (
    AISystem,
    EvidenceItem,
    EvidenceSet,
    GateResult,
    ModelVersion,
    PolicyVersion,
    PromotionRequest,
    Slot,
)
from registry.services.approvals import dual_control

SMALLEST_SHARE = 0.02


def evidence_about(version: ModelVersion) -> list[EvidenceItem]:
    """What is known about a version and the data it learned from: the leaves of a request's evidence root."""
    sets = EvidenceSet.objects.filter(model_version=version) | EvidenceSet.objects.filter(
        model_version=None, dataset_version=version.dataset_version
    )
    items = EvidenceItem.objects.filter(set__in=sets).select_related("set", "set__evaluation")
    return sorted(items, key=lambda item: item.digest)


def digests(items: Iterable[EvidenceItem]) -> list[str]:
    """The items' digests in order, computed from what the rows say now and not from what they say of themselves."""
    return sorted(digest(item) for item in items)


def digest(item: EvidenceItem) -> str:
    """The item's digest, computed from what its row says now."""
    return records.digest(records.evidence_item(item, item.set))


def champion(slot: Slot) -> ModelVersion | None:
    """The version that a candidate for the slot is compared with: the last that came to serve by an approval."""
    current = slot.assignments.filter(champion_emergency=None).select_related("champion").first()
    return current.champion if current else None


def facts(
    version: ModelVersion,
    slot: Slot,
    policy: PolicyVersion,
    items: Iterable[EvidenceItem],
    champion: ModelVersion | None,
    *,
    change_class: str = "",
    waivers: Sequence[Waiver] = (),
    now: datetime | None = None,
) -> Facts:
    """Everything the gates read now; they only ever see rows of the registry."""
    now = now or timezone.now()
    return Facts(
        evidence=tuple(_evidence(item) for item in items),
        context=context(version, slot, champion, change_class=change_class),
        subjects=_subjects(version.artifact_digest, version.dataset_version.digest, _artifact(champion)),
        groups=_groups(version),
        now=now,
        policy_effective_from=policy.effective_from or now,
        waivers=tuple(waivers),
    )


def facts_of(request: PromotionRequest) -> Facts:
    """What the gates of a request read when they answered: its frozen digests, context and time, nothing newer."""
    frozen, now = set(request.evidence_digests), judged_at(request)
    # A figure measured again later may be the same to the last digit, and so have the same digest.
    known = [item for item in evidence_about(request.model_version) if item.set.created_at <= now]
    items = [item for item in known if digest(item) in frozen]
    return Facts(
        evidence=tuple(_evidence(item) for item in items),
        context=request.context,
        subjects=_subjects(request.artifact_digest, request.dataset_digest, request.champion_digest),
        groups=_groups(request.model_version),
        now=now,
        policy_effective_from=request.policy.effective_from or now,
        waivers=waivers(request, now=now),
    )


def bound(request: PromotionRequest) -> list[EvidenceItem]:
    """The figures that a request froze, each once, as their rows stand now; of equal ones the newest."""
    own = Q(set__model_version=request.model_version_id) | Q(set__model_version=None)
    found = EvidenceItem.objects.filter(own, digest__in=request.evidence_digests).select_related("set")
    ordered = found.order_by("kind", "attribute", "metric", "group", "id")
    return list({item.digest: item for item in ordered}.values())


def judged_at(request: PromotionRequest) -> datetime:
    """When the gates answered in the current round: the rows of their answers say it."""
    first = request.gates.filter(round=request.round).order_by("created_at").first()
    return first.created_at if first else request.submitted_at or request.created_at


def waivers(request: PromotionRequest, *, now: datetime | None = None) -> tuple[Waiver, ...]:
    """The waivers of a request that count at a moment, as the gates read them."""
    return dual_control.in_force(request, now)


def context(
    version: ModelVersion, slot: Slot, champion: ModelVersion | None, *, change_class: str = ""
) -> dict[str, Any]:
    """The fields that a policy's conditions may name; gates/fields.py lists them."""
    system = slot.system
    return {
        "system": {
            "name": system.name,
            "risk_tier": system.tier_in_force,
            "materiality": materiality(system.exposure, system.reliance) if system.is_classified else "high",
            "position": system.position,
            "personal_data": system.personal_data or not system.is_classified,
            "regimes": {name.replace("-", "_"): name in system.regimes for name in AISystem.Regime.values},
        },
        "model": {"risk_tier": system.tier_in_force, "name": version.model.name},
        "request": {
            "target_slot": slot.name,
            "has_champion": champion is not None,
            **({"change_class": change_class} if change_class else {}),
        },
        "dataset": {"has_sensitive_columns": bool(version.dataset_version.dataset.sensitive_columns)},
    }


def _groups(version: ModelVersion) -> dict[str, tuple[str, ...]]:
    """The groups that the data holds, by sensitive column: one that is left out of the evidence must not pass unseen.

    Only those with a fiftieth of the rows: smaller ones may be missing from an honest sample.
    """
    profile = version.dataset_version.profile
    least = SMALLEST_SHARE * version.dataset_version.row_count
    return {
        name: tuple(str(level["level"]) for level in profile["columns"][name]["levels"] if level["count"] >= least)
        for name in version.dataset_version.dataset.sensitive_columns
        if profile.get("columns", {}).get(name, {}).get("levels")
    }


def results(promotion: PromotionRequest, evaluation: Evaluation) -> list[GateResult]:
    """The gates' answers as rows of the request, in the policy's order."""
    return [
        GateResult(
            promotion=promotion,
            round=promotion.round,
            position=position,
            gate=result.gate_id,
            verdict=result.verdict,
            effect=result.effect,
            reason=result.reason,
            value=result.value,
            low=result.low,
            high=result.high,
            n=result.n,
            threshold=result.threshold,
            group=result.group,
            clauses=list(result.clause),
            evidence=list(result.evidence_ids),
            waiver_id=result.waiver_id or None,
            details=[
                {
                    "group": one.group,
                    "verdict": one.verdict,
                    "value": one.value,
                    "low": one.low,
                    "high": one.high,
                    "n": one.n,
                }
                for one in result.details
            ],
        )
        for position, result in enumerate(evaluation.results)
    ]


def _subjects(artifact: str, dataset: str, against: str) -> dict[str, str]:
    named = {"artifact": artifact, "dataset": dataset, "against": against}
    return {name: digest for name, digest in named.items() if digest}


def _artifact(version: ModelVersion | None) -> str:
    return version.artifact_digest if version else ""


def _evidence(item: EvidenceItem) -> Evidence:
    evaluation = item.set.evaluation
    return Evidence(
        id=str(item.pk),
        kind=item.kind,
        produced_at=item.set.created_at,
        started_at=evaluation.started_at if evaluation else None,
        subjects=_subjects(item.set.artifact_digest, item.set.dataset_digest, item.set.against_digest),
        metric=item.metric,
        split=item.split,
        attribute=item.attribute,
        group=item.group,
        against=item.against,
        value=item.value,
        low=item.low,
        high=item.high,
        confidence=item.confidence,
        n=item.n,
        method=item.method,
        excluded=bool(item.fields.get("excluded")),
        fields=item.fields,
    )
