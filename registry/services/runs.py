"""Training runs and the versions they register."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs, records
from registry.errors import Conflict, Invalid, Problem
from registry.models import DatasetVersion, ModelVersion, RegisteredModel, TrainingRun
from registry.models.base import Job
from registry.permissions import require
from registry.roles import Action
from registry.services import artifacts
from registry.services.jobs import TASKS, finish


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a worker brings back: the model file, what goes in and comes out, and what makes the run repeatable."""

    onnx: bytes
    input_schema: list[dict[str, Any]]
    threshold: float
    parameters: dict[str, Any]
    metrics: dict[str, Any]
    code_digest: str
    environment: dict[str, Any]
    output_schema: Sequence[dict[str, Any]] = (
        {"name": "score", "type": "number", "minimum": 0, "maximum": 1},
        {"name": "decision", "type": "integer", "values": [0, 1]},
    )


def request(
    model: RegisteredModel, *, dataset_version: DatasetVersion, recipe: dict[str, Any], seed: int, actor: Actor
) -> TrainingRun:
    """Ask a worker for a fit. Records training_run.requested. Raises Invalid where the data is not the system's own,
    broke its contract, or a sensitive column is among the features.

    The recipe must already have been read by workers.pipelines.recipes, which knows its grammar.
    """
    account = require(actor, Action.REGISTER, model.system)
    _check_data(model, dataset_version, list(recipe.get("features", {})))
    with transaction.atomic(durable=True):
        run = TrainingRun.objects.create(
            model=model,
            dataset_version=dataset_version,
            recipe=recipe,
            recipe_digest=records.digest(records.without_floats(recipe)),
            seed=seed,
            requested_by=account,
            request=actor.request,
        )
        event = events.RunRequested(
            model=str(model.pk), dataset=dataset_version.digest, recipe=run.recipe_digest, seed=seed
        )
        log.record(event, subject=run, actor=actor)
        jobs.enqueue(TASKS[TrainingRun], run.pk, request=actor.request)
    return run


def complete(run: TrainingRun, *, fitted: Fitted, actor: Actor) -> ModelVersion:
    """Register the fitted model as the family's next version.

    Records model_version.registered and training_run.succeeded. Raises Conflict.
    """
    with transaction.atomic(durable=True):
        model = RegisteredModel.objects.select_for_update().get(pk=run.model_id)
        run = TrainingRun.objects.select_for_update().get(pk=run.pk)
        if run.state != Job.State.RUNNING:
            raise Conflict(f"The run is {run.state}; it cannot be completed.")
        run.parameters, run.metrics, run.environment = fitted.parameters, fitted.metrics, fitted.environment
        run.code_digest = fitted.code_digest
        run.environment_digest = records.digest(records.without_floats(fitted.environment))
        artifact = artifacts.store(fitted.onnx, media_type="application/onnx", actor=actor)
        version = ModelVersion.objects.create(
            model=model,
            number=model.versions.count() + 1,
            run=run,
            dataset_version=run.dataset_version,
            artifact=artifact,
            artifact_digest=artifact.digest,
            input_schema=fitted.input_schema,
            output_schema=list(fitted.output_schema),
            threshold=fitted.threshold,
            trained_by=run.requested_by,
        )
        _record(version, run, actor=actor)
    return version


def _record(version: ModelVersion, run: TrainingRun, *, actor: Actor) -> None:
    registered = events.VersionRegistered(
        model=str(version.model_id),
        number=version.number,
        artifact=version.artifact_digest,
        dataset=version.dataset_version.digest,
        run=str(run.pk),
        record=records.digest(records.model_version(version)),
    )
    log.record(registered, subject=version, actor=actor)
    finish(run)
    succeeded = events.RunSucceeded(
        model_version=str(version.pk),
        artifact=version.artifact_digest,
        code=run.code_digest,
        environment=run.environment_digest,
    )
    log.record(succeeded, subject=run, actor=actor)


def _check_data(model: RegisteredModel, version: DatasetVersion, features: list[str]) -> None:
    if version.dataset.system_id != model.system_id:
        raise Invalid(
            "The dataset version belongs to another system.",
            remedy=f"Name a dataset version of {model.system}.",
            problems=[Problem("/dataset_version", "belongs to another system")],
        )
    if version.contract_verdict == "fail":
        raise Invalid(f"{version} broke its data contract.", remedy="Deliver data that keeps it, then train on that.")
    _check_subject(version, features)
    declared = {name.casefold() for name in version.dataset.sensitive_columns}
    sensitive = sorted(name for name in features if name.casefold() in declared)
    if sensitive:
        raise Invalid(
            f"Sensitive columns are never features: {', '.join(sensitive)}.",
            remedy="Take them out of the recipe; they stay available for fairness evaluation.",
            problems=[Problem(f"/recipe/features/{name}", "is a sensitive column") for name in sensitive],
        )


def _check_subject(version: DatasetVersion, features: list[str]) -> None:
    column = version.dataset.subject_column
    named = [name for name in features if column and name.casefold() == column.casefold()]
    if named:
        raise Invalid(
            f"The column {column} names people; a model would learn them by heart.",
            remedy="Take it out of the recipe; it stays for lineage and erasure.",
            problems=[Problem(f"/recipe/features/{name}", "names people") for name in named],
        )
