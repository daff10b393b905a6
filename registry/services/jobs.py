"""The life of a job's row: claimed once, kept alive by its heartbeat, finished, failed or swept up."""

from collections.abc import Callable
from datetime import timedelta
from typing import Protocol, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import Event
from registry import events, jobs
from registry.models import Evaluation, Ingestion, TrainingRun
from registry.models.base import Job

AnyJob = TypeVar("AnyJob", bound=Job)


class JobEvent(Protocol):
    """An event that says which attempt it was."""

    def __call__(self, *, attempt: int) -> Event: ...


TASKS: dict[type[Job], str] = {
    Ingestion: "workers.ingest",
    TrainingRun: "workers.train",
    Evaluation: "workers.evaluate",
}
_STARTED: dict[type[Job], JobEvent] = {
    Ingestion: events.IngestionStarted,
    TrainingRun: events.RunStarted,
    Evaluation: events.EvaluationStarted,
}
_FAILED: dict[type[Job], JobEvent] = {
    Ingestion: events.IngestionFailed,
    TrainingRun: events.RunFailed,
    Evaluation: events.EvaluationFailed,
}
MAX_ATTEMPTS = 3


def claim(kind: type[AnyJob], pk: str, *, actor: Actor) -> AnyJob | None:
    """Take a job that is queued or whose worker has gone silent; None where somebody else has it or it is done.

    So the same message twice does the work once. Records <job>.started.
    """
    with transaction.atomic(durable=True):
        job = kind._default_manager.select_for_update().get(pk=pk)
        if job.state != Job.State.QUEUED and not _silent(job):
            return None
        job.state, job.attempts = Job.State.RUNNING, job.attempts + 1
        job.started_at = job.heartbeat_at = timezone.now()
        job.progress_percent, job.progress_message = 0, "started"
        job.save()
        log.record(_STARTED[kind](attempt=job.attempts), subject=job, actor=actor)
    return job


def reporter(job: Job) -> Callable[[float, str], None]:
    """A function that stores progress (a share from 0 to 1 and a word) and doubles as the heartbeat."""
    rows = type(job)._default_manager.filter(pk=job.pk)

    def report(share: float, message: str) -> None:
        rows.update(progress_percent=round(share * 100), progress_message=message, heartbeat_at=timezone.now())

    return report


def fail(job: Job, *, failure: str, actor: Actor) -> None:
    """End a job without a result, saying why in words. Records <job>.failed."""
    kind = type(job)
    with transaction.atomic(durable=True):
        job = kind._default_manager.select_for_update().get(pk=job.pk)
        if job.state != Job.State.RUNNING:
            return
        job.state, job.failure, job.finished_at = Job.State.FAILED, failure, timezone.now()
        job.save()
        log.record(_FAILED[kind](attempt=job.attempts), subject=job, actor=actor, reason=failure)


def finish(job: Job) -> None:
    """Mark a job as done, inside the transaction of the service that stores its result and records the event."""
    job.state, job.finished_at = Job.State.SUCCEEDED, timezone.now()
    job.progress_percent, job.progress_message = 100, "done"
    job.save()


def sweep(*, actor: Actor) -> int:
    """Send again what was lost: queued jobs without a worker, running ones gone silent; three attempts at most."""
    found = 0
    for kind, task in TASKS.items():
        for job in _lost(kind):
            found += 1
            if job.attempts >= MAX_ATTEMPTS:
                fail(job, failure=f"The worker was lost {job.attempts} times.", actor=actor)
            else:
                jobs.send(task, job.pk, request=job.request)
    return found


def _lost(kind: type[Job]) -> list[Job]:
    before = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS)
    rows = kind._default_manager.all()
    queued = rows.filter(state=Job.State.QUEUED, created_at__lt=before)
    silent = rows.filter(state=Job.State.RUNNING, heartbeat_at__lt=before)
    return [*queued, *silent]


def _silent(job: Job) -> bool:
    stale = timedelta(seconds=settings.JOB_STALE_SECONDS)
    return (
        job.state == Job.State.RUNNING
        and job.heartbeat_at is not None
        and timezone.now() - job.heartbeat_at > stale
        and job.attempts < MAX_ATTEMPTS
    )
