"""What keeps an approval honest afterwards: periodic reviews, break-glass and its after-review, incidents."""

from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.deployments import Slot
from registry.models.promotions import PromotionRequest
from registry.models.runs import ModelVersion
from registry.models.systems import AISystem


class Emergency(Record):
    """Break-glass: a version serves without an approval, for 24 hours at most, and must be reviewed afterwards."""

    class State(models.TextChoices):
        ACTIVE = "active"
        ENDED = "ended"

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="emergencies")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="emergencies")
    artifact_digest = models.CharField(max_length=64)
    reason = models.TextField()
    opened_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    record_digest = models.CharField(max_length=64, help_text="what the signature signs")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        verbose_name_plural = "emergencies"
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(state="active"), name="one_active_emergency_per_slot"
            )
        ]
        triggers = guard.governed("emergency")

    def __str__(self) -> str:
        return f"Break-glass: {self.model_version} in {self.slot}"


class PeriodicReview(Record):
    """A look to be taken again: by date, because grounds moved, or after break-glass; unreviewed, it has an effect."""

    class Cause(models.TextChoices):
        PERIODIC = "periodic", "its date has come"
        EXPIRING = "expiring", "the approval ends soon"
        STALE = "stale", "its grounds have changed"
        EMERGENCY = "emergency", "after break-glass"

    class State(models.TextChoices):
        SCHEDULED = "scheduled"
        DUE = "due"
        OVERDUE = "overdue"
        COMPLETED = "completed"
        LAPSED = "lapsed"

    class Outcome(models.TextChoices):
        CONTINUE = "continue"
        REVOKE = "revoke"

    OPEN = (State.SCHEDULED, State.DUE, State.OVERDUE)

    promotion = models.ForeignKey(
        PromotionRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="reviews"
    )
    emergency = models.OneToOneField(Emergency, on_delete=models.PROTECT, null=True, blank=True, related_name="review")
    cause = models.CharField(max_length=12, choices=Cause.choices)
    detail = models.TextField(blank=True, help_text="what changed, in words")
    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    due_at = models.DateTimeField()
    lapses_at = models.DateTimeField(help_text="unreviewed until then, the approval is suspended")
    extended = models.BooleanField(default=False, help_text="once, with a reason")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    completed_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    completed_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "cause"],
                condition=models.Q(state__in=["scheduled", "due", "overdue"]),
                name="one_open_review_per_cause",
            )
        ]
        triggers = guard.governed("review")

    def __str__(self) -> str:
        return f"Review of {self.promotion or self.emergency}: {self.get_cause_display()}"


class Incident(Record):
    """Something that should not have happened, with a clock: to its containment, and to an authority's deadline."""

    class State(models.TextChoices):
        REPORTED = "reported"
        CONTAINED = "contained"
        ANALYSED = "analysed"
        CORRECTED = "corrected"
        CLOSED = "closed"

    class Severity(models.TextChoices):
        MINOR = "minor"
        MAJOR = "major"
        SERIOUS = "serious", "serious (EU AI Act Art. 3(49))"

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="incidents")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, null=True, blank=True, related_name="incidents")
    source = models.CharField(max_length=40, help_text="a person, or the check that found it")
    severity = models.CharField(max_length=8, choices=Severity.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.REPORTED)
    owner = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    detected_at = models.DateTimeField()
    authority_deadline = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "source", "title"],
                condition=~models.Q(state="closed"),
                name="one_open_incident_per_finding",
            )
        ]
        triggers = guard.governed("incident")

    def __str__(self) -> str:
        return self.title
