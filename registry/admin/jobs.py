"""What every page of long work shows: its state, who asked, how far it is and how long it took."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin

from audit.pages import show
from registry.models.base import Job


def took(job: Job) -> str:
    """How long the work took; empty while it runs."""
    if job.started_at is None or job.finished_at is None:
        return ""
    seconds = (job.finished_at - job.started_at).total_seconds()
    return f"{seconds:,.1f} s" if seconds < 120 else show.span(job.finished_at - job.started_at)


@admin.display(description="Took")
def duration(job: Job) -> str:
    return took(job) or show.NOTHING


def facts(job: Job) -> Iterable[tuple[str, Any]]:
    """The life of the work so far."""
    yield "State", show.state(job)
    if job.state == Job.State.RUNNING:
        yield "Progress", f"{job.progress_percent} %, {job.progress_message}"
    yield "Asked by", job.requested_by
    yield "Started", job.started_at
    yield "Took", took(job)
    yield "Attempts", job.attempts
