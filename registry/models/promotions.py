"""The request to let a version serve, what the gates said, and what people signed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.deployments import Slot
from registry.models.policies import PolicyVersion
from registry.models.runs import ModelVersion


class PromotionRequest(Record):
    """Binds a decision to exactly this artifact, data, policy and evidence."""

    class State(models.TextChoices):
        BLOCKED = "blocked", "blocked by a gate"
        IN_REVIEW = "in_review", "in review"
        APPROVED = "approved"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"
        STALE = "stale"
        COMPLETED = "completed", "completed: it serves or served"
        ROLLED_BACK = "rolled_back", "rolled back"

    OPEN = (State.BLOCKED, State.IN_REVIEW)
    UNUSED = (State.BLOCKED, State.IN_REVIEW, State.APPROVED)
    VALID = (State.APPROVED, State.COMPLETED)

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="promotions")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="promotions")
    author = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(help_text="why this version should serve, in the author's words")
    state = models.CharField(max_length=16, choices=State.choices)
    revision = models.PositiveIntegerField(default=1)
    headline = models.TextField(help_text="the gates' answer in one sentence")
    artifact_digest = models.CharField(max_length=64)
    dataset_digest = models.CharField(max_length=64)
    policy_digest = models.CharField(max_length=64)
    champion_digest = models.CharField(
        max_length=64, blank=True, help_text="the artifact that served when the gates compared; empty where none did"
    )
    context = models.JSONField(help_text="what the policy's conditions read, such as the risk tier")
    evidence_root = models.CharField(max_length=64)
    evidence_digests = ArrayField(models.CharField(max_length=64), default=list)
    record_digest = models.CharField(max_length=64, help_text="what each signature signs")
    due_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "slot"],
                condition=models.Q(state__in=["blocked", "in_review", "approved"]),
                name="one_open_promotion_per_version_and_slot",
            )
        ]
        triggers = guard.governed("promotion")

    def __str__(self) -> str:
        return f"{self.model_version} to {self.slot}"


class GateResult(Record):
    """One gate's verdict in words, with the figure that decided it."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="gates")
    position = models.PositiveSmallIntegerField()
    gate = models.CharField(max_length=100)
    verdict = models.CharField(max_length=16)
    effect = models.CharField(max_length=8)
    reason = models.TextField()
    value = models.FloatField(null=True, blank=True)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    n = models.BigIntegerField(null=True, blank=True)
    threshold = models.CharField(max_length=60, blank=True)
    group = models.CharField(max_length=100, blank=True)
    details = models.JSONField(default=list, blank=True)
    evidence = ArrayField(models.UUIDField(), default=list)
    clauses = ArrayField(models.CharField(max_length=100), default=list)

    class Meta(Record.Meta):
        ordering = ["position"]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return f"{self.gate}: {self.verdict}"


class Decision(Record):
    """A person's signature on a promotion: printed name, time and meaning, bound to the record's digest."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        REJECT = "reject"

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    role = models.CharField(max_length=32)
    meaning = models.CharField(max_length=60)
    reason = models.TextField()
    signer = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    printed_name = models.CharField(max_length=200)
    signed_at = models.DateTimeField()
    signed_digest = models.CharField(max_length=64)
    statement = models.JSONField()
    public_key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta(Record.Meta):
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["promotion", "signer"], name="one_person_one_decision")]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return f"{self.printed_name}: {self.verdict} ({self.meaning})"
