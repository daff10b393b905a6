"""Where data comes from by itself: a source with its schedule and position, and uploads that survive a lost line."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.datasets import Dataset


class DataSource(Record):
    """A place that a dataset's versions are read from: what to read, how often, and how far it has been read.

    settings never hold a credential: secrets maps each name that the reader needs to a reference ("env:NAME" or
    "file:NAME"), which only the worker that reads can resolve.
    """

    class Kind(models.TextChoices):
        FILES = "files", "files or a data lake"
        DATABASE = "database"
        HTTP = "http", "HTTP API"
        STREAM = "stream", "Redis stream"

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        RETIRED = "retired"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="sources")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    settings = models.JSONField()
    secrets = models.JSONField(default=dict, blank=True)
    interval_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="how often it is read by itself; empty where only on request"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    position = models.JSONField(
        default=dict, blank=True, help_text="how far it has been read: watermark, ETag, digests of files, stream id"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    registered_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["dataset", "name"], name="source_name_in_dataset")]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(state="active"), name="source_due"),
        ]
        triggers = guard.governed("data_source", operational=("due_at",))

    def __str__(self) -> str:
        return f"{self.name} of {self.dataset}"


class Upload(Record):
    """A file that arrives in pieces (tus 1.0): how much has come, until it is whole and becomes an ingestion."""

    class State(models.TextChoices):
        OPEN = "open"
        COMPLETE = "complete"
        ABORTED = "aborted"

    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="uploads")
    name = models.CharField(max_length=255)
    format = models.CharField(max_length=8)
    length_bytes = models.BigIntegerField()
    offset_bytes = models.BigIntegerField(default=0)
    parts = ArrayField(models.CharField(max_length=100), default=list, blank=True, help_text="stored pieces in order")
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    expires_at = models.DateTimeField()
    touched_at = models.DateTimeField(auto_now=True)
    uploaded_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    ingestion = models.OneToOneField(
        "registry.Ingestion", on_delete=models.PROTECT, null=True, blank=True, related_name="upload"
    )

    class Meta(Record.Meta):
        triggers = guard.governed("upload", operational=("offset_bytes", "parts", "touched_at"))

    def __str__(self) -> str:
        return f"{self.name} for {self.dataset}"
