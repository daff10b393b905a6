"""The life of a job: claimed once, alive by its heartbeat, failed in words, swept up when its worker died."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from audit import rows
from registry.errors import Conflict, NotPermitted
from registry.models import Ingestion
from registry.models.base import Job
from registry.roles import Role
from registry.services import job_lines, jobs
from registry.services.job_kinds import KINDS
from tests import factories, recorded
from tests.factories import acting

pytestmark = pytest.mark.django_db
WORKER = factories.bootstrap()


@pytest.fixture
def queue() -> Iterator[redis.Redis]:
    """The broker, without messages of other tests."""
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("default")
        yield broker
        broker.delete("default")


def claimed() -> Ingestion:
    job = jobs.claim(Ingestion, str(factories.ingestion().pk), actor=WORKER)
    assert job is not None
    return job


def silent(job: Ingestion) -> None:
    """As a worker leaves it that was killed a while ago."""
    before = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS + 1)
    Ingestion.objects.filter(pk=job.pk).update(heartbeat_at=before)


def test_claim_takes_the_job_and_records_the_attempt() -> None:
    job = claimed()
    told = recorded.newest(job)
    assert (job.state, job.attempts) == ("running", 1)
    assert (told["event"], told["data"]) == ("ingestion.started", {"attempt": 1})
    assert told["row"] == rows.digest(recorded.fresh(job))


def test_claim_of_a_job_that_runs_gives_nothing() -> None:
    job = claimed()
    assert jobs.claim(Ingestion, str(job.pk), actor=WORKER) is None
    assert recorded.names(job) == ["ingestion.requested", "ingestion.started"]


def test_claim_of_a_job_whose_worker_is_silent_takes_it_over() -> None:
    job = claimed()
    silent(job)
    again = jobs.claim(Ingestion, str(job.pk), actor=WORKER)
    assert again is not None
    assert (again.attempts, recorded.newest(job)["data"]) == (2, {"attempt": 2})


def test_claim_of_a_job_that_is_done_gives_nothing() -> None:
    done = factories.dataset_version().ingestion
    assert jobs.claim(Ingestion, str(done.pk), actor=WORKER) is None


def test_reporter_stores_progress_without_an_event_and_leaves_the_digest() -> None:
    job = claimed()
    before = rows.digest(recorded.fresh(job))
    recorded.sequence()
    jobs.reporter(job)(0.5, "half")
    connection.check_constraints()
    stored = recorded.fresh(job)
    assert (stored.progress_percent, stored.progress_message) == (50, "half")
    assert rows.digest(stored) == before


def test_fail_says_why_and_commits_to_the_words_only() -> None:
    job = claimed()
    jobs.fail(job, failure="Row 7 has three columns.", actor=WORKER)
    told = recorded.newest(job)
    stored = recorded.fresh(job)
    assert (stored.state, stored.failure) == ("failed", "Row 7 has three columns.")
    assert (told["event"], told["data"]) == ("ingestion.failed", {"attempt": 1})
    assert recorded.sealed(job) == {"reason": "Row 7 has three columns."}
    assert told["row"] == rows.digest(stored)


def test_fail_of_a_job_that_is_done_changes_nothing() -> None:
    done = factories.dataset_version().ingestion
    jobs.fail(done, failure="Too late.", actor=WORKER)
    assert (recorded.fresh(done).state, recorded.names(done)[-1]) == ("succeeded", "ingestion.succeeded")


def test_sweep_sends_a_lost_job_again(queue: redis.Redis) -> None:
    job = claimed()
    silent(job)
    assert jobs.sweep(actor=WORKER) == 1
    (message,) = queue.lrange("default", 0, -1)
    assert b"workers.ingest" in message
    assert recorded.fresh(job).state == "running"


def test_sweep_leaves_fresh_jobs_alone(queue: redis.Redis) -> None:
    claimed()
    factories.ingestion()
    assert (jobs.sweep(actor=WORKER), queue.llen("default")) == (0, 0)


def test_sweep_gives_up_after_three_attempts(queue: redis.Redis) -> None:
    job = claimed()
    Ingestion.objects.filter(pk=job.pk).update(attempts=jobs.MAX_ATTEMPTS)
    silent(job)
    assert (jobs.sweep(actor=WORKER), queue.llen("default")) == (1, 0)
    stored = recorded.fresh(job)
    assert (stored.state, stored.failure) == ("failed", "The worker was lost 3 times.")
    assert recorded.names(job)[-1] == "ingestion.failed"


def test_reporter_keeps_each_step_once_in_the_history() -> None:
    job = claimed()
    report = jobs.reporter(job)
    for share, message in ((0.1, "read"), (0.2, "read"), (0.5, "held to its contract")):
        report(share, message)
    assert [(line.attempt, line.level, line.text) for line in job_lines.after(job, 0)] == [
        (1, "info", "read"),
        (1, "info", "held to its contract"),
    ]


def test_lines_are_bounded_and_an_error_is_kept_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    job = claimed()
    monkeypatch.setattr(job_lines, "LINES_AT_MOST", 2)
    job_lines.extend(job, ["one", "x" * 1000, "three"], level="warning")
    jobs.fail(job, failure="Row 7.", actor=WORKER)
    kept = [(line.level, line.text) for line in job_lines.newest(job, 10)]
    assert kept == [("warning", "one"), ("warning", "x" * 499 + "…"), ("error", "Row 7.")]


def test_cancel_of_a_job_that_waits_ends_it_at_once() -> None:
    job = factories.ingestion()
    jobs.cancel(job, actor=acting(job.requested_by), reason="The wrong file.")
    stored = recorded.fresh(job)
    assert (stored.state, stored.finished_at == stored.cancel_requested_at) == ("cancelled", True)
    assert recorded.names(job)[-1] == "ingestion.cancelled"
    assert recorded.sealed(job) == {"reason": "The wrong file."}
    assert jobs.claim(Ingestion, str(job.pk), actor=WORKER) is None


def test_cancel_of_a_job_that_runs_stops_it_at_its_next_step() -> None:
    job = claimed()
    for _ in range(2):
        jobs.cancel(job, actor=acting(job.requested_by))
    with pytest.raises(jobs.Cancelled):
        jobs.reporter(job)(0.5, "half")
    assert jobs.cancelled(job, actor=WORKER)
    assert recorded.fresh(job).state == "cancelled"
    assert recorded.names(job)[2:] == ["ingestion.cancel_requested", "ingestion.cancelled"]


def test_cancel_of_a_job_that_is_done_is_refused() -> None:
    done = factories.dataset_version().ingestion
    with pytest.raises(Conflict, match="succeeded already"):
        jobs.cancel(done, actor=acting(done.requested_by))


def test_cancel_by_who_may_not_ask_for_such_work_is_refused() -> None:
    job = factories.ingestion()
    with pytest.raises(NotPermitted):
        jobs.cancel(job, actor=acting(factories.person(Role.AUDITOR)))
    assert recorded.fresh(job).state == "queued"


def test_sweep_ends_a_cancelled_job_whose_worker_is_gone(queue: redis.Redis) -> None:
    job = claimed()
    jobs.cancel(job, actor=acting(job.requested_by))
    silent(job)
    assert (jobs.sweep(actor=WORKER), queue.llen("default")) == (1, 0)
    assert recorded.fresh(job).state == "cancelled"


def test_sweep_sends_a_job_that_waits_behind_others_once_an_age(queue: redis.Redis, settings: Settings) -> None:
    factories.ingestion()
    settings.JOB_STALE_SECONDS = -1
    assert jobs.sweep(actor=WORKER) == 1
    settings.JOB_STALE_SECONDS = 60
    assert (jobs.sweep(actor=WORKER), queue.llen("default")) == (0, 1)


def test_worker_whose_job_was_taken_over_can_neither_report_nor_fail_nor_complete() -> None:
    old = claimed()
    silent(old)
    new = jobs.claim(Ingestion, str(old.pk), actor=WORKER)
    assert new is not None
    with pytest.raises(jobs.Lost):
        jobs.reporter(old)(0.9, "nearly")
    jobs.fail(old, failure="Too late.", actor=WORKER)
    with pytest.raises(Conflict):
        jobs.held(old)
    assert (recorded.fresh(new).state, jobs.held(new).attempts) == ("running", 2)


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_job_has_a_task_of_its_own_and_events_that_say_the_attempt(kind: type[Job]) -> None:
    row = KINDS[kind]
    made = [event(attempt=1).payload() for event in (row.started, row.failed, row.cancel_requested, row.cancelled)]
    assert made == [{"attempt": 1}] * 4
    current_app.loader.import_default_modules()
    assert row.task in current_app.tasks
