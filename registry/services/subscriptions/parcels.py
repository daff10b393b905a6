"""A delivery as a message that is ready to go: everything read from the database, and nothing of the network yet."""

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from django.conf import settings
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit.events import timestamp
from audit.models import Event
from audit.sealed.datakeys import KeyUnusable
from audit.tlog import checkpoint, note
from audit.tree import entries, proofs
from registry.models import Delivery, Subscription
from registry.services.subscriptions import addresses, notices, posting, vault, webhooks
from registry.services.subscriptions.addresses import Resolver
from registry.services.subscriptions.outcomes import Outcome, failed

Parcel: TypeAlias = Callable[[], Outcome]


def pack(delivery: Delivery, *, resolver: Resolver = addresses.system_resolver) -> Parcel:
    """The way to tell it, for any thread; one that only fails where the entry or the target cannot be read."""
    try:
        event = Event.objects.get(id=delivery.event_id)
        (raw,) = entries.raw([event])
        if delivery.subscription.kind == Subscription.Kind.WEBHOOK:
            content = webhooks.body(raw, index=delivery.index, origin=origin())
            return _posting(delivery.subscription, str(delivery.event_id), content, resolver)
        said = notices.words(json.loads(raw), event, index=delivery.index, origin=origin())
        return _telling(delivery.subscription, *said)
    except (KeyUnusable, entries.ArchiveUnreadable) as problem:
        return partial(failed, f"{type(problem).__name__}: {problem}")


def ping(subscription: Subscription, *, resolver: Resolver = addresses.system_resolver) -> Parcel:
    """A message about nothing, to try the way there. Raises KeyUnusable."""
    if subscription.kind == Subscription.Kind.WEBHOOK:
        identity = str(uuid.uuid4())
        content = webhooks.ping(identity, at=timestamp(timezone.now()), origin=origin())
        return _posting(subscription, identity, content, resolver)
    return _telling(subscription, f"ping ({origin()})", f"A test of the subscription {subscription.name}.")


def origin() -> str:
    """The name under which the log signs now."""
    head = proofs.latest()
    return checkpoint.parse(note.text_of(head.note.encode())).origin if head else settings.LOG_ORIGIN


@sensitive_variables()
def _posting(subscription: Subscription, identity: str, content: bytes, resolver: Resolver) -> Parcel:
    headers = webhooks.headers(identity, content, keys=vault.keys(subscription), at=timezone.now())
    allowed = settings.WEBHOOK_ALLOWED_NETWORKS
    return partial(posting.post, vault.target(subscription), content, headers, allowed=allowed, resolver=resolver)


@sensitive_variables()
def _telling(subscription: Subscription, title: str, body: str) -> Parcel:
    allowed = settings.WEBHOOK_ALLOWED_NETWORKS
    return partial(notices.tell, vault.target(subscription), title=title, body=body, allowed=allowed)
