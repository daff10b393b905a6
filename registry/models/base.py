"""What every record has: a time-ordered id and the moment it was made."""

import uuid_utils.compat
from django.db import models

from audit.models import Governed


class Record(Governed):
    """A row with a UUIDv7, so that the primary key is also the order of creation."""

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-id"]


class Job(Record):
    """Long work as a row: the row is the truth, the message to a worker only a nudge."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    #: Columns that change while the work goes on, without an event.
    OPERATIONAL = ("progress_percent", "progress_message", "heartbeat_at")

    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    requested_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(
        null=True, blank=True, help_text="somebody asked to stop it; the worker stops at its next step"
    )
    failure = models.TextField(default="", blank=True)
    request = models.TextField(default="", blank=True, help_text="the id of the HTTP request that asked for it")
    progress_percent = models.PositiveSmallIntegerField(default=0)
    progress_message = models.TextField(default="", blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        abstract = True
