"""Who is told of events, and each attempt to tell them."""

import uuid_utils.compat
from django.contrib.postgres.fields import ArrayField
from django.db import models

from audit import guard
from registry.models.base import Record


class Subscription(Record):
    """Sends entries of the log, as they are, to an address: signed webhooks, or mail and chat in words."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "signed webhook"
        NOTICE = "notice", "mail or chat"

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused"
        ENDED = "ended"

    #: Columns that move with every entry and every attempt, without an event.
    OPERATIONAL = ("position", "failures", "rests_until", "gave_up_at")

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    target = models.BinaryField(help_text="the address, under the installation's key: it may hold a password")
    shown_target = models.CharField(max_length=200, help_text="the address without what is secret in it")
    secret = models.BinaryField(
        default=bytes, blank=True, help_text="the HMAC keys, under the installation's key; none for mail and chat"
    )
    events = ArrayField(models.CharField(max_length=80), help_text="names such as promotion.signed, promotion.* or *")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    position = models.BigIntegerField(help_text="the log's index of the first entry that has not been looked at")
    failures = models.PositiveIntegerField(default=0, help_text="attempts that failed since the last success")
    rests_until = models.DateTimeField(null=True, blank=True, help_text="no attempt before, after one that failed")
    gave_up_at = models.DateTimeField(
        null=True, blank=True, help_text="when the first entry since the last success was given up"
    )
    created_by = models.ForeignKey("registry.User", on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta(Record.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=~models.Q(state="ended"), name="one_living_subscription_a_name"
            )
        ]
        triggers = guard.governed(
            "subscription",
            operational=["position", "failures", "rests_until", "gave_up_at"],
            withheld=["target", "secret"],
        )

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One entry for one subscription. Not governed: it is told again until it is told, and may be replayed."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead", "given up"

    id = models.UUIDField(primary_key=True, default=uuid_utils.compat.uuid7, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    index = models.BigIntegerField(help_text="the entry's index in the log")
    event = models.CharField(max_length=80)
    event_id = models.UUIDField(help_text="also the webhook-id, by which a receiver knows what it has seen")
    replay = models.BooleanField(default=False, help_text="a person asked for it again")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(help_text="when it is tried next")
    status_code = models.PositiveSmallIntegerField(null=True, blank=True)
    failure = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "index"], condition=models.Q(replay=False), name="one_delivery_an_entry"
            )
        ]
        indexes = [
            models.Index(fields=["subscription", "-id"], name="delivery_newest"),
            models.Index(
                fields=["subscription", "next_at"], condition=models.Q(state="pending"), name="delivery_pending"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.subscription}"
