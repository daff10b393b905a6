"""From the log to deliveries: each subscription is a cursor that reads the log in order, and nothing passes it by.

What may be sent is what has its place in the tree under a signed head; there nothing ever appears behind a reader.
The deliveries and the cursor move in one transaction under the subscription's lock: a crash undoes both.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from audit.models import Event, Leaf
from audit.tree import proofs
from registry import events
from registry.models import Delivery, Subscription
from registry.services.subscriptions.subscribing import fits

#: How many entries one step reads, and how many deliveries may wait; the rest waits in the log.
STEP, BACKLOG = 500, 1000


def dispatch(*, steps: int = 20) -> int:
    """Move every active subscription on; returns how many deliveries are new. Safe to run twice at once, or to kill."""
    head, new = proofs.latest(), 0
    behind = Subscription.objects.filter(state=Subscription.State.ACTIVE, position__lt=head.size if head else 0)
    for pk in behind.values_list("pk", flat=True):
        for _ in range(steps):
            made = _step(pk, head.size if head else 0)
            if made is None:
                break
            new += made
    return new


def _step(pk: UUID, size: int) -> int | None:
    """One stretch of the log for one subscription; None where there is nothing to do, or somebody else does it."""
    with transaction.atomic(durable=True):
        rows = Subscription.objects.select_for_update(skip_locked=True, no_key=True)
        subscription = rows.filter(pk=pk, state=Subscription.State.ACTIVE, position__lt=size).first()
        room = BACKLOG - Delivery.objects.filter(subscription=pk, state=Delivery.State.PENDING).count()
        if subscription is None or room <= 0:
            return None
        made: list[Delivery] = []
        position = subscription.position
        for index, event in stretch(position, min(position + STEP, size)):
            if len(made) == room:
                break
            position = index + 1
            if is_for(subscription, event):
                made.append(delivery(subscription, index, event))
        Delivery.objects.bulk_create(made)
        Subscription.objects.filter(pk=pk).update(position=position)
    return len(made)


def is_for(subscription: Subscription, event: Event) -> bool:
    """Whether the subscription wants it. Of its own failing it is never told: that would fail too, and so on."""
    own = (event.subject_type, event.subject_id) == ("subscription", str(subscription.pk))
    if own and event.event == events.SubscriptionGaveUp.event_name:
        return False
    return fits(event.event, subscription.events)


def delivery(subscription: Subscription, index: int, event: Event, *, replay: bool = False) -> Delivery:
    """A row, due at once, not saved."""
    return Delivery(
        subscription=subscription,
        index=index,
        event=event.event,
        event_id=event.id,
        replay=replay,
        next_at=timezone.now(),
    )


def stretch(first: int, end: int) -> Sequence[tuple[int, Event]]:
    """The events at these places, in their order; without their bytes, which may be in the archive."""
    places = Leaf.objects.filter(index__gte=first, index__lt=end).order_by("index").values_list("index", "ticket")
    tickets = [ticket for _, ticket in places]
    found = Event.objects.defer("leaf", "changes").in_bulk(tickets)
    return [(index, found[ticket]) for index, ticket in places]
