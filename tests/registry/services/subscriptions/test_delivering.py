"""What is due is sent: at least once, later again, at some time no more."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from audit.models import Event, Leaf
from audit.tlog import entry, merkle
from audit.tree import entries
from registry.models import Delivery, Subscription, User
from registry.services.subscriptions import delivering, dispatching, parcels, subscribing, webhooks
from registry.services.subscriptions.outcomes import Outcome, failed
from tests import factories, recorded
from tests.factories import acting
from tests.receivers import Receiver
from tests.registry.services.subscriptions import make

pytestmark = pytest.mark.django_db
ACTOR = make.BOOTSTRAP


@pytest.fixture
def subscription(receiver: Receiver, operator: User) -> Subscription:
    return make.subscription(receiver, operator)


def one_due(subscription: Subscription) -> Delivery:
    """A new event of a system, waiting."""
    factories.system()
    make.dispatched()
    return subscription.deliveries.latest("id")


def waits(delivery: Delivery) -> float:
    """How many seconds until the next attempt."""
    return (recorded.fresh(delivery).next_at - timezone.now()).total_seconds()


def test_delivery_arrives_signed_with_the_entry_as_the_log_has_it(receiver: Receiver, operator: User) -> None:
    made = make.keyed(receiver, operator)
    delivery = one_due(made.subscription)
    assert make.delivered() == 1
    (arrived,) = receiver.arrived
    identity, seconds = arrived.headers["webhook-id"], int(arrived.headers["webhook-timestamp"])
    signature = webhooks.signature(made.secret, identity, seconds, arrived.body)
    assert (identity, arrived.headers["webhook-signature"]) == (str(delivery.event_id), signature)
    raw = arrived.body.partition(b'"entry":')[2][:-1]
    (leaf,) = entries.raw([Event.objects.get(id=delivery.event_id)])
    assert (raw, json.loads(arrived.body)["index"]) == (leaf, delivery.index)
    assert merkle.leaf_hash(raw) == bytes(Leaf.objects.get(index=delivery.index).hash)
    assert entry.parse(raw)["event"] == "system.registered"


def test_delivery_that_is_taken_is_done(subscription: Subscription, receiver: Receiver) -> None:
    delivery = one_due(subscription)
    make.delivered()
    row = recorded.fresh(delivery)
    assert (row.state, row.attempts, row.status_code, row.failure, make.delivered()) == ("delivered", 1, 204, "", 0)
    assert len(receiver.arrived) == 1


def test_delivery_that_fails_comes_again_with_the_same_id(subscription: Subscription, receiver: Receiver) -> None:
    delivery, receiver.status = one_due(subscription), 500
    make.delivered()
    row = recorded.fresh(delivery)
    assert (row.state, row.attempts, row.status_code) == ("pending", 1, 500)
    assert (row.failure, 4 <= waits(delivery) <= 6) == ("It answered 500 Internal Server Error.", True)
    assert make.delivered() == 0
    make.due_again(subscription)
    receiver.status = 200
    assert (make.delivered(), recorded.fresh(delivery).state) == (1, "delivered")
    assert len({arrived.headers["webhook-id"] for arrived in receiver.arrived}) == 1


def test_pauses_grow_to_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivering, "_JITTER", 0)
    seconds = [delivering.pause_after(attempts).total_seconds() for attempts in range(1, delivering.ATTEMPTS)]
    assert seconds == [5, 25, 125, 625, 3125, 15625, 78125, 86400, 86400]


def test_pauses_differ_by_a_fifth_at_the_most() -> None:
    seconds = [delivering.pause_after(1).total_seconds() for _ in range(200)]
    assert (min(seconds) >= 4, max(seconds) <= 6, len(set(seconds)) > 100) == (True, True, True)


def test_retry_after_is_honoured(subscription: Subscription, receiver: Receiver) -> None:
    delivery, receiver.status, receiver.headers = one_due(subscription), 429, {"Retry-After": "300"}
    make.delivered()
    assert 295 <= waits(delivery) <= 300
    assert recorded.fresh(subscription).rests_until >= timezone.now() + timedelta(seconds=290)


def test_last_attempt_gives_up_and_says_so_once(subscription: Subscription, receiver: Receiver) -> None:
    first, second, receiver.status = one_due(subscription), one_due(subscription), 500
    Delivery.objects.filter(subscription=subscription).update(attempts=delivering.ATTEMPTS - 1)
    make.delivered()
    assert make.states(subscription) == ["dead", "dead"]
    told = [one for one in recorded.entries(subscription) if one["event"] == "subscription.gave_up"]
    assert [one["data"]["attempts"] for one in told] == [delivering.ATTEMPTS]
    assert told[0]["data"]["index"] in (first.index, second.index)


def test_success_after_giving_up_lets_it_be_said_again(subscription: Subscription, receiver: Receiver) -> None:
    for status in (500, 200, 500):
        one_due(subscription)
        make.due_again(subscription)
        subscription.deliveries.filter(state="pending").update(attempts=delivering.ATTEMPTS - 1)
        receiver.status = status
        make.delivered()
    assert make.states(subscription) == ["dead", "delivered", "dead"]
    assert recorded.names(subscription).count("subscription.gave_up") == 2


def test_gone_pauses_the_subscription_for_good(subscription: Subscription, receiver: Receiver) -> None:
    one_due(subscription), one_due(subscription)
    receiver.status = 410
    make.delivered()
    row = recorded.fresh(subscription)
    assert (row.state, recorded.newest(row)["data"]) == ("paused", {"because": "gone"})
    make.due_again(subscription)
    before = len(receiver.arrived)
    assert (make.delivered(), len(receiver.arrived)) == (0, before)


def test_subscription_that_failed_rests_and_the_others_do_not(receiver: Receiver, operator: User) -> None:
    dead, alive = make.subscription(receiver, operator), make.subscription(receiver, operator)
    factories.system()
    make.dispatched()
    Subscription.objects.filter(pk=dead.pk).update(rests_until=timezone.now() + timedelta(minutes=1), failures=1)
    assert (make.delivered(), make.states(dead), make.states(alive)) == (1, ["pending"], ["delivered"])


def test_success_ends_the_rest(subscription: Subscription, receiver: Receiver) -> None:
    one_due(subscription)
    Subscription.objects.filter(pk=subscription.pk).update(failures=3, gave_up_at=timezone.now())
    make.delivered()
    row = recorded.fresh(subscription)
    assert (row.failures, row.rests_until, row.gave_up_at) == (0, None, None)


def test_attempts_leave_the_row_as_the_log_has_it(subscription: Subscription, receiver: Receiver) -> None:
    one_due(subscription)
    receiver.status = 500
    make.delivered()
    row = recorded.fresh(subscription)
    assert (row.failures, rows.digest(row)) == (1, recorded.newest(subscription)["row"])


def test_paused_subscription_is_sent_nothing(subscription: Subscription, receiver: Receiver, operator: User) -> None:
    one_due(subscription)
    subscribing.pause(subscription, actor=acting(operator))
    assert (make.delivered(), receiver.arrived) == (0, [])


def test_private_address_is_refused_at_each_delivery(
    subscription: Subscription, receiver: Receiver, settings: Any
) -> None:
    delivery, settings.WEBHOOK_ALLOWED_NETWORKS = one_due(subscription), []
    make.delivered()
    assert recorded.fresh(delivery).failure.startswith("Refused: 127.0.0.1 is no public address")
    assert receiver.arrived == []


def test_claim_that_nobody_settled_is_due_again_after_its_lease(subscription: Subscription, receiver: Receiver) -> None:
    """Whoever claims it and is killed leaves this behind."""
    delivery = one_due(subscription)
    (claimed,) = delivering.claim()
    assert (delivering.claim(), make.delivered()) == ([], 0)
    assert waits(delivery) == pytest.approx(delivering.LEASE.total_seconds(), abs=5)
    make.due_again(subscription)
    assert (make.delivered(), recorded.fresh(delivery).attempts) == (1, 2)
    delivering.settle(claimed, failed("Late."), actor=ACTOR)
    assert recorded.fresh(delivery).state == "delivered"


def test_claims_are_shared_among_the_subscriptions(receiver: Receiver, operator: User) -> None:
    for _ in range(2):
        make.subscription(receiver, operator)
    [factories.system() for _ in range(10)]
    make.dispatched()
    claims = delivering.claim()
    shares = [sum(one.subscription_id == pk for one in claims) for pk in {one.subscription_id for one in claims}]
    assert shares == [delivering.ROUND // 2] * 2


def test_failure_of_an_ended_subscription_changes_nothing(subscription: Subscription, operator: User) -> None:
    one_due(subscription)
    (claimed,) = delivering.claim()
    ended = subscribing.end(subscription, actor=acting(operator))
    delivering.settle(claimed, Outcome(410, "It answered 410 Gone."), actor=ACTOR)
    assert (recorded.fresh(ended).state, make.states(ended)) == ("ended", ["dead"])


def test_target_that_does_not_open_fails_in_words(subscription: Subscription) -> None:
    """As after a restore with another installation's keys."""
    delivery = one_due(subscription)
    delivery.subscription.target = bytes(40)
    outcome = parcels.pack(delivery)()
    assert outcome == failed(f"KeyUnusable: The target of subscription {subscription.pk} is under a key that is gone.")


def test_defect_in_one_message_does_not_hold_up_the_others(
    subscription: Subscription, receiver: Receiver, operator: User
) -> None:
    changes = {"target": receiver.url.replace("127.0.0.1", "localhost")}
    subscribing.change(subscription, changes=changes, revision=1, actor=acting(operator))
    other = make.subscription(receiver, operator)
    delivery = one_due(subscription)
    assert delivering.deliver(actor=ACTOR, seconds=30, resolver=_defective) == 1
    assert (make.states(subscription), make.states(other)) == (["pending"], ["delivered"])
    assert recorded.fresh(delivery).failure == "The server met a defect: ZeroDivisionError."


def _defective(host: str, port: int) -> list[str]:
    if host == "localhost":
        raise ZeroDivisionError
    return [host]


def test_prune_forgets_what_ended_long_ago_and_keeps_what_waits(subscription: Subscription, settings: Any) -> None:
    waiting, done = one_due(subscription), one_due(subscription)
    one_due(subscription)
    Delivery.objects.filter(pk=done.pk).update(state="delivered")
    old = timezone.now() - timedelta(days=settings.DELIVERY_KEEP_DAYS, minutes=1)
    Delivery.objects.filter(pk__in=[waiting.pk, done.pk]).update(created_at=old)
    assert (delivering.prune(), subscription.deliveries.count()) == (1, 2)


def test_deliveries_of_many_events_all_arrive(subscription: Subscription, receiver: Receiver) -> None:
    [factories.system() for _ in range(40)]
    make.dispatched()
    assert (make.delivered(), dispatching.dispatch()) == (40, 0)
    assert len({arrived.headers["webhook-id"] for arrived in receiver.arrived}) == 40
