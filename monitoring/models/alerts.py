"""What an alarm leads to: rules that a person wrote, an alert that a person answers, and every action taken."""

from django.db import models

from audit import guard
from monitoring.models.monitors import Monitor, MonitorRun
from registry.models import AISystem, Incident, Slot
from registry.models.base import Record


class AlertRule(Record):
    """Which alarms of a system, or of one slot, lead to which actions; people's decision, each change an event."""

    class Do(models.TextChoices):
        NOTIFY = "notify"
        HOLD = "hold", "hold the slot"
        INCIDENT = "incident", "open an incident"
        RETRAIN = "retrain", "retrain a candidate"
        ROLL_BACK = "roll_back", "roll back to an approved version"

    system = models.ForeignKey(AISystem, on_delete=models.PROTECT, related_name="alert_rules")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, null=True, blank=True, related_name="alert_rules")
    name = models.CharField(max_length=100)
    kinds = models.JSONField(default=list, blank=True, help_text="kinds of monitor; empty is every kind")
    in_a_row = models.PositiveSmallIntegerField(default=1, help_text="alarms one after another")
    least_impact = models.FloatField(null=True, blank=True)
    actions = models.JSONField(help_text="what is done, in order")
    escalate_after_minutes = models.PositiveIntegerField(null=True, blank=True)
    escalate_to = models.JSONField(default=list, blank=True, help_text="roles told while nobody has answered")
    enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    changed_by = models.ForeignKey(
        "registry.User", on_delete=models.PROTECT, related_name="+", help_text="who answers for what it does"
    )
    changed_at = models.DateTimeField(help_text="alarms before it lead to nothing")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["system", "name"], name="alert_rule_name_in_system")]
        triggers = guard.governed("alert_rule")

    def __str__(self) -> str:
        return f"{self.name} of {self.system}"


class Alert(Record):
    """An alarm that a person answers; one stays open per monitor however often it fires."""

    class State(models.TextChoices):
        OPEN = "open"
        ACKNOWLEDGED = "acknowledged"
        SUPPRESSED = "suppressed"
        RESOLVED = "resolved"

    monitor = models.ForeignKey(Monitor, on_delete=models.PROTECT, related_name="alerts")
    first_run = models.ForeignKey(MonitorRun, on_delete=models.PROTECT, related_name="+")
    last_run = models.ForeignKey(MonitorRun, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    title = models.TextField()
    impact = models.FloatField(null=True, blank=True, help_text="the last alarm's: how much of the metric it costs")
    alarms = models.PositiveIntegerField(default=1, help_text="how often it rang since it was raised")
    in_a_row = models.PositiveIntegerField(default=1, help_text="how often it rang without a quiet look between")
    suppressed_until = models.DateTimeField(null=True, blank=True)
    escalations = models.PositiveSmallIntegerField(default=0)
    escalate_at = models.DateTimeField(null=True, blank=True, db_index=True)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="alerts")
    handled_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["monitor"],
                condition=~models.Q(state="resolved"),
                name="one_unresolved_alert_per_monitor",
            )
        ]
        triggers = guard.governed("alert")

    def __str__(self) -> str:
        return self.title


class AlertAction(Record):
    """One action that a rule asked for and what came of it; done once an alert, however often it rings."""

    class Outcome(models.TextChoices):
        DONE = "done"
        REFUSED = "refused"

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="actions")
    rule = models.ForeignKey(AlertRule, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=10, choices=AlertRule.Do.choices)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    detail = models.TextField(help_text="what was done, or why it was refused")

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["alert", "rule", "action"], name="one_action_per_rule")]
        triggers = guard.governed("alert_action")

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.outcome}"
