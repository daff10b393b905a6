"""Training runs and the versions they register."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs, records
from registry.errors import Invalid, Problem
from registry.models import DatasetVersion, EvidenceItem, ModelVersion, RegisteredModel, TrainingRun
from registry.permissions import require
from registry.roles import Action
from registry.services import artifacts, evidence
from registry.services.jobs import TASKS, finish, held

LIMITS = ("seconds", "cpu_seconds", "memory_bytes")


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
    task: str = ModelVersion.Task.BINARY
    cost: Mapping[str, Any] = field(default_factory=dict)
    trade_off: Sequence[Mapping[str, Any]] = ()
    curves: Sequence[Mapping[str, Any]] = ()


def request(
    model: RegisteredModel,
    *,
    dataset_version: DatasetVersion,
    recipe: dict[str, Any],
    seed: int,
    actor: Actor,
    limits: Mapping[str, float] | None = None,
    cause: str = TrainingRun.Cause.REQUESTED,
) -> TrainingRun:
    """Ask a worker for a fit. Records training_run.requested. Raises Invalid where the data is not the system's own,
    broke its contract, a sensitive column is among the features, or a limit is none.

    The recipe must already have been read by workers.pipelines.recipes, which knows its grammar.
    limits: at most so many seconds, cpu_seconds and memory_bytes; the server's own hold beside them.
    """
    account = require(actor, Action.REGISTER, model.system)
    _check_data(model, dataset_version, _read_columns(recipe))
    _check_limits(limits or {})
    with transaction.atomic(durable=True):
        run = TrainingRun.objects.create(
            model=model,
            dataset_version=dataset_version,
            recipe=recipe,
            recipe_digest=records.digest(records.without_floats(recipe)),
            seed=seed,
            limits=dict(limits or {}),
            cause=cause,
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
    """Register the fitted model as the family's next version, with what the training found out as evidence.

    Records model_version.registered, evidence_set.recorded where there is a trade-off or a curve, and
    training_run.succeeded. Raises Conflict where the run has ended or is another worker's by now.
    """
    with transaction.atomic(durable=True):
        model = RegisteredModel.objects.select_for_update().get(pk=run.model_id)
        run = held(run)
        run.cost = dict(fitted.cost)
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
            task=fitted.task,
            input_schema=fitted.input_schema,
            output_schema=list(fitted.output_schema),
            threshold=fitted.threshold,
            trained_by=run.requested_by,
        )
        _record(version, run, actor=actor)
        items = [*map(_trade_off, fitted.trade_off), *map(_curve, fitted.curves)]
        if items:
            evidence.of_training(version, items=items, actor=actor)
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


def _trade_off(point: Mapping[str, Any]) -> EvidenceItem:
    """One candidate of a mitigation: what fairness it reached, and at what price."""
    return EvidenceItem(
        kind="trade_off",
        metric=str(point.get("constraint", "")),
        split=str(point.get("split", "")),
        attribute=str(point.get("attribute", "")),
        value=point.get("disparity"),
        n=point.get("n"),
        method=str(point.get("kind", "")),
        fields=dict(point),
    )


def _curve(curve: Mapping[str, Any]) -> EvidenceItem:
    """A line that the training drew, such as the loss after each iteration."""
    return EvidenceItem(
        kind="curve",
        metric=str(curve.get("name", curve.get("metric", ""))),
        split=str(curve.get("split", "")),
        method="training",
        fields=dict(curve),
    )


def _read_columns(recipe: Mapping[str, Any]) -> list[str]:
    """Every column that the model could see: the features, and what their preparation is derived from.

    The attribute of a mitigation and the groups of a split are read too, but never by the model.
    """
    return sorted({*recipe.get("features", {}), *_words(recipe.get("preparation", {}))})


def _words(document: Any) -> Iterator[str]:
    """Every word in a document: which of them name columns is the recipe's own business."""
    match document:
        case str():
            yield document
        case Mapping():
            for name, value in document.items():
                yield name
                yield from _words(value)
        case list():
            for one in document:
                yield from _words(one)


def _check_limits(limits: Mapping[str, float]) -> None:
    wrong = [name for name, most in limits.items() if name not in LIMITS or not _positive(most)]
    if wrong:
        raise Invalid(
            "Some limits cannot be used.",
            remedy=f"Give positive numbers for any of {', '.join(LIMITS)}.",
            problems=[Problem(f"/limits/{name}", "is no limit that a run can have") for name in wrong],
        )


def _positive(most: Any) -> bool:
    return isinstance(most, int | float) and not isinstance(most, bool) and 0 < most < float("inf")


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
