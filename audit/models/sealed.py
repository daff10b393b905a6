"""What entries only commit to, under keys that can be destroyed; who asked to erase what, and what must be kept."""

import uuid_utils.compat
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from audit import guard
from audit.models.base import Governed


class DataKey(models.Model):
    """The key of one person's sealed values, wrapped; destroyed with the last of what it opens."""

    person = models.TextField(help_text="a pseudonymous id; empty for values that are about nobody")
    wrapped = models.BinaryField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_data_key"
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=~models.Q(wrapped=None), name="one_living_data_key")
        ]


class Sealed(models.Model):
    """One person's values of one event with their salts, encrypted; erasable without breaking a proof."""

    ticket = models.BigIntegerField()
    person = models.TextField()
    key = models.BigIntegerField()
    content = models.BinaryField(null=True, help_text="null once everything in it is erased")

    class Meta:
        db_table = "audit_sealed"
        verbose_name_plural = "sealed values"
        constraints = [models.UniqueConstraint(fields=["ticket", "person"], name="sealed_once_a_person")]
        indexes = [models.Index(fields=["person"], name="audit_sealed_person")]


class Hold(Governed):
    """A legal hold: what it covers may not be erased or archived away while it stands."""

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    subject_type = models.TextField(blank=True, default="")
    subject_id = models.TextField(blank=True, default="")
    person = models.TextField(blank=True, default="")
    ground = models.TextField(help_text="the duty to keep, with its source")
    placed_by = models.TextField()
    placed_at = models.DateTimeField(auto_now_add=True)
    released_by = models.TextField(blank=True, default="")
    released_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "audit_hold"
        ordering = ["-id"]
        triggers = guard.governed("hold")

    def __str__(self) -> str:
        return f"Hold on {self.person or f'{self.subject_type} {self.subject_id}'.strip() or 'everything'}"


class Redaction(Governed):
    """A request to erase sealed values, of one event or of one person, that a second person must approve."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        EXECUTED = "executed"
        REFUSED = "refused"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    event = models.UUIDField(null=True, blank=True, help_text="the event whose fields go; none: everything of a person")
    fields = ArrayField(models.TextField(), default=list, blank=True)
    person = models.TextField(blank=True, default="")
    ground = models.TextField(help_text="why it must go, e.g. GDPR Art. 17(1)(b)")
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    refusal = models.TextField(blank=True, default="")
    requested_by = models.TextField()
    requested_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        db_table = "audit_redaction"
        ordering = ["-id"]
        triggers = guard.governed("redaction")

    def __str__(self) -> str:
        return f"Redaction of {', '.join(self.fields) if self.event else self.person}"
