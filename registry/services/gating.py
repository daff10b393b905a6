"""The gates' facts read from rows, and their answers written as rows."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from registry import records
from registry.gates.facts import Evidence, Facts
from registry.gates.results import Evaluation
from registry.models import EvidenceItem, EvidenceSet, GateResult, ModelVersion, PolicyVersion, PromotionRequest, Slot

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
    return sorted(records.digest(records.evidence_item(item, item.set)) for item in items)


def champion(slot: Slot) -> ModelVersion | None:
    """The version that a candidate for the slot is compared with."""
    current = slot.assignments.select_related("champion").first()
    return current.champion if current else None


def facts(
    version: ModelVersion,
    slot: Slot,
    policy: PolicyVersion,
    items: Iterable[EvidenceItem],
    champion: ModelVersion | None,
) -> Facts:
    """Everything the gates read; they only ever see rows of the registry."""
    return Facts(
        evidence=tuple(_evidence(item) for item in items),
        context=context(version, slot, champion),
        subjects={
            "artifact": version.artifact_digest,
            "dataset": version.dataset_version.digest,
            **({"against": champion.artifact_digest} if champion else {}),
        },
        groups=_groups(version),
        now=timezone.now(),
        policy_effective_from=policy.effective_from or timezone.now(),
    )


def context(version: ModelVersion, slot: Slot, champion: ModelVersion | None) -> dict[str, Any]:
    """The fields that a policy's conditions may name."""
    return {
        "model": {"risk_tier": slot.system.risk_tier, "name": version.model.name},
        "request": {"target_slot": slot.name, "has_champion": champion is not None},
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


def _evidence(item: EvidenceItem) -> Evidence:
    evaluation = item.set.evaluation
    return Evidence(
        id=str(item.pk),
        kind=item.kind,
        produced_at=item.set.created_at,
        started_at=evaluation.started_at if evaluation else None,
        subjects={
            name: digest
            for name, digest in (
                ("artifact", item.set.artifact_digest),
                ("dataset", item.set.dataset_digest),
                ("against", item.set.against_digest),
            )
            if digest
        },
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
