"""Subscriptions for tests, made through their service."""

from datetime import timedelta

from django.utils import timezone

from audit.actors import Actor
from registry.models import Delivery, Subscription, User
from registry.services.subscriptions import delivering, dispatching, subscribing
from tests import factories, recorded
from tests.receivers import Receiver

BOOTSTRAP: Actor = factories.bootstrap()


def subscription(receiver: Receiver, operator: User, *patterns: str) -> Subscription:
    """A webhook to the receiver, for all systems' events unless some are named."""
    return keyed(receiver, operator, *patterns).subscription


def keyed(receiver: Receiver, operator: User, *patterns: str) -> subscribing.Keyed:
    return subscribing.subscribe(
        factories.name("subscription"),
        kind="webhook",
        target=receiver.url,
        patterns=list(patterns or ["system.*"]),
        actor=factories.acting(operator),
    )


def dispatched() -> int:
    """Give everything its place in the log and look at it."""
    recorded.sequence()
    return dispatching.dispatch()


def delivered() -> int:
    """Everything that is due now, sent."""
    return delivering.deliver(actor=BOOTSTRAP, seconds=30)


def due_again(subscription: Subscription) -> None:
    """As if every pause were over."""
    past = timezone.now() - timedelta(seconds=1)
    Subscription.objects.filter(pk=subscription.pk).update(rests_until=None)
    Delivery.objects.filter(subscription=subscription).update(next_at=past)


def states(subscription: Subscription) -> list[str]:
    """Of its deliveries, in the order of the log."""
    return list(subscription.deliveries.order_by("index", "id").values_list("state", flat=True))
