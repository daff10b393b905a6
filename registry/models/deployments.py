"""Where versions serve: slots, their append-only history, and rollouts."""

from django.db import models

from audit import guard
from registry.models import slot_guard
from registry.models.base import Record
from registry.models.runs import ModelVersion
from registry.models.systems import AISystem, name_validator


class Slot(Record):
    """A place that answers predictions, such as ``production.champion`` of one system."""

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="slots")
    name = models.CharField(max_length=100, validators=[name_validator])
    key = models.CharField(max_length=201, unique=True, help_text="the system's name and the slot's, as in URLs")
    revision = models.PositiveIntegerField(default=0)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="slot_name_in_system")]
        triggers = guard.governed("slot")

    def __str__(self) -> str:
        return self.key


class SlotAssignment(Record):
    """What a slot serves from `since` until the next revision: one row answers what served at a time, and why."""

    class Cause(models.TextChoices):
        PROMOTED = "promoted"
        RENEWED = "renewed", "approved anew"
        CANARY_STARTED = "canary_started", "canary started"
        CANARY_ADVANCED = "canary_advanced", "canary advanced"
        ROLLED_BACK = "rolled_back", "rolled back"
        WITHDRAWN = "withdrawn", "its approval ended"
        EMERGENCY = "emergency", "break-glass"
        EMERGENCY_ENDED = "emergency_ended", "break-glass ended"

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="assignments")
    revision = models.PositiveIntegerField()
    champion = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, related_name="+")
    champion_promotion = models.ForeignKey(
        "registry.PromotionRequest", on_delete=models.PROTECT, null=True, related_name="+"
    )
    champion_emergency = models.ForeignKey(
        "registry.Emergency", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    canary = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    canary_promotion = models.ForeignKey(
        "registry.PromotionRequest", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    canary_percent = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField()
    cause = models.CharField(max_length=16, choices=Cause.choices)
    actor = models.CharField(max_length=100)
    reason = models.TextField(blank=True)

    class Meta(Record.Meta):
        ordering = ["-revision"]
        constraints = [models.UniqueConstraint(fields=["slot", "revision"], name="slot_revision")]
        indexes = [models.Index(fields=["slot", "-since"], name="slot_since")]
        triggers = [*guard.governed("slot", key="slot_id"), *slot_guard.triggers()]

    def __str__(self) -> str:
        return f"{self.slot} revision {self.revision}"


class Rollout(Record):
    """The steps by which an approved version takes over a slot."""

    class State(models.TextChoices):
        RUNNING = "running"
        PROMOTED = "promoted"
        ROLLED_BACK = "rolled_back", "rolled back"

    promotion = models.OneToOneField("registry.PromotionRequest", on_delete=models.PROTECT, related_name="rollout")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="rollouts")
    steps = models.JSONField(help_text="canary shares in percent, the last one 100")
    step = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=models.Q(state="running"), name="one_running_rollout_per_slot"
            )
        ]
        triggers = guard.governed("rollout")

    def __str__(self) -> str:
        return f"Rollout to {self.slot}"
