"""Sent again, and tried."""

import json
import uuid

import pytest

from registry.errors import Conflict, Invalid, NotPermitted
from registry.models import Subscription, User
from registry.roles import Role
from registry.services.subscriptions import dispatching, repeating, subscribing
from registry.services.subscriptions.outcomes import Outcome
from tests import factories, recorded
from tests.factories import acting
from tests.receivers import Receiver
from tests.registry.services.subscriptions import make

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(receiver: Receiver, operator: User) -> Subscription:
    """Three systems' events, delivered."""
    subscription = make.subscription(receiver, operator)
    [factories.system() for _ in range(3)]
    make.dispatched()
    make.delivered()
    return subscription


def test_replay_of_a_range_sends_what_fits_under_the_same_ids(
    told: Subscription, receiver: Receiver, operator: User
) -> None:
    last = told.deliveries.order_by("-index")[0].index
    made = repeating.replay_range(told, first=0, last=last, actor=acting(operator))
    assert make.delivered() == len(made) == 3
    ids = [arrived.headers["webhook-id"] for arrived in receiver.arrived]
    assert sorted(ids[:3]) == sorted(ids[3:])
    event = recorded.newest(told)
    assert (event["event"], event["data"]) == (
        "subscription.replayed",
        {"first": made[0].index, "last": last, "count": 3},
    )


def test_replay_reaches_back_before_the_subscription_was_made(receiver: Receiver, operator: User) -> None:
    factories.system()
    recorded.sequence()
    subscription = make.subscription(receiver, operator)
    last = subscription.position - 1
    assert len(repeating.replay_range(subscription, first=0, last=last, actor=acting(operator))) == 1


def test_replay_of_deliveries_sends_just_these(told: Subscription, receiver: Receiver, operator: User) -> None:
    first = told.deliveries.order_by("index")[0]
    (again,) = repeating.replay_deliveries(told, deliveries=[first.pk], actor=acting(operator))
    assert (again.event_id, again.replay, again.state) == (first.event_id, True, "pending")
    make.delivered()
    assert receiver.arrived[-1].headers["webhook-id"] == str(first.event_id)


def test_replay_of_somebody_elses_delivery_is_refused(told: Subscription, receiver: Receiver, operator: User) -> None:
    other = make.subscription(receiver, operator)
    wanted = [told.deliveries.latest("id").pk, uuid.uuid4()]
    with pytest.raises(Invalid) as refused:
        repeating.replay_deliveries(other, deliveries=wanted, actor=acting(operator))
    assert [problem.pointer for problem in refused.value.problems] == ["/deliveries/0", "/deliveries/1"]


@pytest.mark.parametrize(("first", "last"), [(5, 4), (-1, 0), (0, 10_000_000)])
def test_replay_of_entries_that_do_not_exist_is_refused(
    told: Subscription, operator: User, first: int, last: int
) -> None:
    with pytest.raises(Invalid):
        repeating.replay_range(told, first=first, last=last, actor=acting(operator))


def test_replay_of_too_much_is_refused(told: Subscription, operator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeating, "MOST", 2)
    with pytest.raises(Invalid, match="too much"):
        repeating.replay_range(told, first=0, last=2, actor=acting(operator))


def test_replay_of_nothing_that_fits_is_refused(told: Subscription, operator: User) -> None:
    changes = {"events": ["slot.*"]}
    changed = subscribing.change(told, changes=changes, revision=1, actor=acting(operator))
    with pytest.raises(Invalid, match="None of these entries"):
        repeating.replay_range(changed, first=0, last=5, actor=acting(operator))


def test_replay_onto_a_full_backlog_is_refused(
    told: Subscription, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "BACKLOG", 1)
    pk = told.deliveries.latest("id").pk
    repeating.replay_deliveries(told, deliveries=[pk], actor=acting(operator))
    with pytest.raises(Conflict):
        repeating.replay_deliveries(told, deliveries=[pk], actor=acting(operator))


def test_replay_without_the_role_is_refused(told: Subscription) -> None:
    with pytest.raises(NotPermitted):
        repeating.replay_range(told, first=0, last=0, actor=acting(factories.person(Role.AUDITOR)))


def test_ping_arrives_signed_and_is_no_entry(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    before = recorded.entries(subscription)
    assert repeating.ping(subscription, actor=acting(operator)) == Outcome(204)
    said = json.loads(receiver.arrived[0].body)
    assert (said["event"], said["entry"], said["id"]) == ("ping", None, receiver.arrived[0].headers["webhook-id"])
    assert (recorded.entries(subscription), subscription.deliveries.count()) == (before, 0)


def test_ping_says_what_went_wrong(receiver: Receiver, operator: User) -> None:
    subscription, receiver.status = make.subscription(receiver, operator), 503
    outcome = repeating.ping(subscription, actor=acting(operator))
    assert outcome == Outcome(503, "It answered 503 Service Unavailable.")


def test_ping_of_an_ended_subscription_is_refused(receiver: Receiver, operator: User) -> None:
    ended = subscribing.end(make.subscription(receiver, operator), actor=acting(operator))
    with pytest.raises(Conflict):
        repeating.ping(ended, actor=acting(operator))
