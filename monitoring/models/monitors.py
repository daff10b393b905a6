"""What is watched, and what each look found."""

from django.db import models

from audit import guard
from registry.models import ModelVersion, Slot
from registry.models.base import Record


class Monitor(Record):
    """A check of one slot that runs on a schedule; its row is edited by a person, each change an event."""

    class Kind(models.TextChoices):
        DRIFT = "drift", "input drift"
        OUTPUT_DRIFT = "output_drift", "drift of the answers"
        PERFORMANCE = "performance", "performance on labels"
        ESTIMATED = "estimated", "performance estimated without labels"
        FAIRNESS = "fairness"
        QUALITY = "quality", "data quality"
        SERVICE = "service", "latency and errors"
        EXPLANATIONS = "explanations", "drift of attributions"
        DETECTOR = "detector", "a detector of choice"

    class Arm(models.TextChoices):
        CHAMPION = "champion"
        CANARY = "canary", "challenger"

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="monitors")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    arm = models.CharField(max_length=8, choices=Arm.choices, default=Arm.CHAMPION)
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
        help_text="what a retraining starts: a candidate and a draft request, never a promotion",
    )
    created_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)
    next_due_at = models.DateTimeField(db_index=True)
    progress = models.JSONField(
        default=dict, blank=True, help_text="what a test over time carries from look to look; made again from the runs"
    )

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["slot", "name"], name="monitor_name_in_slot")]
        triggers = guard.governed("monitor", operational=["next_due_at", "progress"])

    def __str__(self) -> str:
        return f"{self.name} of {self.slot}"


class MonitorRun(Record):
    """One look: the window it read, the figures with their intervals, one verdict."""

    class Verdict(models.TextChoices):
        QUIET = "quiet"
        ALARM = "alarm"
        NOT_EVALUABLE = "not_evaluable", "not evaluable"

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="runs")
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="whose answers"
    )
    due_at = models.DateTimeField()
    window_from = models.DateTimeField(null=True, blank=True)
    window_to = models.DateTimeField()
    n = models.PositiveIntegerField()
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    reason = models.TextField()
    impact = models.FloatField(
        null=True, blank=True, help_text="how much of the model's metric the finding costs, as estimated; 0 is nothing"
    )
    report = models.JSONField()
    report_digest = models.CharField(max_length=64)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["monitor", "due_at"], name="one_run_per_due_time")]
        triggers = guard.governed("monitor_run")

    def __str__(self) -> str:
        return f"{self.monitor}: {self.verdict}"


class Calibration(Record):
    """How a monitor does on rows of which it is known whether they moved: false alarms, and looks until a shift rings.

    Measured once for each version and setting, by looks of the same code on replayed reference rows.
    """

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="calibrations")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+", help_text="whose rows")
    definition = models.CharField(max_length=64, help_text="the digest of the monitor's kind and parameters")
    looks = models.PositiveIntegerField(help_text="on rows that did not move")
    false_alarms = models.PositiveIntegerField(help_text="so many of these looks rang")
    low = models.FloatField(help_text="the false-alarm rate's interval")
    high = models.FloatField(help_text="the false-alarm rate's interval")
    stated = models.FloatField(null=True, blank=True, help_text="the false-alarm rate that its settings promise")
    report = models.JSONField(help_text="the looks that each injected shift took to ring")
    report_digest = models.CharField(max_length=64)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["monitor", "model_version", "definition"], name="one_calibration_per_setting"
            )
        ]
        triggers = guard.governed("calibration")

    def __str__(self) -> str:
        return f"Calibration of {self.monitor}"
