"""Who reviews a request: the open task, who stands in for whom, who stepped back, and what they said to each other."""

from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.promotions import PromotionRequest


class ReviewTask(Record):
    """One step of a request's chain that is open: who is asked, who took it, and until when."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="tasks")
    round = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    role = models.CharField(max_length=32)
    meaning = models.CharField(max_length=60)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    escalation = models.PositiveSmallIntegerField(default=0, help_text="0 none, 1 to deputies, 2 to the risk officers")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["promotion"], condition=models.Q(closed_at=None), name="one_open_task_per_promotion"
            )
        ]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return f"{self.meaning} of {self.promotion}"


class Delegation(Record):
    """One person stands in for another in one role, until a date; it never widens rights nor beats a duty."""

    delegator = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="delegations")
    delegate = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="stands_in")
    role = models.CharField(max_length=32)
    system = models.ForeignKey("registry.AISystem", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta(Record.Meta):
        triggers = guard.governed("delegation", person="delegator_id")

    def __str__(self) -> str:
        return f"{self.delegate} stands in for {self.delegator} as {self.role}"


class Recusal(Record):
    """A person who stepped back from a request, and why: they cannot decide on it any more."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="recusals")
    person = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()

    class Meta(Record.Meta):
        constraints = [models.UniqueConstraint(fields=["promotion", "person"], name="one_recusal_per_person")]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return f"{self.person} steps back from {self.promotion}"


class Comment(Record):
    """A word in a request's thread."""

    promotion = models.ForeignKey(PromotionRequest, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    text = models.TextField()

    class Meta(Record.Meta):
        ordering = ["id"]
        triggers = guard.governed("promotion", key="promotion_id")

    def __str__(self) -> str:
        return self.text[:80]
