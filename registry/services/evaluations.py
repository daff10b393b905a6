"""Evaluations: asked for, and turned into evidence."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs
from registry.errors import Invalid
from registry.models import DatasetVersion, Evaluation, EvidenceItem, EvidenceSet, ModelVersion
from registry.permissions import require
from registry.roles import Action
from registry.services import evidence
from registry.services.jobs import TASKS, finish, held


def request(
    version: ModelVersion,
    *,
    dataset_version: DatasetVersion,
    actor: Actor,
    split: str = Evaluation.Split.HOLDOUT,
    against: ModelVersion | None = None,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Ask a worker to measure a version. Records evaluation.requested. Raises Invalid.

    The settings must already have been read by workers.pipelines.evaluation, which knows their grammar; without any,
    performance and fairness are measured and, against another version, the paired difference.
    """
    account = require(actor, Action.EVALUATE, version.model.system)
    if dataset_version.dataset.system_id != version.model.system_id:
        raise Invalid("The dataset version belongs to another system.", remedy="Name one of the model's own system.")
    if against is not None and against.model.system_id != version.model.system_id:
        raise Invalid("The version to compare with belongs to another system.", remedy="Name one of the same system.")
    if split == Evaluation.Split.HOLDOUT and dataset_version.pk != version.dataset_version_id:
        raise Invalid(
            "Only the version's own training data has rows that the run held out.",
            remedy="Use split 'all' for other data.",
        )
    with transaction.atomic(durable=True):
        evaluation = Evaluation.objects.create(
            model_version=version,
            dataset_version=dataset_version,
            split=split,
            against=against,
            seed=seed,
            settings=dict(settings or {}),
            requested_by=account,
            request=actor.request,
        )
        event = events.EvaluationRequested(
            model_version=str(version.pk),
            dataset=dataset_version.digest,
            against=str(against.pk) if against else None,
        )
        log.record(event, subject=evaluation, actor=actor)
        jobs.enqueue(TASKS[Evaluation], evaluation.pk, request=actor.request)
    return evaluation


def complete(evaluation: Evaluation, *, items: Sequence[EvidenceItem], actor: Actor) -> EvidenceSet:
    """Fix the figures as evidence. Records evidence_set.recorded and evaluation.succeeded.

    Raises Conflict where the evaluation has ended or is another worker's by now.
    """
    with transaction.atomic(durable=True):
        evaluation = held(evaluation)
        set_ = evidence.of_evaluation(evaluation, items=items, actor=actor)
        finish(evaluation)
        log.record(events.EvaluationSucceeded(evidence_set=str(set_.pk)), subject=evaluation, actor=actor)
    return set_
