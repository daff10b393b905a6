"""What every task shares: who acts, and how a job that is refused ends."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from audit import actors
from audit.actors import Actor
from registry.errors import RegistryError
from registry.models.base import Job
from registry.services import jobs
from workers.ingestion.errors import IngestionError
from workers.pipelines.errors import PipelineError

logger = structlog.get_logger(__name__)


def worker(request: str = "") -> Actor:
    """The worker as an actor, within the request that asked for the work."""
    return actors.system(
        "worker", request=request or str(structlog.contextvars.get_contextvars().get("request_id", ""))
    )


@contextmanager
def refusals_of(job: Job) -> Iterator[None]:
    """Ends the job as failed where its input is refused, with cause and remedy; any other error raises."""
    logger.info("job started", job=str(job.pk), attempt=job.attempts)
    try:
        yield
        logger.info("job finished", job=str(job.pk))
    except (IngestionError, PipelineError, RegistryError) as error:
        logger.warning("job refused", job=str(job.pk), detail=error.detail)
        jobs.fail(job, failure=f"{error.detail} {error.remedy}".strip(), actor=worker(job.request))
    except Exception as error:
        jobs.fail(job, failure=f"The worker met a defect: {type(error).__name__}: {error}", actor=worker(job.request))
        raise
