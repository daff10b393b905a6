"""The life of a job: claimed once, alive by its heartbeat, failed in words, swept up when its worker died."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit import rows
from registry.models import Ingestion
from registry.services import jobs
from tests import factories, recorded

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
