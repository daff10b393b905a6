"""A sign of life while one long step runs, from a thread beside it; and the end of work that will not stop."""

import os
import signal
import threading
from types import TracebackType

import structlog
from billiard.process import current_process
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from audit.actors import Actor
from registry.models.base import Job
from registry.services import jobs

logger = structlog.get_logger(__name__)


class Heartbeat:
    """For as long as the block runs, the job's row says that its worker is alive.

    Where somebody wants the job stopped and the block takes no notice for JOB_CANCEL_SECONDS, the job ends as cancelled
    and this process with it: Celery starts another, and a redelivered message finds the job ended.
    """

    def __init__(self, job: Job, *, actor: Actor) -> None:
        self.job, self.actor = job, actor
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self.thread.join()

    def _beat(self) -> None:
        try:
            while not self.over.wait(min(settings.JOB_STALE_SECONDS / 4, settings.JOB_CANCEL_SECONDS / 2)):
                self._once()
        except jobs.Lost:
            logger.warning("job is no longer ours", job=str(self.job.pk), attempt=self.job.attempts)
        finally:
            connection.close()

    def _once(self) -> None:
        try:
            asked = jobs.asked_to_stop(self.job)
            if asked is None or (timezone.now() - asked).total_seconds() < settings.JOB_CANCEL_SECONDS:
                return
            if _replaceable() and jobs.cancelled(self.job, actor=self.actor):
                logger.warning("job stopped hard", job=str(self.job.pk))
                os.kill(os.getpid(), signal.SIGKILL)
        except DatabaseError as error:
            # The next beat may come through; where none does, the job counts as lost, and so it is.
            logger.error("heartbeat failed", job=str(self.job.pk), error=repr(error))


def _replaceable() -> bool:
    """Whether this process is one of a pool that Celery fills up again."""
    return str(current_process().name).startswith("ForkPoolWorker")
