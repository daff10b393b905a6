"""What was answered and what was not: the prediction log, its sealed batches, and the outcomes that arrive later."""

import uuid_utils.compat
from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.deployments import Slot
from registry.models.runs import ModelVersion


class PredictionBatch(Record):
    """Predictions sealed together: the log commits to their digest, so a changed row shows."""

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="batches")
    row_count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)

    class Meta(Record.Meta):
        verbose_name_plural = "prediction batches"
        triggers = guard.governed("prediction_batch")

    def __str__(self) -> str:
        return f"{self.row_count} predictions of {self.slot}"


class Prediction(models.Model):
    """One answer, logged before it is given. Not guarded row by row: its batch's digest is in the log."""

    class Arm(models.TextChoices):
        CHAMPION = "champion"
        CANARY = "canary"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    at = models.DateTimeField()
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="predictions")
    slot_revision = models.PositiveIntegerField()
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    arm = models.CharField(max_length=8, choices=Arm.choices)
    entity = models.CharField(max_length=200, blank=True)
    features = models.JSONField()
    attributes = models.JSONField(
        default=dict, help_text="sensitive values, for fairness only; never seen by the model"
    )
    score = models.FloatField()
    decision = models.IntegerField(null=True, blank=True, help_text="the class; none where a number is predicted")
    latency_us = models.PositiveIntegerField()
    request = models.CharField(max_length=64, blank=True)
    batch = models.ForeignKey(
        PredictionBatch, on_delete=models.PROTECT, null=True, blank=True, related_name="predictions"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["slot", "-at"], name="prediction_slot_at"),
            models.Index(fields=["slot"], condition=models.Q(batch=None), name="prediction_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.score:.3f} by {self.model_version_id}"


class Outcome(models.Model):
    """The truth about a prediction, as it arrived; a revised one is a new row and the newest counts."""

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="outcomes")
    value = models.FloatField(help_text="the class, or the number that was predicted")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.value} for {self.prediction_id}"


class FailedRequest(models.Model):
    """A request for predictions that got no answer, and why; which version it would have been, where that is known."""

    class Cause(models.TextChoices):
        INVALID = "invalid", "the rows did not fit"
        NO_ANSWER = "no_answer", "the version had no finite answer"
        DEFECT = "defect", "the version raised an error"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    at = models.DateTimeField()
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="failed_requests")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cause = models.CharField(max_length=9, choices=Cause.choices)
    detail = models.TextField(blank=True, help_text="why, without the values")
    row_count = models.PositiveIntegerField()
    request = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["slot", "-at"], name="failed_request_slot_at")]

    def __str__(self) -> str:
        return f"{self.get_cause_display()} at {self.slot_id}"
