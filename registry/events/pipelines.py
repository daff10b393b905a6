"""Pipelines: one definition from source to candidate, and each pass of it."""

from audit.events import Event


class PipelineRegistered(Event, name="pipeline.registered"):
    """A definition from data to draft request; its document is fixed under the digest, and changed by a new version."""

    name: str
    version: int
    digest: str
    system: str


class PipelineSuperseded(Event, name="pipeline.superseded"):
    """A newer version of the definition took over; nothing starts this one any more."""

    by: str


class PipelinePaused(Event, name="pipeline.paused"):
    """Neither its schedule nor a monitor starts the pipeline until it is resumed."""


class PipelineResumed(Event, name="pipeline.resumed"):
    """Its schedule and its monitors start the pipeline again."""


class PipelineRetired(Event, name="pipeline.retired"):
    """Nothing starts the pipeline any more; its record stays."""


class PipelineRunRequested(Event, name="pipeline_run.requested"):
    """A pass was asked for by a person, the schedule or a monitor's alert."""

    pipeline: str
    cause: str
    cause_id: str


class PipelineRunStarted(Event, name="pipeline_run.started"):
    """A worker took the first step of the pass."""

    attempt: int


class PipelineRunSucceeded(Event, name="pipeline_run.succeeded"):
    """The pass made a candidate and, where its definition wants one, a draft request; it put nothing forward."""

    model_version: str
    promotion: str | None


class PipelineRunFailed(Event, name="pipeline_run.failed"):
    """A step of the pass failed; what the steps before it made stays."""

    attempt: int


class PipelineRunCancelRequested(Event, name="pipeline_run.cancel_requested"):
    """Somebody asked to stop a pass; the step that it waits for is stopped with it."""

    attempt: int


class PipelineRunCancelled(Event, name="pipeline_run.cancelled"):
    """The pass was stopped; what its steps had made stays."""

    attempt: int
