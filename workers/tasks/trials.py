"""Trials of a search over several workers: the run's own takes part, and others come to help where it takes long."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from registry import artifacts, jobs
from registry.models import TrainingRun
from registry.services import job_lines, trials
from registry.services import jobs as job_services
from workers.running import children

if TYPE_CHECKING:
    from workers.pipelines.trials import TrialResult

logger = structlog.get_logger(__name__)
TASK = "workers.trial"
WAIT_SECONDS = 0.2


class TrialRows:
    """The trials of a run as rows, served to the process that fits them."""

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.attempts: dict[int, int] = {}
        self.began = time.monotonic()
        self.called = False

    def served(self) -> dict[str, Callable[..., Any]]:
        """What the process may ask for, by name."""
        names = ("done", "claim", "report", "finish", "wait")
        return {name: getattr(self, name) for name in names}

    def done(self) -> list["TrialResult"]:
        from workers.pipelines.trials import TrialResult  # no pipeline is loaded where no job runs

        rows: Any = trials.ended(self.run).values(
            "number", "estimator", "parameters", "state", "metrics", "reported", "failure", "seconds"
        )
        return [TrialResult(**{**row, "seconds": row["seconds"] or 0.0}) for row in rows]

    def claim(self, number: int, estimator: str, parameters: Mapping[str, Any]) -> bool:
        self.call_for_help()
        attempt = trials.claim(self.run, number, estimator=estimator, parameters=parameters)
        if attempt is not None:
            self.attempts[number] = attempt
        return attempt is not None

    def report(self, number: int, step: int, value: float) -> bool:
        """Pruning goes by earlier trials alone, so that the order in which workers end decides nothing: never here."""
        trials.report(self.run, number, value, attempt=self.attempts[number])
        return False

    def finish(self, number: int, result: "TrialResult") -> None:
        values = asdict(result)
        values.pop("number")
        if trials.finish(self.run, number, values, attempt=self.attempts.pop(number)):
            job_lines.write(self.run, f"trial {number} is {result.state} after {result.seconds:.1f} s")

    def wait(self) -> bool:
        """Others have what is left: look again in a moment."""
        time.sleep(WAIT_SECONDS)
        return True

    def beat(self) -> None:
        """The trials that this worker has are alive."""
        for number, attempt in self.attempts.items():
            trials.beat(self.run, number, attempt=attempt)

    def call_for_help(self) -> None:
        """Where the search takes long, ask other workers once; a message that nobody is free for does no harm."""
        if self.called or time.monotonic() - self.began < settings.TRIAL_HELP_AFTER_SECONDS:
            return
        self.called = True
        for _ in range(settings.TRIAL_HELPERS):
            jobs.send(TASK, self.run.pk, request=self.run.request)


@shared_task(name=TASK)
def help_with(pk: str) -> None:
    """Take trials of a run that another worker has, until none is left or the run is over.

    Whatever happens here, the run's own worker goes on: what a helper leaves undone it takes itself.
    """
    run = TrainingRun.objects.select_related("dataset_version").get(pk=pk)
    if not _goes_on(run):
        return
    rows = TrialRows(run)
    rows.called = True
    served = {**rows.served(), "progress": lambda share, message: None}
    try:
        with artifacts.local(run.dataset_version.digest, suffix=".parquet") as data:
            children.run(
                "workers.running.fits.help_with",
                {"recipe": {**run.recipe, "seed": run.seed}, "data": data},
                serve=served,
                sign=lambda: _sign(rows),
                limits=children.limits(run.limits),
                usage=children.Usage(),
            )
    except (job_services.Lost, job_services.Cancelled, children.PipelineError) as error:
        logger.info("help ended", run=pk, why=repr(error))


def _sign(rows: TrialRows) -> None:
    """The helper works for as long as the run goes on."""
    if not _goes_on(rows.run):
        raise job_services.Lost
    rows.beat()


def _goes_on(run: TrainingRun) -> bool:
    """Whether its own worker is alive in it. Where that is gone, a helper makes room for the one that takes over."""
    alive = timezone.now() - timedelta(seconds=settings.JOB_STALE_SECONDS)
    going_on = {"state": TrainingRun.State.RUNNING, "cancel_requested_at": None, "heartbeat_at__gt": alive}
    return TrainingRun.objects.filter(pk=run.pk, attempts=run.attempts, **going_on).exists()
