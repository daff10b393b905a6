"""Policies as data: what must be true, and who must sign, before a version may serve."""

from django.db import models

from audit import guard
from registry.models.base import Record


class PolicyVersion(Record):
    """One immutable text of a policy; effective once a second person has approved it."""

    class State(models.TextChoices):
        DRAFT = "draft"
        SIMULATED = "simulated"
        APPROVED = "approved", "approved, not yet in effect"
        EFFECTIVE = "effective"
        SUPERSEDED = "superseded"
        ENDED = "ended", "ended: its window is over"

    name = models.CharField(max_length=100)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)
    author = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    effective_from = models.DateTimeField(null=True, blank=True)
    effective_until = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="policy_version"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(state="effective"), name="one_effective_version_per_policy"
            ),
        ]
        triggers = guard.governed("policy")

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"
