"""Subscriptions: made, changed, paused, given another secret, ended."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import log
from audit.actors import Actor
from audit.events import Event
from audit.tree import proofs
from registry import events
from registry.errors import AlreadyExists, Conflict, Invalid, Problem
from registry.models import Delivery, Subscription
from registry.permissions import require
from registry.roles import Action
from registry.services import rows
from registry.services.subscriptions import addresses, notices, vault, webhooks
from registry.services.subscriptions.addresses import Refused, Resolver

State = Subscription.State
MAX_PATTERNS, MAX_TARGET_LENGTH, MAX_SHOWN_LENGTH = 50, 2000, 200
OVERLAP_HOURS = 24
_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*\.\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class Keyed:
    """A subscription with the secret that it signs with from now on: shown once, never again; empty for notices."""

    subscription: Subscription
    secret: str


@sensitive_variables("target", "secret")
def subscribe(
    name: str,
    *,
    kind: str,
    target: str,
    patterns: list[str],
    actor: Actor,
    resolver: Resolver = addresses.system_resolver,
) -> Keyed:
    """Send every entry whose event fits a pattern to the target, from the newest signed head on.

    Records subscription.created. Raises Invalid for a target in a private network, AlreadyExists, NotPermitted.
    """
    account = require(actor, Action.SUBSCRIBE)
    subscription = Subscription(name=name, kind=kind, created_by=account)
    _set_patterns(subscription, patterns)
    _set_target(subscription, target, resolver)
    secret = webhooks.new_secret() if kind == Subscription.Kind.WEBHOOK else ""
    if secret:
        vault.put_secret(subscription, secret)
    head = proofs.latest()
    subscription.position = head.size if head else 0
    rows.check(subscription)
    with transaction.atomic(durable=True):
        rows.insert(subscription)
        event = events.SubscriptionCreated(kind=kind, target=subscription.shown_target, events=subscription.events)
        log.record(event, subject=subscription, actor=actor)
    return Keyed(subscription, secret)


@sensitive_variables("changes")
def change(
    subscription: Subscription,
    *,
    changes: dict[str, Any],
    revision: int,
    actor: Actor,
    resolver: Resolver = addresses.system_resolver,
) -> Subscription:
    """Give it another name, target or choice of events; what waits is sent to the new target.

    Records subscription.changed. Raises Invalid, RevisionMismatch, Conflict, AlreadyExists, NotPermitted.
    """
    require(actor, Action.SUBSCRIBE)
    asked = Subscription(pk=subscription.pk, kind=subscription.kind, name=changes.get("name", subscription.name))
    if "events" in changes:
        _set_patterns(asked, changes["events"])
    if "target" in changes:
        _set_target(asked, changes["target"], resolver)
    columns = {"name": ["name"], "events": ["events"], "target": ["target", "shown_target"]}
    with transaction.atomic(durable=True):
        subscription = locked(subscription)
        rows.match_revision(subscription.revision, revision)
        for column in (column for given in changes for column in columns[given]):
            setattr(subscription, column, getattr(asked, column))
        subscription.revision += 1
        rows.check(subscription)
        _save(subscription)
        event = events.SubscriptionChanged(changed=sorted(changes), revision=subscription.revision)
        log.record(event, subject=subscription, actor=actor)
    return subscription


def pause(subscription: Subscription, *, actor: Actor) -> Subscription:
    """Send nothing for now; entries wait in the log. Records subscription.paused. Raises Conflict, NotPermitted."""
    require(actor, Action.SUBSCRIBE)
    with transaction.atomic(durable=True):
        subscription = locked(subscription, State.ACTIVE)
        hold(subscription, because="asked", actor=actor)
    return subscription


def hold(subscription: Subscription, *, because: str, actor: Actor) -> None:
    """Pause a subscription that the caller has locked. Records subscription.paused."""
    subscription.state, subscription.revision = State.PAUSED, subscription.revision + 1
    subscription.save()
    log.record(events.SubscriptionPaused(because=because), subject=subscription, actor=actor)


def resume(subscription: Subscription, *, actor: Actor) -> Subscription:
    """Send again, what waited first. Records subscription.resumed. Raises Conflict, NotPermitted."""
    require(actor, Action.SUBSCRIBE)
    with transaction.atomic(durable=True):
        subscription = locked(subscription, State.PAUSED)
        subscription.state, subscription.revision = State.ACTIVE, subscription.revision + 1
        subscription.rests_until = None
        subscription.save()
        log.record(events.SubscriptionResumed(), subject=subscription, actor=actor)
    return subscription


@sensitive_variables("secret")
def rotate_secret(subscription: Subscription, *, actor: Actor, overlap_hours: int = OVERLAP_HOURS) -> Keyed:
    """Sign with a new secret, and for the overlap with the old one too.

    Records subscription.secret_rotated. Raises Conflict, NotPermitted.
    """
    require(actor, Action.SUBSCRIBE)
    if subscription.kind != Subscription.Kind.WEBHOOK:
        raise Conflict("Mail and chat are not signed, so there is no secret.", remedy="Change the target instead.")
    secret, until = webhooks.new_secret(), timezone.now() + timedelta(hours=overlap_hours)
    with transaction.atomic(durable=True):
        subscription = locked(subscription)
        vault.put_secret(subscription, secret, old_until=until)
        subscription.revision += 1
        subscription.save()
        log.record(events.SecretRotated(overlap_until=until), subject=subscription, actor=actor)
    return Keyed(subscription, secret)


def end(subscription: Subscription, *, actor: Actor) -> Subscription:
    """Never send anything again; the row and its deliveries stay, target and secret do not.

    Records subscription.deactivated. Raises Conflict, NotPermitted.
    """
    require(actor, Action.SUBSCRIBE)
    with transaction.atomic(durable=True):
        subscription = locked(subscription)
        waiting = Delivery.objects.filter(subscription=subscription, state=Delivery.State.PENDING)
        unsent = waiting.update(state=Delivery.State.DEAD, failure="The subscription ended.")
        subscription.state, subscription.revision = State.ENDED, subscription.revision + 1
        subscription.target, subscription.secret = b"", b""
        subscription.save()
        log.record(events.SubscriptionDeactivated(unsent=unsent), subject=subscription, actor=actor)
    return subscription


def fits(name: str, patterns: Iterable[str]) -> bool:
    """Whether an event's name fits one of: its name, its noun with a star, a star."""
    return any(_fits(name, pattern) for pattern in patterns)


def _fits(name: str, pattern: str) -> bool:
    return pattern in ("*", name) or (pattern.endswith(".*") and name.startswith(pattern[:-1]))


def locked(subscription: Subscription, *states: str) -> Subscription:
    """The row, to be changed. Raises Conflict where it is in another state than these, or has ended."""
    subscription = Subscription.objects.select_for_update(no_key=True).get(pk=subscription.pk)
    if subscription.state not in (states or (State.ACTIVE, State.PAUSED)):
        raise Conflict(f"The subscription is {subscription.get_state_display().lower()}.")
    return subscription


def _save(subscription: Subscription) -> None:
    """Raises AlreadyExists where another one that lives has the name."""
    try:
        with transaction.atomic():
            subscription.save()
    except IntegrityError as error:
        raise AlreadyExists(f"There is already a subscription called {subscription}.") from error


def _set_patterns(subscription: Subscription, patterns: list[str]) -> None:
    problems = [
        Problem(f"/events/{place}", why, remedy="docs/events.md lists every event.")
        for place, pattern in enumerate(patterns)
        if (why := _unfit(pattern))
    ]
    if not 1 <= len(patterns) <= MAX_PATTERNS:
        problems.append(Problem("/events", f"Name 1 to {MAX_PATTERNS} events."))
    if problems:
        raise Invalid("Some events cannot be subscribed to.", problems=problems)
    subscription.events = sorted(set(patterns))


def _unfit(pattern: str) -> str:
    if not _PATTERN.fullmatch(pattern):
        return "This is no event: promotion.signed, promotion.* and * are."
    return "" if any(_fits(name, pattern) for name in Event.catalogue) else "There is no such event."


def _set_target(subscription: Subscription, target: str, resolver: Resolver) -> None:
    """Raises Invalid for an address that nothing may be sent to, as things stand now."""
    allowed = settings.WEBHOOK_ALLOWED_NETWORKS
    try:
        if len(target) > MAX_TARGET_LENGTH:
            raise Refused(f"the address is longer than {MAX_TARGET_LENGTH} characters")
        if subscription.kind == Subscription.Kind.WEBHOOK:
            addresses.reachable(addresses.parse(target), allowed=allowed, resolver=resolver)
        else:
            notices.check(target, allowed=allowed, resolver=resolver)
    except (Refused, OSError, UnicodeError) as refusal:
        why = str(refusal) if isinstance(refusal, Refused) else f"the name cannot be resolved: {refusal}"
        problem = Problem("/target", f"Nothing can be sent there: {why}.")
        raise Invalid("The target cannot be used.", problems=[problem]) from refusal
    vault.put_target(subscription, target)
    subscription.shown_target = shown(target)


def shown(target: str) -> str:
    """The address without whatever may be a secret: user, path and parameters; of a hosted chat only which it is."""
    parts = addresses.split(target)
    if parts.scheme in notices.HOSTED:
        return f"{parts.scheme}://…"
    host = addresses.host_of(parts)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}/…"[:MAX_SHOWN_LENGTH]
