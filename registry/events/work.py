"""Long work that somebody stopped, and runs that were done again."""

from audit.events import Event


class IngestionCancelRequested(Event, name="ingestion.cancel_requested"):
    """Somebody asked to stop an ingestion that a worker has; the worker stops at its next step."""

    attempt: int


class IngestionCancelled(Event, name="ingestion.cancelled"):
    """The ingestion was stopped and made no version."""

    attempt: int


class RunCancelRequested(Event, name="training_run.cancel_requested"):
    """Somebody asked to stop a run that a worker has; the worker stops at its next step."""

    attempt: int


class RunCancelled(Event, name="training_run.cancelled"):
    """The run was stopped and registered no version; what it had cost is in its row."""

    attempt: int


class EvaluationCancelRequested(Event, name="evaluation.cancel_requested"):
    """Somebody asked to stop an evaluation that a worker has; the worker stops at its next step."""

    attempt: int


class EvaluationCancelled(Event, name="evaluation.cancelled"):
    """The evaluation was stopped and left no evidence."""

    attempt: int


class ExplanationCancelRequested(Event, name="explanation.cancel_requested"):
    """Somebody asked to stop an explanation that a worker has; the worker stops at its next step."""

    attempt: int


class ReproductionRequested(Event, name="reproduction.requested"):
    """Somebody asked a worker to do a run again, with its recipe, seed and data."""

    run: str


class ReproductionStarted(Event, name="reproduction.started"):
    """A worker took the reproduction."""

    attempt: int


class ReproductionSucceeded(Event, name="reproduction.succeeded"):
    """The run was done again; the verdict says whether the same came out, and is evidence about the version."""

    verdict: str
    first_difference: str | None
    evidence_set: str | None


class ReproductionFailed(Event, name="reproduction.failed"):
    """The run could not be done again."""

    attempt: int


class ReproductionCancelRequested(Event, name="reproduction.cancel_requested"):
    """Somebody asked to stop a reproduction that a worker has; the worker stops at its next step."""

    attempt: int


class ReproductionCancelled(Event, name="reproduction.cancelled"):
    """The reproduction was stopped; nothing is said about the run."""

    attempt: int
