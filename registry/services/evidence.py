"""Evidence: fixed once, under a Merkle root, bound to artifact and data; new evidence makes open requests stale."""

from collections.abc import Iterable
from typing import Any

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.models import DatasetVersion, Evaluation, EvidenceItem, EvidenceSet
from registry.services.approvals import staleness

TOOL = "mlops-server/0.1.0"


def contract_check(version: DatasetVersion, *, violations: list[dict[str, Any]], actor: Actor) -> EvidenceSet:
    """The verdict of a data contract on a version, inside the caller's transaction. Records evidence_set.recorded."""
    set_ = EvidenceSet(dataset_version=version, dataset_digest=version.digest, produced_by=actor.id, tool=TOOL)
    item = EvidenceItem(
        kind="contract_check",
        n=version.row_count,
        method="data contract",
        fields={"verdict": version.contract_verdict, "violations": violations, "contract": version.contract_digest},
    )
    return _fix(set_, [item], actor=actor)


def of_evaluation(evaluation: Evaluation, *, items: Iterable[EvidenceItem], actor: Actor) -> EvidenceSet:
    """The figures of an evaluation, inside the caller's transaction.

    Records evidence_set.recorded, and promotion.went_stale for each open request about the version.
    """
    set_ = EvidenceSet(
        model_version=evaluation.model_version,
        dataset_version=evaluation.dataset_version,
        evaluation=evaluation,
        artifact_digest=evaluation.model_version.artifact_digest,
        dataset_digest=evaluation.dataset_version.digest,
        against_digest=evaluation.against.artifact_digest if evaluation.against else "",
        produced_by=actor.id,
        tool=TOOL,
    )
    fixed = _fix(set_, list(items), actor=actor)
    staleness.mark(evaluation.model_version, cause="new evidence", actor=actor)
    return fixed


def _fix(set_: EvidenceSet, items: list[EvidenceItem], *, actor: Actor) -> EvidenceSet:
    for item in items:
        item.set = set_
        item.digest = records.digest(records.evidence_item(item, set_))
    set_.root = records.merkle_root(item.digest for item in items)
    set_.save(force_insert=True)
    EvidenceItem.objects.bulk_create(items)
    event = events.EvidenceRecorded(
        artifact=set_.artifact_digest, dataset=set_.dataset_digest, root=set_.root, items=len(items)
    )
    log.record(event, subject=set_, actor=actor, parts=items)
    return set_
