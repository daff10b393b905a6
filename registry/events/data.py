"""Files, datasets and their versions."""

from audit.events import Event


class ArtifactStored(Event, name="artifact.stored"):
    """A file entered the content-addressed store."""

    digest: str
    size_bytes: int


class ArtifactPurged(Event, name="artifact.purged"):
    """Nothing living refers to a file any more, and its bytes go; the record stays."""

    digest: str
    size_bytes: int


class DatasetRegistered(Event, name="dataset.registered"):
    """A source of rows with its licence, sensitive columns and contract."""

    name: str
    system: str
    contract: str
    sensitive_columns: list[str]


class IngestionRequested(Event, name="ingestion.requested"):
    """A file was delivered for a dataset."""

    dataset: str
    source: str


class IngestionStarted(Event, name="ingestion.started"):
    """A worker took the ingestion."""

    attempt: int


class IngestionSucceeded(Event, name="ingestion.succeeded"):
    """The delivered file became a dataset version."""

    dataset_version: str


class IngestionFailed(Event, name="ingestion.failed"):
    """The delivered file could not be used; nothing was kept of it but this."""

    attempt: int


class DatasetVersionCreated(Event, name="dataset_version.created"):
    """Rows were fixed for ever under their digest."""

    dataset: str
    number: int
    digest: str
    row_count: int
    contract_verdict: str


class SubjectLookedUp(Event, name="lineage.subject_looked_up"):
    """Somebody asked which models learned from one person; the person is not named here."""

    dataset: str | None
    versions: int


class SubjectForgotten(Event, name="lineage.subject_forgotten"):
    """One person's marks were removed from these dataset versions; the person is not named here."""

    dataset_versions: list[str]


class IngestionPlanned(Event, name="ingestion.planned"):
    """What the ingestion takes from its source was fixed before it was read; after a crash it takes the same."""

    batch: str


class IngestionFoundNothing(Event, name="ingestion.found_nothing"):
    """The source was read and holds nothing that had not been read before."""

    data_source: str


class DataSourceRegistered(Event, name="data_source.registered"):
    """A place that the dataset's versions are read from; secrets are named by reference only."""

    dataset: str
    kind: str
    settings: str
    secrets: list[str]
    interval_seconds: int | None


class DataSourceChanged(Event, name="data_source.changed"):
    """A source got another name, place, secret or interval, or begins anew."""

    changed: list[str]
    revision: int


class DataSourcePaused(Event, name="data_source.paused"):
    """Nothing is read from the source for now."""


class DataSourceResumed(Event, name="data_source.resumed"):
    """The source is read again, from where it stopped."""


class DataSourceRetired(Event, name="data_source.retired"):
    """The source is never read again; its past stays."""


class DataSourceAdvanced(Event, name="data_source.advanced"):
    """What was read up to here is kept for ever; the position moved in the same transaction."""

    ingestion: str
    position: str


class UploadOpened(Event, name="upload.opened"):
    """Somebody began to send a file in pieces."""

    dataset: str
    length_bytes: int


class UploadCompleted(Event, name="upload.completed"):
    """All pieces came; the whole file became an ingestion."""

    ingestion: str
    digest: str


class UploadAborted(Event, name="upload.aborted"):
    """An upload ended before it was whole, and its pieces are gone: its sender gave up, or did not come back."""

    because: str
    offset_bytes: int
