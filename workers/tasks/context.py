"""What every task shares: who acts, and how a job that is refused, stopped or taken over ends."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from audit import actors
from audit.actors import Actor
from registry.errors import RegistryError
from registry.models.base import Job
from registry.services import job_lines, jobs
from registry.services.pipelines import origins
from workers.ingestion.errors import IngestionError
from workers.pipelines.errors import Cancelled, PipelineError
from workers.running.children import ChildLost
from workers.tasks.heartbeat import Heartbeat

logger = structlog.get_logger(__name__)


def worker(request: str = "") -> Actor:
    """The worker as an actor, within the request that asked for the work."""
    return actors.system(
        "worker", request=request or str(structlog.contextvars.get_contextvars().get("request_id", ""))
    )


@contextmanager
def refusals_of(job: Job) -> Iterator[None]:
    """Keeps the job alive, and ends it: failed where its input is refused, cancelled where somebody asked to stop.

    Any other error is a defect: it is on record, and raises. A pipeline that waits for the job hears of its end.
    """
    logger.info("job started", job=str(job.pk), attempt=job.attempts)
    try:
        with Heartbeat(job, actor=worker(job.request)):
            yield
        logger.info("job finished", job=str(job.pk))
    except (jobs.Cancelled, Cancelled):
        logger.info("job cancelled", job=str(job.pk))
        jobs.cancelled(job, actor=worker(job.request))
    except jobs.Lost:
        logger.warning("job is another worker's", job=str(job.pk), attempt=job.attempts)
    except ChildLost as error:
        _child_lost(job, error)
    except (IngestionError, PipelineError, RegistryError) as error:
        logger.warning("job refused", job=str(job.pk), detail=error.detail)
        jobs.fail(job, failure=f"{error.detail} {error.remedy}".strip(), actor=worker(job.request))
    except Exception as error:
        jobs.fail(job, failure=f"The worker met a defect: {type(error).__name__}: {error}", actor=worker(job.request))
        raise
    finally:
        origins.nudge(job)


def _child_lost(job: Job, error: ChildLost) -> None:
    """As with a worker that was killed: the sweep has the job done again, until the last attempt."""
    if job.attempts < jobs.MAX_ATTEMPTS:
        job_lines.write(job, f"{error.detail} It is done again.", level="warning")
    else:
        jobs.fail(job, failure=f"{error.detail} {error.remedy}", actor=worker(job.request))
