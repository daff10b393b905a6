"""Passes of a pipeline: asked for once a cause, and moved on step by step until there is a candidate.

A pass holds no worker while it waits for a job. Its rows are all that it remembers: killed anywhere, it goes on there.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events, jobs
from registry.errors import Conflict, RegistryError
from registry.models import Pipeline, PipelineRun, PromotionRequest
from registry.models.base import Job, Record
from registry.permissions import require
from registry.roles import Action
from registry.services import jobs as job_services
from registry.services import sweeping
from registry.services.alone import alone
from registry.services.job_kinds import KINDS
from registry.services.pipelines import origins, registration, steps
from registry.services.sweeping import Swept

Cause = PipelineRun.Cause
State = Job.State


class StepFailed(RegistryError):
    """A job of the pass ended without a result."""


def request(pipeline: Pipeline, *, actor: Actor) -> PipelineRun:
    """Ask for a pass now. Records pipeline_run.requested. Raises NotPermitted, and Conflict where it does not run."""
    account = require(actor, Action.REGISTER, pipeline.system)
    if "promotion" in pipeline.document:
        require(actor, Action.SUBMIT, pipeline.system)
    _refuse_idle(pipeline)
    return _insert(PipelineRun(pipeline=pipeline, requested_by=account, request=actor.request), actor=actor)


def start(pipeline: Pipeline, *, cause: str, cause_id: str, actor: Actor) -> PipelineRun | None:
    """Start a pass because of an alert or a time; the same cause twice starts one.

    None where the pipeline is paused or retired: nobody is there to be told. Records pipeline_run.requested.
    """
    same = PipelineRun.objects.filter(pipeline__system=pipeline.system_id, pipeline__name=pipeline.name)
    begun = same.filter(cause=cause, cause_id=cause_id).first()  # also by the version before this one
    if begun is not None or pipeline.state != Pipeline.State.ACTIVE:
        return begun
    run = PipelineRun(pipeline=pipeline, requested_by=pipeline.registered_by, cause=cause, cause_id=cause_id)
    try:
        return _insert(run, actor=actor)
    except IntegrityError:
        return PipelineRun.objects.get(pipeline=pipeline, cause=cause, cause_id=cause_id)


def start_due(*, actor: Actor) -> Swept:
    """Start what its schedule says, each due time once; one that still has a pass under way waits for the next."""
    due = Pipeline.objects.filter(state=Pipeline.State.ACTIVE, due_at__lte=timezone.now())
    return sweeping.each(due, lambda pk: _start_one(pk, actor=actor))


def _start_one(pk: Any, *, actor: Actor) -> bool:
    pipeline = Pipeline.objects.select_related("registered_by").get(pk=pk)
    if pipeline.due_at is None or pipeline.due_at > timezone.now():
        return False
    busy = pipeline.runs.filter(state__in=(State.QUEUED, State.RUNNING)).exists()
    if not busy:
        start(pipeline, cause=Cause.SCHEDULE, cause_id=pipeline.due_at.isoformat(), actor=actor)
    # Last: a crash before leaves the due time, whose pass is there already.
    Pipeline.objects.filter(pk=pk, due_at=pipeline.due_at).update(due_at=registration.next_due(pipeline))
    return not busy


def advance(pk: str, *, actor: Actor) -> None:
    """Do what can be done now: take the next step, or see that its job is still under way.

    Records pipeline_run.started at first, and at last pipeline_run.succeeded, .failed or .cancelled.
    """
    with alone(pk) as mine:
        if not mine:
            return
        if _read().get(pk=pk).state == State.QUEUED:
            job_services.claim(PipelineRun, pk, actor=actor)
        run = _read().get(pk=pk)
        if run.state == State.RUNNING:
            _go_on(run, actor=actor)


def _go_on(run: PipelineRun, *, actor: Actor) -> None:
    try:
        over = _walk(run)
    except job_services.Cancelled:
        job_services.cancelled(run, actor=actor)
    except RegistryError as error:
        job_services.fail(run, failure=f"{error.detail} {error.remedy}".strip(), actor=actor)
    else:
        if over:
            _complete(run, actor=actor)


def _walk(run: PipelineRun) -> bool:
    """Whether every step is done. Raises Cancelled, StepFailed, and the refusals of the steps' services."""
    walk = list(steps.of(run.pipeline.document))
    for number, step in enumerate(walk):
        made = step.find(run)
        _stop_if_asked(run, made)
        made = made or step.make(run)
        _note(run, step.name, made, share=number / len(walk))
        if isinstance(made, Job) and not _ended(step.name, made):
            return False
    return True


def _ended(name: str, job: Job) -> bool:
    if job.state in (State.QUEUED, State.RUNNING):
        return False
    if job.state != State.SUCCEEDED:
        raise StepFailed(f"The {KINDS[type(job)].noun} of step {name} has {job.state}.", remedy=job.failure)
    return True


def _stop_if_asked(run: PipelineRun, made: Record | None) -> None:
    """Stop the job that is under way too: nobody would want its result."""
    if run.cancel_requested_at is None:
        return
    if isinstance(made, Job) and made.state in (State.QUEUED, State.RUNNING):
        job_services.cancel(made, actor=steps.acting(run, "cancel"), reason="The pipeline's pass was stopped.")
    raise job_services.Cancelled


def _note(run: PipelineRun, name: str, made: Record | None, *, share: float) -> None:
    """What the step has made, for who watches; where a step looks for its row it does not look here."""
    entry = {"name": name, "state": getattr(made, "state", "done"), "made": str(made.pk) if made else None}
    run.steps = [*(one for one in run.steps if one["name"] != name), entry]
    job_services.asked_to_stop(run, steps=run.steps, progress_percent=round(share * 100), progress_message=name)


def _complete(run: PipelineRun, *, actor: Actor) -> None:
    with transaction.atomic(durable=True):
        row = job_services.held(run)
        row.model_version = steps.candidate(run)
        draft: PromotionRequest | None = steps.drafted(run) if "promotion" in run.pipeline.document else None
        row.promotion = draft
        job_services.finish(row)
        event = events.PipelineRunSucceeded(
            model_version=str(row.model_version.pk), promotion=str(draft.pk) if draft else None
        )
        log.record(event, subject=row, actor=actor)


def _insert(run: PipelineRun, *, actor: Actor) -> PipelineRun:
    with transaction.atomic(durable=True):
        with transaction.atomic():
            run.save(force_insert=True)
        event = events.PipelineRunRequested(pipeline=str(run.pipeline_id), cause=run.cause, cause_id=run.cause_id)
        log.record(event, subject=run, actor=actor)
        jobs.enqueue(origins.TASK, run.pk, request=run.request)
    return run


def _refuse_idle(pipeline: Pipeline) -> None:
    if pipeline.state != Pipeline.State.ACTIVE:
        raise Conflict(f"The pipeline is {pipeline.state}.", remedy="Resume it, or run its newest version.")


def _read() -> QuerySet[PipelineRun]:
    return PipelineRun.objects.select_related("pipeline__system", "pipeline__registered_by", "requested_by")
