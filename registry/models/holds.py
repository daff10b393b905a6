"""A stop that a check or a person places on a slot."""

from django.db import models

from audit import guard
from registry.models.base import Record
from registry.models.deployments import Slot


class Hold(Record):
    """While it is open nothing new is promoted into the slot and no rollout moves on; what serves goes on serving."""

    slot = models.ForeignKey(Slot, on_delete=models.PROTECT, related_name="holds")
    source = models.CharField(max_length=80, help_text="a person, or the alert that placed it")
    reason = models.TextField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["slot", "source"], condition=models.Q(lifted_at=None), name="one_open_hold_per_source"
            )
        ]
        triggers = guard.governed("slot_hold")

    def __str__(self) -> str:
        return f"Hold on {self.slot}: {self.reason}"
