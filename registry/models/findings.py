"""What reviewers found wrong, what may be waived for a while, and what an approval was made conditional on."""

from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.evidence import EvidenceSet
from registry.models.promotions import Decision, PromotionRequest
from registry.models.runs import ModelVersion


class Finding(Record):
    """Something wrong with a version: it is closed by evidence newer than its mending, or its risk is accepted."""

    class Severity(models.TextChoices):
        LOW = "low"
        MEDIUM = "medium"
        HIGH = "high"
        CRITICAL = "critical"

    class State(models.TextChoices):
        OPEN = "open"
        IN_REMEDIATION = "in_remediation", "in remediation"
        READY_FOR_RETEST = "ready_for_retest", "ready for retest"
        CLOSED = "closed"
        RISK_ACCEPTED = "risk_accepted", "risk accepted"

    #: While one of these is unsettled, nobody approves.
    BLOCKING = (Severity.HIGH, Severity.CRITICAL)
    SETTLED = (State.CLOSED, State.RISK_ACCEPTED)

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="findings")
    promotion = models.ForeignKey(
        PromotionRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )
    severity = models.CharField(max_length=8, choices=Severity.choices)
    title = models.CharField(max_length=200)
    detail = models.TextField()
    raised_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    remediation = models.TextField(blank=True)
    remedied_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    remedied_at = models.DateTimeField(null=True, blank=True)
    retest = models.ForeignKey(EvidenceSet, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    accepted_until = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        triggers = guard.governed("finding")

    def __str__(self) -> str:
        return self.title


class Waiver(Record):
    """One gate set aside for one request, for a while, by two people, against a compensating control."""

    class State(models.TextChoices):
        REQUESTED = "requested"
        COUNTERSIGN = "countersign", "waits for its second signature"
        ACTIVE = "active"
        EXPIRED = "expired"
        REVOKED = "revoked"
        REFUSED = "refused"

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="waivers")
    gate = models.CharField(max_length=100)
    artifact_digest = models.CharField(max_length=64)
    policy_digest = models.CharField(max_length=64)
    rationale = models.TextField()
    compensating_control = models.TextField()
    requested_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    record_digest = models.CharField(max_length=64, help_text="what both signatures sign")
    state = models.CharField(max_length=12, choices=State.choices, default=State.REQUESTED)
    granted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["promotion", "gate"],
                condition=models.Q(state__in=["requested", "countersign", "active"]),
                name="one_open_waiver_per_gate",
            )
        ]
        triggers = guard.governed("waiver")

    def __str__(self) -> str:
        return f"Waiver of {self.gate}"


class Condition(Record):
    """What an approval was made conditional on; the server checks it as it checks a gate, or a person signs it off."""

    class State(models.TextChoices):
        OPEN = "open"
        MET = "met"
        BREACHED = "breached"

    class OnBreach(models.TextChoices):
        ALERT = "alert"
        SUSPEND = "suspend"

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="conditions")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="conditions")
    text = models.TextField()
    rule = models.JSONField(null=True, blank=True, help_text="a gate of the policy grammar; null: a person settles it")
    standing = models.BooleanField(default=False, help_text="must hold all the time until it is due, not only by then")
    due_at = models.DateTimeField()
    on_breach = models.CharField(max_length=8, choices=OnBreach.choices, default=OnBreach.SUSPEND)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    finding = models.TextField(blank=True, help_text="what the last check found, in words")
    checked_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        ordering = ["id"]
        triggers = guard.governed("condition", operational=["checked_at"])

    def __str__(self) -> str:
        return self.text[:80]
