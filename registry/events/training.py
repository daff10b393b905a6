"""Runs and the model versions they register."""

from audit.events import Event


class RunRequested(Event, name="training_run.requested"):
    """A fit was asked for with a recipe, a seed and a dataset version."""

    model: str
    dataset: str
    recipe: str
    seed: int


class RunStarted(Event, name="training_run.started"):
    """A worker took the run."""

    attempt: int


class RunSucceeded(Event, name="training_run.succeeded"):
    """The run registered a model version; code, data and environment stand as digests."""

    model_version: str
    artifact: str
    code: str
    environment: str


class RunFailed(Event, name="training_run.failed"):
    """The run ended without a version."""

    attempt: int


class VersionRegistered(Event, name="model_version.registered"):
    """An immutable model version: artifact, run and data by digest, and its whole record by digest."""

    model: str
    number: int
    artifact: str
    dataset: str
    run: str
    record: str


class VersionRetired(Event, name="model_version.retired"):
    """The version is out of use; its record stays."""


class VersionRetireRefused(Event, name="model_version.retire_refused"):
    """Somebody tried to retire or purge a version that is needed."""

    rule: str


class VersionPurged(Event, name="model_version.purged"):
    """A retired version gave up its artifact; the record stays. freed: whether nothing else needed the bytes."""

    artifact: str
    freed: bool
