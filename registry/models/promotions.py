"""The request to let a version serve, what the gates said, and what people signed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.deployments import Slot
from registry.models.policies import PolicyVersion
from registry.models.runs import ModelVersion
from registry.models.signatures import Signed


class PromotionRequest(Record):
    """Binds a decision to exactly this artifact, data, policy and evidence."""

    class State(models.TextChoices):
        DRAFT = "draft"
        BLOCKED = "blocked", "blocked by a gate"
        IN_REVIEW = "in_review", "in review"
        CHANGES_REQUESTED = "changes_requested", "changes requested"
        APPROVED = "approved"
        EXECUTING = "executing", "executing: its canary runs"
        REJECTED = "rejected"
        WITHDRAWN = "withdrawn"
        LAPSED = "lapsed", "lapsed: nobody decided in time"
        STALE = "stale"
        COMPLETED = "completed", "completed: it serves or served"
        ROLLED_BACK = "rolled_back", "rolled back"

    class Approval(models.TextChoices):
        NONE = "none"
        APPROVED = "approved"
        CONDITIONAL = "conditionally_approved", "conditionally approved"
        SUSPENDED = "suspended"
        REVOKED = "revoked"
        EXPIRED = "expired"
        REJECTED = "rejected"

    class Change(models.TextChoices):
        INITIAL = "initial", "the first version in this slot"
        RENEWAL = "renewal", "the version that serves, approved anew"
        DATA = "data", "the same recipe on other data"
        RECIPE = "recipe", "another recipe on the same data"
        BOTH = "recipe_and_data", "another recipe on other data"

    #: Somebody still works on it.
    OPEN = (State.DRAFT, State.BLOCKED, State.IN_REVIEW, State.CHANGES_REQUESTED)
    #: It has been put forward and does not serve yet.
    UNUSED = (State.BLOCKED, State.IN_REVIEW, State.CHANGES_REQUESTED, State.APPROVED)
    #: States in which an approval may let it serve.
    VALID = (State.APPROVED, State.EXECUTING, State.COMPLETED)
    STANDING = (Approval.APPROVED, Approval.CONDITIONAL)

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="promotions")
    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="promotions")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="promotions")
    author = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField(help_text="why this version should serve, in the author's words")
    state = models.CharField(max_length=20, choices=State.choices)
    approval = models.CharField(max_length=24, choices=Approval.choices, default=Approval.NONE)
    approval_reason = models.TextField(blank=True, help_text="why an approval was suspended or revoked, in words")
    round = models.PositiveSmallIntegerField(default=1, help_text="decisions of earlier rounds are void")
    change_class = models.CharField(max_length=16, choices=Change.choices)
    submitted_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField(null=True, blank=True)
    stale_since = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    headline = models.TextField(blank=True, help_text="the gates' answer in one sentence")
    artifact_digest = models.CharField(max_length=64)
    dataset_digest = models.CharField(max_length=64)
    policy_digest = models.CharField(max_length=64)
    champion_digest = models.CharField(
        max_length=64, blank=True, help_text="the artifact that served when the gates compared; empty where none did"
    )
    context = models.JSONField(help_text="what the policy's conditions read, such as the risk tier")
    evidence_root = models.CharField(max_length=64, blank=True)
    evidence_digests = ArrayField(models.CharField(max_length=64), default=list)
    record_digest = models.CharField(max_length=64, blank=True, help_text="what each signature signs")
    due_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["model_version", "slot"],
                condition=models.Q(
                    state__in=["draft", "blocked", "in_review", "changes_requested", "approved", "executing"]
                ),
                name="one_open_promotion_per_version_and_slot",
            )
        ]
        triggers = guard.governed("promotion")

    def __str__(self) -> str:
        return f"{self.model_version} to {self.slot}"


class GateResult(Record):
    """One gate's verdict in words, with the figure that decided it."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="gates")
    round = models.PositiveSmallIntegerField(default=1)
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
    waiver = models.ForeignKey("registry.Waiver", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(Record.Meta):
        ordering = ["position"]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return f"{self.gate}: {self.verdict}"


class Decision(Signed):
    """A person's signature on a promotion: printed name, time and meaning, bound to the record's digest."""

    class Verdict(models.TextChoices):
        APPROVE = "approve"
        APPROVE_WITH_CONDITIONS = "approve_with_conditions", "approve with conditions"
        REQUEST_CHANGES = "request_changes", "request changes"
        REJECT = "reject"
        ABSTAIN = "abstain"

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField(default=1)
    verdict = models.CharField(max_length=24, choices=Verdict.choices)
    delegated_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(Signed.Meta):
        constraints = [
            models.UniqueConstraint(fields=["promotion", "round", "signer"], name="one_person_one_decision_a_round")
        ]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return f"{self.printed_name}: {self.verdict} ({self.meaning})"
