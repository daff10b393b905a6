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
