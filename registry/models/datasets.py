"""Data: what it is, where a version came from, and exactly which bytes it is."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit import guard
from registry.models.base import Job, Record
from registry.models.systems import AISystem, name_validator


class Artifact(Record):
    """A content-addressed file in the artifact store; its digest is its name."""

    digest = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    purged_at = models.DateTimeField(null=True, blank=True, help_text="when the bytes went; the record stays")

    class Meta(Record.Meta):
        triggers = guard.governed("artifact")

    def __str__(self) -> str:
        return f"{self.digest[:12]} ({self.media_type})"


class Dataset(Record):
    """A named source of rows with its licence, its purpose and the contract every version is held to."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="datasets")
    name = models.CharField(max_length=100, validators=[name_validator])
    description = models.TextField(blank=True)
    purpose = models.TextField(blank=True, help_text="why personal data are held; without one they are refused")
    personal_columns = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, help_text="declared to hold personal data"
    )
    licence = models.CharField(max_length=200)
    subject_column = models.CharField(
        max_length=200, blank=True, help_text="the column that tells one person from another; empty where none does"
    )
    labelled_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sensitive_columns = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    contract = models.JSONField(default=dict, blank=True)
    contract_digest = models.CharField(max_length=64)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="dataset_name_in_system")]
        triggers = guard.governed("dataset")

    def __str__(self) -> str:
        return self.name


class Ingestion(Job):
    """The work of making one dataset version out of a delivered file."""

    class Format(models.TextChoices):
        CSV = "csv"
        PARQUET = "parquet"
        JSONL = "jsonl"
        IMAGES = "images", "images: an archive with a manifest, or a folder of classes"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="ingestions")
    source = models.ForeignKey(
        Artifact, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="the file as delivered"
    )
    data_source = models.ForeignKey(
        "registry.DataSource",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="ingestions",
        help_text="what a worker reads it from, where nobody delivered a file",
    )
    position = models.JSONField(
        default=dict, blank=True, help_text="how far the source had been read, before and after"
    )
    source_name = models.CharField(max_length=255)
    format = models.CharField(max_length=8, choices=Format.choices)

    class Meta(Job.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__isnull=False) | models.Q(data_source__isnull=False),
                name="ingestion_from_somewhere",
            ),
            models.UniqueConstraint(
                fields=["data_source"],
                condition=models.Q(state__in=["queued", "running"]),
                name="one_open_ingestion_per_source",
            ),
        ]
        triggers = guard.governed("ingestion", operational=Job.OPERATIONAL)

    def __str__(self) -> str:
        return f"{self.source_name} into {self.dataset}"


class DatasetVersion(Record):
    """Rows that never change again: the digest of their canonical Parquet bytes is their identity."""

    class Media(models.TextChoices):
        TABLE = "table"
        IMAGES = "images"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    ingestion = models.OneToOneField(Ingestion, on_delete=models.PROTECT, related_name="version")
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    row_count = models.BigIntegerField()
    media = models.CharField(max_length=8, choices=Media.choices, default=Media.TABLE)
    schema = models.JSONField()
    profile = models.JSONField()
    contract_digest = models.CharField(max_length=64)
    contract_verdict = models.CharField(max_length=8)
    uploaded_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_number")]
        triggers = guard.governed("dataset_version")

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"


class SubjectMark(models.Model):
    """A person's rows stand in a dataset version: a keyed hash, so that one query finds every model that learned them.

    Not governed: it is derived from the version's bytes and can be made again from them.
    """

    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="subject_marks")
    subject = models.BinaryField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "dataset_version"], name="one_mark_per_person")]

    def __str__(self) -> str:
        return f"A person in {self.dataset_version_id}"
