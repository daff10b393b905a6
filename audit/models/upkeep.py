"""What keeps watch: each verification's result, the newest fixed histories, and where old entries went."""

import uuid_utils.compat
from django.db import models
from django.db.models.functions import Now

from audit import guard
from audit.models.base import Governed


class Verification(Governed):
    """One run of the self-check: how far it looked, and what it found."""

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    size = models.BigIntegerField(help_text="the signed head's size that was checked")
    entries = models.BigIntegerField()
    rows = models.BigIntegerField(help_text="governed rows compared with their last entry")
    findings = models.JSONField(default=list, help_text="where and what, in words; the first hundred")
    finding_count = models.PositiveIntegerField()
    complete = models.BooleanField(help_text="whether it looked at everything it set out to look at")

    class Meta:
        db_table = "audit_verification"
        ordering = ["-id"]
        triggers = guard.governed("verification")

    def __str__(self) -> str:
        return f"Verification of {self.size:,} entries: {self.finding_count or 'no'} findings"


class History(models.Model):
    """How many events one subject has, and their digest chain, as of the newest `log.histories_fixed`."""

    pk = models.CompositePrimaryKey("subject_type", "subject_id")
    subject_type = models.TextField()
    subject_id = models.TextField()
    count = models.BigIntegerField()
    last_index = models.BigIntegerField()
    digest = models.BinaryField()

    class Meta:
        db_table = "audit_history"


class ArchivedBundle(models.Model):
    """256 entries whose bytes left the database for the archive; index, hash and proofs stay."""

    n = models.BigIntegerField(primary_key=True)
    digest = models.BinaryField()
    url = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_archived_bundle"
