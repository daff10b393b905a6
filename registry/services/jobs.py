"""The life of a job's row: claimed once, kept alive by its heartbeat, finished, failed, stopped or swept up."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import jobs
from registry.errors import Conflict
from registry.models.base import Job
from registry.permissions import require
from registry.services import job_lines
from registry.services.job_kinds import KINDS, JobEvent

AnyJob = TypeVar("AnyJob", bound=Job)
State = Job.State
TASKS: dict[type[Job], str] = {kind: row.task for kind, row in KINDS.items()}
MAX_ATTEMPTS = 3


class Cancelled(Exception):
    """Somebody asked to stop the job: its worker gives up at once and keeps nothing of this attempt."""


class Lost(Exception):
    """The job is another worker's by now, or has ended: whatever this one has found is void."""


def claim(kind: type[AnyJob], pk: str, *, actor: Actor) -> AnyJob | None:
    """Take a job that is queued or whose worker has gone silent; None where somebody else has it or it is done.

    So the same message twice does the work once. Records <job>.started, or <job>.cancelled where somebody asked to
    stop it while no worker was there.
    """
    with transaction.atomic(durable=True):
        job = kind._default_manager.select_for_update().get(pk=pk)
        if job.state != State.QUEUED and not _silent(job):
            return None
        if job.cancel_requested_at is not None:
            _end(job, State.CANCELLED, KINDS[kind].cancelled, actor=actor)
            return None
        job.state, job.attempts = State.RUNNING, job.attempts + 1
        job.started_at = job.heartbeat_at = timezone.now()
        job.progress_percent, job.progress_message = 0, "started"
        job.save()
        log.record(KINDS[kind].started(attempt=job.attempts), subject=job, actor=actor)
    return job


def reporter(job: Job) -> Callable[[float, str], None]:
    """A function that stores progress (a share from 0 to 1 and a word), doubles as the heartbeat and keeps the history.

    It raises Cancelled where somebody asked to stop, and Lost where the job is no longer this worker's.
    """
    told = ""

    def report(share: float, message: str) -> None:
        nonlocal told
        check(job, progress_percent=round(share * 100), progress_message=message)
        if message != told:
            job_lines.write(job, message)
            told = message

    return report


def check(job: Job, **changes: Any) -> None:
    """A sign of life of the worker that holds this attempt. Raises Cancelled and Lost as the reporter does."""
    if asked_to_stop(job, **changes):
        raise Cancelled


def asked_to_stop(job: Job, **changes: Any) -> datetime | None:
    """A sign of life; since when somebody wants the job stopped. Raises Lost."""
    held = type(job)._default_manager.filter(pk=job.pk, state=State.RUNNING, attempts=job.attempts)
    if not held.update(heartbeat_at=timezone.now(), **changes):
        raise Lost
    asked: datetime | None = held.values_list("cancel_requested_at", flat=True).first()
    return asked


def cancel(job: AnyJob, *, actor: Actor, reason: str = "") -> AnyJob:
    """Stop a job: one that waits at once, one that a worker has at its next step. Asked again, nothing more happens.

    Records <job>.cancelled, or <job>.cancel_requested and the other once the worker has stopped. Raises NotPermitted
    for who may not ask for such work, and Conflict where it has ended.
    """
    model, kind = type(job), KINDS[type(job)]
    require(actor, kind.action, kind.system_of(job))
    with transaction.atomic(durable=True):
        job = model._default_manager.select_for_update().get(pk=job.pk)
        if job.state == State.QUEUED:
            _end(job, State.CANCELLED, kind.cancelled, actor=actor, reason=reason)
        elif job.state != State.RUNNING:
            raise Conflict(f"The {kind.noun} has {job.state} already; there is nothing to stop.")
        elif job.cancel_requested_at is None:
            job.cancel_requested_at = timezone.now()
            job.save()
            log.record(kind.cancel_requested(attempt=job.attempts), subject=job, actor=actor, reason=reason)
            if kind.resting:
                jobs.enqueue(kind.task, job.pk, request=job.request)
    return job


def cancelled(job: Job, *, actor: Actor) -> bool:
    """End a job that its worker has stopped; whether it was still there to be ended. Records <job>.cancelled."""
    return _end_held(job, State.CANCELLED, KINDS[type(job)].cancelled, actor=actor)


def fail(job: Job, *, failure: str, actor: Actor) -> None:
    """End a job without a result, saying why in words. Records <job>.failed.

    Nothing happens where the job has ended or is another attempt's by now.
    """
    if _end_held(job, State.FAILED, KINDS[type(job)].failed, actor=actor, reason=failure, failure=failure):
        job_lines.write(job, failure, level="error")


def held(job: AnyJob) -> AnyJob:
    """The job's row locked, for the transaction that stores its result.

    Raises Conflict where it has ended, or is another worker's by now: two workers never both complete one job.
    """
    row = type(job)._default_manager.select_for_update().get(pk=job.pk)
    if row.state != State.RUNNING or row.attempts != job.attempts:
        raise Conflict(f"The {KINDS[type(job)].noun} is {row.state}; it cannot be completed.")
    return row


def finish(job: Job) -> None:
    """Mark a job as done, inside the transaction of the service that stores its result and records the event."""
    job.state, job.finished_at = State.SUCCEEDED, timezone.now()
    job.progress_percent, job.progress_message = 100, "done"
    job.save()


def sweep(*, actor: Actor) -> int:
    """Send again what was lost: queued jobs without a worker, running ones gone silent; three attempts at most.

    A job that somebody asked to stop and whose worker is gone ends as cancelled.
    """
    found = 0
    for kind in KINDS:
        for job in _lost(kind):
            found += 1
            _recover(job, actor=actor)
    return found


def _recover(job: Job, *, actor: Actor) -> None:
    kind = KINDS[type(job)]
    if not kind.resting and job.cancel_requested_at is not None:
        cancelled(job, actor=actor)
    elif not kind.resting and job.attempts >= MAX_ATTEMPTS:
        fail(job, failure=f"The worker was lost {job.attempts} times.", actor=actor)
    else:
        # One that still waits behind others is not sent anew by every sweep.
        type(job)._default_manager.filter(pk=job.pk, state=State.QUEUED).update(heartbeat_at=timezone.now())
        jobs.send(kind.task, job.pk, request=job.request)


def _lost(kind: type[Job]) -> QuerySet[Job]:
    before = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS)
    queued = Q(state=State.QUEUED, created_at__lt=before) & (Q(heartbeat_at=None) | Q(heartbeat_at__lt=before))
    silent = Q(state=State.RUNNING, heartbeat_at__lt=before)
    if KINDS[kind].resting:
        silent = Q(state=State.RUNNING)
    return kind._default_manager.filter(queued | silent)


def _silent(job: Job) -> bool:
    stale = timedelta(seconds=settings.JOB_STALE_SECONDS)
    return (
        job.state == State.RUNNING
        and job.heartbeat_at is not None
        and timezone.now() - job.heartbeat_at > stale
        and job.attempts < MAX_ATTEMPTS
    )


def _end_held(job: Job, state: str, event: JobEvent, *, actor: Actor, reason: str = "", failure: str = "") -> bool:
    """End the attempt that the caller holds, with what it keeps of the unfinished work."""
    with transaction.atomic(durable=True):
        row = type(job)._default_manager.select_for_update().get(pk=job.pk)
        if row.state != State.RUNNING or row.attempts != job.attempts:
            return False
        for column in KINDS[type(job)].kept:
            setattr(row, column, getattr(job, column))
        _end(row, state, event, actor=actor, reason=reason, failure=failure)
    return True


def _end(job: Job, state: str, event: JobEvent, *, actor: Actor, reason: str = "", failure: str = "") -> None:
    """Inside the caller's transaction, with the row locked."""
    job.state, job.failure, job.finished_at = state, failure, timezone.now()
    if state == State.CANCELLED:
        job.cancel_requested_at = job.cancel_requested_at or job.finished_at
    job.save()
    log.record(event(attempt=job.attempts), subject=job, actor=actor, reason=reason)
