"""What is watched, what each look found, and the alarms that people answer."""

from django.db import models

from audit import guard
from registry.models import Slot
from registry.models.base import Record


class Monitor(Record):
    """A check of one slot that runs on a schedule."""

    class Kind(models.TextChoices):
        DRIFT = "drift", "input drift"
        PERFORMANCE = "performance"
        FAIRNESS = "fairness"

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="monitors")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    name = models.CharField(max_length=100)
    parameters = models.JSONField(default=dict, blank=True)
    cadence_seconds = models.PositiveIntegerField()
    enabled = models.BooleanField(default=True)
    pipeline = models.ForeignKey(
        "registry.Pipeline",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="monitors",
        help_text="what an alarm starts: a candidate and a draft request, never a promotion",
    )
    created_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)
    next_due_at = models.DateTimeField(db_index=True)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["slot", "name"], name="monitor_name_in_slot")]
        triggers = guard.governed("monitor", operational=["next_due_at"])

    def __str__(self) -> str:
        return f"{self.name} of {self.slot}"


class MonitorRun(Record):
    """One look: the window it read, the figures with their intervals, one verdict."""

    class Verdict(models.TextChoices):
        QUIET = "quiet"
        ALARM = "alarm"
        NOT_EVALUABLE = "not_evaluable", "not evaluable"

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="runs")
    due_at = models.DateTimeField()
    window_from = models.DateTimeField(null=True, blank=True)
    window_to = models.DateTimeField()
    n = models.PositiveIntegerField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.TextField()
    report = models.JSONField()
    report_digest = models.CharField(max_length=64)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["monitor", "due_at"], name="one_run_per_due_time")]
        triggers = guard.governed("monitor_run")

    def __str__(self) -> str:
        return f"{self.monitor}: {self.verdict}"


class Alert(Record):
    """An alarm that a person answers; one stays open per monitor however often it fires."""

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="alerts")
    first_run = models.ForeignKey(MonitorRun, on_delete=models.PROTECT, related_name="+")
    last_run = models.ForeignKey(MonitorRun, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    title = models.TextField()
    handled_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["monitor"],
                condition=models.Q(state__in=["open", "acknowledged"]),
                name="one_unresolved_alert_per_monitor",
            )
        ]
        triggers = guard.governed("alert")

    def __str__(self) -> str:
        return self.title
