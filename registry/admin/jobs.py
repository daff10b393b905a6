"""What every page of long work shows: its state, who asked, how far it is, its log, and the button that stops it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audit.pages import show
from audit.pages.records import Section
from registry.admin import acting, scoped
from registry.admin.acting import Act, ActingAdmin
from registry.models import JobLine
from registry.models.base import Job
from registry.permissions import allows
from registry.services import job_lines, jobs
from registry.services.job_kinds import KINDS

OPEN = (Job.State.QUEUED, Job.State.RUNNING)
REFRESH_SECONDS, LINES_SHOWN = 5, 100
_STOP = "One that waits ends at once, one that a worker has at its next step; nothing of it is kept."


class JobAdmin(ActingAdmin):
    """Long work: while it is under way its page reads itself anew every few seconds, without JavaScript."""

    record_template = "admin/job.html"
    acts: tuple[str, ...] = ("cancel",)

    def headline(self, row: Any) -> SafeString | str:
        if row.state == Job.State.QUEUED:
            return "It waits for a worker."
        return bar(row) if row.state == Job.State.RUNNING else str(row.failure)

    def tone(self, row: Any) -> str:
        return str(row.state)

    def sections(self, row: Any, request: HttpRequest) -> Iterable[Section]:
        yield from log_of(row)

    def offers(self, row: Any, request: HttpRequest) -> Iterable[Act]:
        kind = KINDS[type(row)]
        if row.state in OPEN and allows(scoped.account(request), kind.action, kind.system_of(row)):
            yield Act("cancel", "Stop it", _STOP, asks_reason=False, grave=True)

    def cancel(self, request: HttpRequest, row: Any) -> str:
        stopped = jobs.cancel(row, actor=acting.actor(request))
        return "It is stopped." if stopped.state == Job.State.CANCELLED else "Its worker stops at the next step."

    def page(self, request: HttpRequest, row: Any, *, status: int = 200, **context: Any) -> HttpResponse:
        live = request.method == "GET" and row.state in OPEN
        return super().page(request, row, status=status, refresh=REFRESH_SECONDS if live else None, **context)


def bar(job: Job) -> SafeString:
    """How far the work is, drawn and in words."""
    words = f"{job.progress_percent} %, {job.progress_message}{_trouble(job)}"
    return format_html('<progress max="100" value="{}"></progress> {}', job.progress_percent, words)


def _trouble(job: Job) -> str:
    """What whoever waits must know: somebody stops it, or its worker is silent, so that it will be done again."""
    if job.cancel_requested_at:
        return "; it was asked to stop"
    silent = timezone.now() - job.heartbeat_at if job.heartbeat_at else timedelta(0)
    if KINDS[type(job)].resting or silent < timedelta(seconds=settings.JOB_STALE_SECONDS):
        return ""
    return f"; its worker has given no sign of life for {show.span(silent)}"


def log_of(job: Job) -> Iterable[Section]:
    """The newest lines first; folded where the work came out well, left out where it ended without a word."""
    found = job_lines.newest(job, LINES_SHOWN)[::-1]
    if not found and job.state not in OPEN:
        return
    note = f"The newest {LINES_SHOWN} lines." if len(found) == LINES_SHOWN else ""
    head = ["At (UTC)", "What", *(["Attempt"] if job.attempts > 1 else [])]
    rows = [[show.clock(one.at), _said(one), one.attempt][: len(head)] for one in found]
    yield Section("Log", show.table(head, rows), note, folded=job.state == Job.State.SUCCEEDED)


def _said(line: JobLine) -> SafeString | str:
    """The line, marked where a reader must not miss it."""
    return line.text if line.level == JobLine.Level.INFO else format_html("{} {}", show.chip(line.level), line.text)


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
    yield "Asked by", job.requested_by
    yield "Started", job.started_at
    yield "Took", took(job)
    yield "Attempts", job.attempts
    if job.cancel_requested_at:
        yield "Asked to stop", job.cancel_requested_at
