"""Sent again because a person wants it, and tried without an entry."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from audit import log
from audit.actors import Actor
from audit.models import Event
from audit.tree import proofs
from registry import events
from registry.errors import Conflict, Invalid, Problem
from registry.models import Delivery, Subscription
from registry.permissions import require
from registry.roles import Action
from registry.services.subscriptions import addresses, dispatching, parcels, subscribing
from registry.services.subscriptions.addresses import Resolver
from registry.services.subscriptions.outcomes import Outcome

MOST = 1000


def ping(subscription: Subscription, *, actor: Actor, resolver: Resolver = addresses.system_resolver) -> Outcome:
    """Send a ping that is no entry of the log, now, and say what came of it. Raises Conflict, NotPermitted."""
    require(actor, Action.SUBSCRIBE)
    if subscription.state == Subscription.State.ENDED:
        raise Conflict("The subscription is ended.")
    return parcels.ping(subscription, resolver=resolver)()


def replay_range(subscription: Subscription, *, first: int, last: int, actor: Actor) -> list[Delivery]:
    """Send the entries from `first` to `last` again, as far as the subscription's events fit.

    Each has the webhook-id that it had. Records subscription.replayed. Raises Invalid, Conflict, NotPermitted.
    """
    require(actor, Action.SUBSCRIBE)
    head = proofs.latest()
    if not 0 <= first <= last < (head.size if head else 0):
        detail = f"Entries 0 to {head.size - 1} have their place in the log." if head else "The log is empty."
        raise Invalid("There are no such entries.", problems=[Problem("/from_index", detail)])
    if last - first >= MOST:
        raise Invalid(
            "That is too much at once.",
            problems=[Problem("/to_index", f"A replay takes {MOST} entries.", "Ask for the rest in another.")],
        )
    found = dispatching.stretch(first, last + 1)
    return _replay(subscription, [(i, event) for i, event in found if dispatching.is_for(subscription, event)], actor)


def replay_deliveries(subscription: Subscription, *, deliveries: Sequence[UUID], actor: Actor) -> list[Delivery]:
    """Send these deliveries of the subscription again.

    Each has the webhook-id that it had. Records subscription.replayed. Raises Invalid, Conflict, NotPermitted.
    """
    require(actor, Action.SUBSCRIBE)
    known = subscription.deliveries.in_bulk(list(deliveries)[:MOST])
    problems = [
        Problem(f"/deliveries/{place}", "is no delivery of this subscription")
        for place, pk in enumerate(deliveries)
        if pk not in known
    ]
    if problems:
        raise Invalid("Some deliveries are unknown; none is sent.", problems=problems[:20])
    wanted = {delivery.index: delivery.event_id for delivery in known.values()}
    found = {event.id: event for event in Event.objects.defer("leaf", "changes").filter(id__in=wanted.values())}
    return _replay(subscription, [(index, found[wanted[index]]) for index in sorted(wanted)], actor)


def _replay(subscription: Subscription, wanted: Sequence[tuple[int, Event]], actor: Actor) -> list[Delivery]:
    if not wanted:
        raise Invalid("None of these entries is of an event that the subscription asks for; nothing is sent.")
    with transaction.atomic(durable=True):
        subscription = subscribing.locked(subscription)
        waiting = subscription.deliveries.filter(state=Delivery.State.PENDING).count()
        if waiting >= dispatching.BACKLOG:
            raise Conflict(f"{waiting} deliveries wait already.", remedy="Ask again when fewer do.")
        made = [dispatching.delivery(subscription, index, event, replay=True) for index, event in wanted]
        Delivery.objects.bulk_create(made)
        event = events.SubscriptionReplayed(first=wanted[0][0], last=wanted[-1][0], count=len(made))
        log.record(event, subject=subscription, actor=actor)
    return made
