"""Explanations: asked for, kept once they are there, and made again to be compared."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import events, jobs, records
from registry.errors import Conflict, Invalid, Problem
from registry.models import DatasetVersion, Explanation, ModelVersion, Prediction
from registry.models.base import Job
from registry.permissions import require
from registry.roles import Action
from registry.services.jobs import TASKS, finish, held

_QUESTION = ("model_version_id", "dataset_version_id", "kind", "prediction_id", "settings", "seed")


def request(
    version: ModelVersion,
    *,
    kind: str,
    actor: Actor,
    prediction: Prediction | None = None,
    dataset_version: DatasetVersion | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> Explanation:
    """Ask a worker why: in general, of one decision, or what would have changed it.

    The rows to compare with are of the dataset version, or else of the one that the version was trained on. Records
    explanation.requested. Raises Invalid where prediction, data and version do not belong together, or a feature that
    may change is sensitive. The settings must already have been read by workers.pipelines.explain.
    """
    account = require(actor, Action.EVALUATE, version.model.system)
    data = dataset_version or version.dataset_version
    _check(version, kind, prediction, data, settings or {})
    with transaction.atomic(durable=True):
        explanation = Explanation.objects.create(
            model_version=version,
            dataset_version=data,
            kind=kind,
            prediction=prediction,
            settings=dict(settings or {}),
            seed=seed,
            requested_by=account,
            request=actor.request,
        )
        _asked(explanation, actor=actor)
    return explanation


def replay(explanation: Explanation, *, actor: Actor) -> Explanation:
    """Ask a worker the same question again; when it is done it says whether the same came out.

    The first answer stays as it is. Records explanation.requested. Raises Conflict for one that has not succeeded.
    """
    account = require(actor, Action.EVALUATE, explanation.model_version.model.system)
    if explanation.state != Job.State.SUCCEEDED:
        raise Conflict(f"The explanation is {explanation.state}; there is nothing to compare with.")
    with transaction.atomic(durable=True):
        again = Explanation.objects.create(
            model_version=explanation.model_version,
            dataset_version=explanation.dataset_version,
            kind=explanation.kind,
            prediction=explanation.prediction,
            settings=explanation.settings,
            seed=explanation.seed,
            requested_by=account,
            request=actor.request,
        )
        _asked(again, actor=actor)
    return again


def complete(explanation: Explanation, *, content: Mapping[str, Any], actor: Actor) -> Explanation:
    """Keep what the worker found, for good. Records explanation.succeeded.

    Raises Conflict where the explanation has ended or is another worker's by now.
    """
    with transaction.atomic(durable=True):
        explanation = held(explanation)
        explanation.content = dict(content)
        explanation.digest = digest(explanation.content)
        finish(explanation)
        event = events.ExplanationSucceeded(content=explanation.digest, same=same(explanation))
        log.record(event, subject=explanation, actor=actor)
    return explanation


def digest(content: Mapping[str, Any]) -> str:
    """What commits to the content, to its last digit."""
    return records.digest(records.without_floats(content))


def first(explanation: Explanation) -> Explanation | None:
    """The first answer to exactly this question, where it was asked before: version, data, case, settings and seed."""
    question = {name: getattr(explanation, name) for name in _QUESTION}
    earlier = Explanation.objects.filter(**question, state=Job.State.SUCCEEDED, pk__lt=explanation.pk)
    return earlier.order_by("pk").first()


def same(explanation: Explanation) -> bool | None:
    """Whether an answer is the one given before, to the last digit; None for a first one, and until it is done."""
    before = first(explanation) if explanation.digest else None
    return None if before is None else explanation.digest == before.digest


def _asked(explanation: Explanation, *, actor: Actor) -> None:
    before = first(explanation)
    event = events.ExplanationRequested(
        model_version=str(explanation.model_version_id),
        kind=explanation.kind,
        prediction=str(explanation.prediction_id) if explanation.prediction_id else None,
        replay_of=str(before.pk) if before else None,
    )
    log.record(event, subject=explanation, actor=actor)
    jobs.enqueue(TASKS[Explanation], explanation.pk, request=actor.request)


def _check(
    version: ModelVersion,
    kind: str,
    prediction: Prediction | None,
    data: DatasetVersion,
    settings: Mapping[str, Any],
) -> None:
    if data.dataset.system_id != version.model.system_id:
        raise Invalid("The dataset version belongs to another system.", remedy="Name one of the model's own system.")
    if (kind == Explanation.Kind.GLOBAL) == (prediction is not None):
        raise Invalid(
            "Only a decision or a counterfactual is of one prediction, and each of them is.",
            remedy="Name a prediction, or ask for the kind 'global' without one.",
            problems=[Problem("/prediction", "does not fit the kind")],
        )
    if prediction is not None and prediction.model_version_id != version.pk:
        raise Invalid("Another version made the prediction.", remedy="Ask the version that answered.")
    declared = {name.casefold() for name in data.dataset.sensitive_columns}
    protected = sorted(name for name in settings.get("mutable", {}) if name.casefold() in declared)
    if protected:
        raise Invalid(
            f"Sensitive columns never change: {', '.join(protected)}.",
            remedy="Name other features.",
            problems=[Problem("/settings/mutable", "names a sensitive column")],
        )
