"""Definitions: registered as versions, paused, resumed and retired; of each name the newest version runs."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import Event
from registry import events, records
from registry.errors import Conflict
from registry.models import AISystem, Pipeline
from registry.permissions import require
from registry.roles import Action
from registry.services import rows
from registry.services.pipelines import documents, naming

State = Pipeline.State


def register(system: AISystem, *, name: str, document: dict[str, Any], actor: Actor) -> Pipeline:
    """Fix a definition as the next version of its name; the one before it retires.

    Its registrar is who trained what it trains and the author of what it drafts, whoever or whatever starts it: so they
    never decide on it. Records pipeline.registered, and pipeline.superseded about the one before. Raises Invalid,
    NotPermitted.
    """
    account = require(actor, Action.REGISTER, system)
    if "promotion" in document:
        require(actor, Action.SUBMIT, system)
    documents.check(document)
    naming.check(system, document)
    with transaction.atomic(durable=True):
        # The system's row keeps two registrations of one name apart, also where there is no version yet.
        AISystem.objects.select_for_update(no_key=True).get(pk=system.pk)
        earlier = Pipeline.objects.select_for_update().filter(system=system, name=name)
        pipeline = Pipeline(
            system=system,
            name=name,
            version=(earlier.aggregate(last=Max("version"))["last"] or 0) + 1,
            document=document,
            digest=records.digest(records.without_floats(document)),
            registered_by=account,
        )
        pipeline.due_at = next_due(pipeline)
        rows.check(pipeline)
        for one in earlier.exclude(state=State.RETIRED):
            _moved(one, State.RETIRED)
            log.record(events.PipelineSuperseded(by=str(pipeline.pk)), subject=one, actor=actor)
        pipeline.save(force_insert=True)
        event = events.PipelineRegistered(
            name=name, version=pipeline.version, digest=pipeline.digest, system=str(system.pk)
        )
        log.record(event, subject=pipeline, actor=actor)
    return pipeline


def pause(pipeline: Pipeline, *, revision: int, reason: str, actor: Actor) -> Pipeline:
    """Start nothing for now; a pass that is under way goes on. Records pipeline.paused. Raises Conflict."""
    return _move(pipeline, (State.ACTIVE,), State.PAUSED, events.PipelinePaused(), revision, reason, actor)


def resume(pipeline: Pipeline, *, revision: int, reason: str, actor: Actor) -> Pipeline:
    """Let schedule and monitors start it again. Records pipeline.resumed. Raises Conflict."""
    return _move(pipeline, (State.PAUSED,), State.ACTIVE, events.PipelineResumed(), revision, reason, actor)


def retire(pipeline: Pipeline, *, revision: int, reason: str, actor: Actor) -> Pipeline:
    """Never start it again; its record and what it made stay. Records pipeline.retired. Raises Conflict."""
    able = (State.ACTIVE, State.PAUSED)
    return _move(pipeline, able, State.RETIRED, events.PipelineRetired(), revision, reason, actor)


def newest(pipeline: Pipeline) -> Pipeline:
    """The version of the same name that has taken over, or itself: who names a pipeline means it as it is now."""
    same = Pipeline.objects.select_related("registered_by").filter(system=pipeline.system_id, name=pipeline.name)
    return same.latest("version")


def next_due(pipeline: Pipeline) -> Any:
    """When the schedule starts it next; None where it has none."""
    seconds = pipeline.document.get("schedule", {}).get("every_seconds")
    return timezone.now() + timedelta(seconds=seconds) if seconds and pipeline.state == State.ACTIVE else None


def _move(
    pipeline: Pipeline, able: tuple[str, ...], state: str, event: Event, revision: int, reason: str, actor: Actor
) -> Pipeline:
    require(actor, Action.REGISTER, pipeline.system)
    with transaction.atomic(durable=True):
        pipeline = Pipeline.objects.select_for_update().get(pk=pipeline.pk)
        rows.match_revision(pipeline.revision, revision)
        if pipeline.state not in able:
            raise Conflict(f"The pipeline is {pipeline.state} already.")
        _moved(pipeline, state)
        log.record(event, subject=pipeline, actor=actor, reason=reason)
    return pipeline


def _moved(pipeline: Pipeline, state: str) -> None:
    pipeline.state, pipeline.revision = state, pipeline.revision + 1
    pipeline.due_at = next_due(pipeline)
    pipeline.save()
