"""The kinds of long work as a table: which task does each, who may stop it, and what the log hears of it."""

from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, cast

from audit.events import Event
from registry import events
from registry.models import AISystem, Evaluation, Explanation, Ingestion, PipelineRun, Reproduction, TrainingRun
from registry.models.base import Job
from registry.roles import Action


class JobEvent(Protocol):
    """An event that says which attempt it was."""

    def __call__(self, *, attempt: int) -> Event: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of job.

    task: the name of the Celery task that does it. action: who may ask for it, and so may stop it. system: the way from
    the row to its system. kept: columns of the unfinished work that are kept where it ends without a result. resting:
    between its steps no worker holds it, so silence means nothing and each sweep looks again.
    """

    task: str
    noun: str
    action: Action
    system: tuple[str, ...]
    started: JobEvent
    failed: JobEvent
    cancel_requested: JobEvent
    cancelled: JobEvent
    kept: tuple[str, ...] = ()
    resting: bool = False

    def system_of(self, job: Job) -> AISystem:
        """The system that a job belongs to."""
        return cast(AISystem, reduce(getattr, self.system, cast(Any, job)))


KINDS: dict[type[Job], Kind] = {
    Ingestion: Kind(
        "workers.ingest", "ingestion", Action.REGISTER, ("dataset", "system"),
        events.IngestionStarted, events.IngestionFailed,
        events.IngestionCancelRequested, events.IngestionCancelled,
    ),
    TrainingRun: Kind(
        "workers.train", "run", Action.REGISTER, ("model", "system"),
        events.RunStarted, events.RunFailed, events.RunCancelRequested, events.RunCancelled,
        kept=("cost",),
    ),
    Evaluation: Kind(
        "workers.evaluate", "evaluation", Action.EVALUATE, ("model_version", "model", "system"),
        events.EvaluationStarted, events.EvaluationFailed,
        events.EvaluationCancelRequested, events.EvaluationCancelled,
    ),
    Reproduction: Kind(
        "workers.reproduce", "reproduction", Action.EVALUATE, ("run", "model", "system"),
        events.ReproductionStarted, events.ReproductionFailed,
        events.ReproductionCancelRequested, events.ReproductionCancelled,
    ),
    Explanation: Kind(
        "workers.explain", "explanation", Action.EVALUATE, ("model_version", "model", "system"),
        events.ExplanationStarted, events.ExplanationFailed,
        events.ExplanationCancelRequested, events.ExplanationCancelled,
    ),
    PipelineRun: Kind(
        "workers.pipeline", "pipeline run", Action.REGISTER, ("pipeline", "system"),
        events.PipelineRunStarted, events.PipelineRunFailed,
        events.PipelineRunCancelRequested, events.PipelineRunCancelled,
        resting=True,
    ),
}  # fmt: skip
