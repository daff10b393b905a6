"""Evidence: fixed once, under a Merkle root, bound to artifact and data; new evidence makes open requests stale."""

from collections.abc import Iterable
from typing import Any

from audit import log
from audit.actors import Actor
from registry import events, records
from registry.models import DatasetVersion, Evaluation, EvidenceItem, EvidenceSet, ModelVersion, Reproduction
from registry.services.approvals import staleness

TOOL = "mlops-server/0.1.0"


def contract_check(
    version: DatasetVersion,
    *,
    violations: list[dict[str, Any]],
    actor: Actor,
    personal: list[dict[str, Any]] | None = None,
    scanned_rows: int = 0,
) -> EvidenceSet:
    """The verdict of a data contract on a version, and one item a column that looks like personal data.

    Inside the caller's transaction. Records evidence_set.recorded.
    """
    set_ = EvidenceSet(dataset_version=version, dataset_digest=version.digest, produced_by=actor.id, tool=TOOL)
    item = EvidenceItem(
        kind="contract_check",
        n=version.row_count,
        method="data contract",
        fields={"verdict": version.contract_verdict, "violations": violations, "contract": version.contract_digest},
    )
    found = [
        EvidenceItem(
            kind="personal_data",
            attribute=one["column"][:100],
            n=scanned_rows,
            method="names and contents, by pattern",
            fields={**one, "purpose": version.dataset.purpose},
        )
        for one in personal or []
    ]
    return _fix(set_, [item, *found], actor=actor)


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


def of_training(version: ModelVersion, *, items: Iterable[EvidenceItem], actor: Actor) -> EvidenceSet:
    """What the training itself found out, inside the caller's transaction. Records evidence_set.recorded."""
    return _about(version, list(items), actor=actor)


def of_reproduction(reproduction: Reproduction, *, actor: Actor) -> EvidenceSet:
    """Whether a run came out the same when it was done again, inside the caller's transaction.

    Records evidence_set.recorded, and promotion.went_stale for each open request about the version.
    """
    item = EvidenceItem(
        kind="reproduction",
        method="the run done again with its recipe, seed and data",
        fields={
            "verdict": reproduction.verdict,
            "first_difference": reproduction.first_difference.get("step"),
            "reproduction": str(reproduction.pk),
        },
    )
    version = reproduction.run.version
    fixed = _about(version, [item], actor=actor)
    staleness.mark(version, cause="new evidence", actor=actor)
    return fixed


def _about(version: ModelVersion, items: list[EvidenceItem], *, actor: Actor) -> EvidenceSet:
    """About a version and the data that it learned from, without an evaluation."""
    set_ = EvidenceSet(
        model_version=version,
        dataset_version=version.dataset_version,
        artifact_digest=version.artifact_digest,
        dataset_digest=version.dataset_version.digest,
        produced_by=actor.id,
        tool=TOOL,
    )
    return _fix(set_, items, actor=actor)


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
