"""Answers kept for idempotency keys: operational rows, not governed ones."""

from django.db import models


class IdempotentAnswer(models.Model):
    """The answer to one keyed POST, kept so that a repeat gets the same one; empty while the first is being made."""

    caller = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="one_answer_per_key")]

    def __str__(self) -> str:
        return self.key
