"""The tables of the log. Nothing leads into or out of them by foreign key; triggers refuse every rewrite."""

import uuid_utils.compat
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One committed fact: the entry's exact bytes, and the columns it is found by."""

    ticket = models.BigAutoField(primary_key=True)
    leaf = models.BinaryField(null=True, help_text="null once its bundle is in the archive")
    changes = models.BinaryField(null=True, help_text="commitments to old and new values; the entry has its digest")
    id = models.UUIDField(unique=True, default=uuid_utils.compat.uuid7)
    event = models.TextField()
    subject_type = models.TextField()
    subject_id = models.TextField()
    actor = models.TextField()
    at = models.DateTimeField()
    request = models.TextField(default="", blank=True)

    class Meta:
        db_table = "audit_event"
        ordering = ["-ticket"]
        indexes = [
            models.Index(fields=["subject_type", "subject_id", "ticket"], name="audit_event_subject"),
            models.Index(fields=["actor", "ticket"], name="audit_event_actor"),
            models.Index(fields=["event", "ticket"], name="audit_event_name"),
            models.Index(fields=["request"], condition=~models.Q(request=""), name="audit_event_request"),
            BrinIndex(fields=["at"], name="audit_event_at", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.subject_type} {self.subject_id}"


class Leaf(models.Model):
    """The place an event took in the tree, given once and for ever by the sequencer."""

    index = models.BigIntegerField(primary_key=True)
    ticket = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_leaf"


class Tile(models.Model):
    """256 hashes of one level; only full tiles are stored, so nothing is ever rewritten."""

    pk = models.CompositePrimaryKey("level", "n")
    level = models.SmallIntegerField()
    n = models.BigIntegerField()
    data = models.BinaryField()
    root = models.BinaryField()

    class Meta:
        db_table = "audit_tile"


class Checkpoint(models.Model):
    """A signed tree head: a C2SP signed note that commits to every event before it."""

    size = models.BigIntegerField(primary_key=True)
    note = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_checkpoint"
        ordering = ["-size"]

    def __str__(self) -> str:
        return f"Checkpoint at size {self.size}"


class Cosignature(models.Model):
    """A witness's signature line on a head: it has seen this head, and that it continues the one before."""

    size = models.BigIntegerField()
    witness = models.TextField()
    line = models.TextField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_cosignature"
        constraints = [models.UniqueConstraint(fields=["size", "witness"], name="one_cosignature_a_witness")]
