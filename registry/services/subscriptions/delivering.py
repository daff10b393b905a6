"""What is due is sent: claimed in one transaction, told outside any, settled in another.

A claim is a lease: whoever dies with one leaves a delivery that is due again when it has run out. So everything is told
at least once, and sometimes twice; the webhook-id says which. The order of arrival is not promised.
"""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events
from registry.models import Delivery, Subscription
from registry.services.subscriptions import addresses, parcels, subscribing
from registry.services.subscriptions.addresses import Resolver
from registry.services.subscriptions.outcomes import Outcome, failed
from registry.services.subscriptions.parcels import Parcel

State = Delivery.State
logger = structlog.get_logger(__name__)
#: A round: so many deliveries, of so many subscriptions alike, so many at once. It bounds what a run holds in memory.
ROUND, SUBSCRIPTIONS, THREADS = 16, 8, 8
#: Longer than a round can take: two messages a thread, and a slow name server before each.
LEASE = timedelta(minutes=4)
#: 5 s, 25 s, 2 min, 10 min, 52 min, 4 h, 22 h, a day, a day: ten attempts in about four days.
ATTEMPTS = 10
_FIRST_PAUSE, _FACTOR, _LONGEST_PAUSE = timedelta(seconds=5), 5, timedelta(days=1)
#: How long a subscription as a whole is left alone at the most: a dead address costs one round now and then.
_LONGEST_REST = timedelta(minutes=10)
_JITTER = 0.2


def deliver(*, actor: Actor, seconds: float, resolver: Resolver = addresses.system_resolver) -> int:
    """Tell what is due, round after round until nothing is or the time is over; returns how many were told.

    Records subscription.gave_up and subscription.paused where it comes to that. Safe to run twice at once, or to kill.
    """
    told, ends = 0, time.monotonic() + seconds
    with ThreadPoolExecutor(THREADS) as threads:
        while claims := claim():
            ready = [parcels.pack(one, resolver=resolver) for one in claims]
            for one, outcome in zip(claims, threads.map(_attempt, ready), strict=True):
                settle(one, outcome, actor=actor)
                told += outcome.is_told
            if time.monotonic() > ends:
                break
    return told


def claim() -> list[Delivery]:
    """Deliveries that are due, now this process's for as long as the lease; a few of each subscription."""
    now = timezone.now()
    due = Delivery.objects.filter(state=State.PENDING, next_at__lte=now)
    awake = Subscription.objects.filter(Q(rests_until=None) | Q(rests_until__lte=now), state=Subscription.State.ACTIVE)
    waiting = awake.filter(Exists(due.filter(subscription=OuterRef("pk"))))
    claims: list[Delivery] = []
    with transaction.atomic(durable=True):
        chosen = list(waiting.order_by("?")[:SUBSCRIPTIONS])
        for subscription in chosen:
            rows = due.select_for_update(skip_locked=True).filter(subscription=subscription)
            claims += rows.order_by("next_at", "index")[: ROUND // len(chosen)]
        pks = [claim.pk for claim in claims]
        Delivery.objects.filter(pk__in=pks).update(next_at=now + LEASE, attempts=F("attempts") + 1)
    found = Delivery.objects.select_related("subscription").in_bulk(pks)
    return [found[pk] for pk in pks]


def settle(claim: Delivery, outcome: Outcome, *, actor: Actor) -> None:
    """Write down what came of an attempt. Records subscription.gave_up, subscription.paused."""
    if outcome.is_told:
        _told(claim, outcome)
    else:
        _not_told(claim, outcome, actor)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts, give or take a fifth, so that not everybody comes back at once."""
    pause = min(_FIRST_PAUSE * _FACTOR ** min(attempts - 1, 10), _LONGEST_PAUSE)
    return pause * random.uniform(1 - _JITTER, 1 + _JITTER)


def prune(*, rows: int = 10_000) -> int:
    """Forget deliveries that ended long ago, the oldest first; the log itself keeps everything."""
    before = timezone.now() - timedelta(days=settings.DELIVERY_KEEP_DAYS)
    old = Delivery.objects.filter(created_at__lt=before).exclude(state=State.PENDING)
    count, _ = Delivery.objects.filter(pk__in=list(old.order_by("id").values_list("pk", flat=True)[:rows])).delete()
    return count


def _attempt(parcel: Parcel) -> Outcome:
    try:
        return parcel()
    except Exception as error:
        # One message that nobody foresaw must not hold up the others; it counts as an attempt like any other.
        logger.exception("a delivery met a defect")
        return failed(f"The server met a defect: {type(error).__name__}.")


def _told(claim: Delivery, outcome: Outcome) -> None:
    """One statement each: neither waits for the other, and both may be repeated."""
    Delivery.objects.filter(pk=claim.pk).update(
        state=State.DELIVERED, status_code=outcome.status, failure="", delivered_at=timezone.now()
    )
    troubled = Subscription.objects.filter(pk=claim.subscription_id).exclude(failures=0)
    troubled.update(failures=0, rests_until=None, gave_up_at=None)


def _not_told(claim: Delivery, outcome: Outcome, actor: Actor) -> None:
    with transaction.atomic(durable=True):
        subscription = Subscription.objects.select_for_update(no_key=True).get(pk=claim.subscription_id)
        delivery = Delivery.objects.select_for_update().get(pk=claim.pk)
        if delivery.state != State.PENDING or delivery.attempts != claim.attempts:
            return  # The lease ran out and somebody else has told it, or tries; or the subscription has ended.
        dead, now = delivery.attempts >= ATTEMPTS, timezone.now()
        delivery.state = State.DEAD if dead else State.PENDING
        delivery.next_at = now + _wait(pause_after(delivery.attempts), outcome)
        delivery.status_code, delivery.failure = outcome.status, outcome.failure
        delivery.save()
        _rest(subscription, now, outcome)
        if dead and subscription.gave_up_at is None:
            subscription.gave_up_at = now
            gave_up = events.SubscriptionGaveUp(index=delivery.index, attempts=delivery.attempts)
            log.record(gave_up, subject=subscription, actor=actor)
        subscription.save()
        if outcome.is_gone and subscription.state == Subscription.State.ACTIVE:
            subscribing.hold(subscription, because="gone", actor=actor)


def _rest(subscription: Subscription, now: datetime, outcome: Outcome) -> None:
    subscription.failures += 1
    rest = min(pause_after(subscription.failures), _LONGEST_REST)
    subscription.rests_until = now + _wait(rest, outcome)


def _wait(pause: timedelta, outcome: Outcome) -> timedelta:
    """Not sooner than the receiver asked for."""
    return max(pause, outcome.wait or timedelta())
