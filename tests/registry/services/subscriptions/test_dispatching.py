"""From the log to deliveries: everything, once, in order, whoever else does the same and whoever is killed at it."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from audit.database import grants
from audit.models import Event, Leaf
from mlops_server import processes
from registry import events
from registry.models import Delivery, Subscription, User
from registry.roles import Role
from registry.services.subscriptions import delivering, dispatching, subscribing
from registry.services.subscriptions.outcomes import failed
from tests import databases, factories, recorded
from tests.factories import acting
from tests.receivers import Receiver, receiving
from tests.registry.services.subscriptions import make

KILLS = int(os.environ.get("SUBSCRIPTION_KILLS", "2"))


def wanted(subscription: Subscription, first: int) -> list[tuple[int, str]]:
    """Every entry from an index on, as the log has it."""
    tickets = dict(Leaf.objects.filter(index__gte=first).values_list("index", "ticket"))
    names = dict(Event.objects.values_list("ticket", "event"))
    return [(index, names[tickets[index]]) for index in sorted(tickets)]


def found(subscription: Subscription) -> list[tuple[int, str]]:
    return list(subscription.deliveries.order_by("index", "id").values_list("index", "event"))


@pytest.mark.django_db
def test_dispatch_takes_every_event_from_the_position_on_in_the_order_of_the_log(
    receiver: Receiver, operator: User
) -> None:
    factories.system()
    recorded.sequence()
    subscription = make.subscription(receiver, operator, "*")
    factories.system(), factories.slot()
    count = make.dispatched()
    assert (count, found(subscription)) == (len(found(subscription)), wanted(subscription, subscription.position))
    assert recorded.fresh(subscription).position == Leaf.objects.count()


@pytest.mark.django_db
def test_dispatch_takes_only_what_fits(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator, "system.*", "slot.created")
    factories.slot()
    make.dispatched()
    assert [name for _, name in found(subscription)] == ["system.registered", "slot.created"]


@pytest.mark.django_db
def test_dispatch_again_finds_nothing_new(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    factories.system()
    assert (make.dispatched(), dispatching.dispatch(), len(found(subscription))) == (1, 0, 1)


@pytest.mark.django_db
def test_event_without_a_place_under_a_signed_head_waits(receiver: Receiver, operator: User) -> None:
    make.subscription(receiver, operator)
    factories.system()
    assert dispatching.dispatch() == 0


@pytest.mark.django_db
def test_paused_subscription_waits_in_the_log_and_misses_nothing(receiver: Receiver, operator: User) -> None:
    subscription = subscribing.pause(make.subscription(receiver, operator), actor=acting(operator))
    factories.system()
    assert make.dispatched() == 0
    subscribing.resume(subscription, actor=acting(operator))
    assert (dispatching.dispatch(), len(found(subscription))) == (1, 1)


@pytest.mark.django_db
def test_backlog_that_is_full_holds_the_position(
    receiver: Receiver, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "BACKLOG", 2)
    subscription = make.subscription(receiver, operator)
    [factories.system() for _ in range(3)]
    assert (make.dispatched(), dispatching.dispatch(), len(found(subscription))) == (2, 0, 2)
    make.delivered()
    assert (dispatching.dispatch(), len(found(subscription))) == (1, 3)


@pytest.mark.django_db
def test_subscription_is_never_told_that_it_failed_itself(receiver: Receiver, operator: User) -> None:
    failing, other = make.subscription(receiver, operator, "*"), make.subscription(receiver, operator, "subscription.*")
    factories.system()
    make.dispatched()
    Delivery.objects.filter(subscription=failing).update(attempts=delivering.ATTEMPTS)
    delivering.settle(failing.deliveries.latest("id"), failed("No."), actor=factories.bootstrap())
    make.dispatched()
    gave_up = events.SubscriptionGaveUp.event_name
    heard = [[name for _, name in found(one)].count(gave_up) for one in (failing, other)]
    assert (recorded.newest(failing)["event"], heard) == (gave_up, [0, 1])


@pytest.mark.django_db
def test_database_refuses_a_second_delivery_of_an_entry(receiver: Receiver, operator: User) -> None:
    subscription = make.subscription(receiver, operator)
    factories.system()
    make.dispatched()
    row = subscription.deliveries.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            subscription=subscription, index=row.index, event=row.event, event_id=row.event_id, next_at=row.next_at
        )


@pytest.mark.django_db
def test_dispatch_of_three_times_as_much_takes_no_more_queries(receiver: Receiver, operator: User) -> None:
    make.subscription(receiver, operator)
    counts = []
    for systems in (1, 3):
        [factories.system() for _ in range(systems)]
        recorded.sequence()
        with CaptureQueriesContext(connection) as captured:
            dispatching.dispatch()
        counts.append(len(captured))
    assert counts[0] == counts[1]


# At the same time, with real commits
@pytest.fixture
def followed(live_database: str) -> Iterator[Subscription]:
    """A subscription to everything, and sixty events that it has not seen."""
    with receiving() as receiver:
        operator = factories.person(Role.OPERATOR)
        subscription = make.subscription(receiver, operator, "*")
        [factories.person() for _ in range(60)]
        recorded.sequence()
        yield subscription


@pytest.mark.usefixtures("loopback_allowed")
def test_rival_dispatchers_lose_and_double_nothing(followed: Subscription, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "STEP", 2)
    start = threading.Barrier(4)

    def rival() -> None:
        start.wait()
        for _ in range(20):
            dispatching.dispatch(steps=2)
        connections.close_all()

    rivals = [threading.Thread(target=rival) for _ in range(4)]
    for thread in rivals:
        thread.start()
    for thread in rivals:
        thread.join()
    dispatching.dispatch(steps=100)
    assert found(followed) == wanted(followed, followed.position)


@pytest.mark.usefixtures("loopback_allowed")
def test_rival_deliverers_tell_everything_once(live_database: str) -> None:
    """Nothing fails here and no lease runs out, so at least once is once."""
    with receiving() as receiver:
        make.subscription(receiver, factories.person(Role.OPERATOR), "*")
        [factories.person() for _ in range(30)]
        count = make.dispatched()
        rivals = [threading.Thread(target=_deliver) for _ in range(3)]
        for thread in rivals:
            thread.start()
        for thread in rivals:
            thread.join()
    told = [arrived.headers["webhook-id"] for arrived in receiver.arrived]
    assert (count > 30, len(told), len(set(told))) == (True, count, count)


def _deliver() -> None:
    make.delivered()
    connections.close_all()


_DISPATCHER = """
import django
django.setup()
from registry.services.subscriptions import dispatching
dispatching.STEP = 1
print("ready", flush=True)
while True:
    dispatching.dispatch(steps=1)
"""


@pytest.mark.usefixtures("loopback_allowed")
def test_dispatchers_killed_at_random_lose_and_double_nothing(followed: Subscription) -> None:
    """kill -9 of real processes that do nothing else, one after another, one entry a step."""
    chance = random.Random(20261123)
    running = [_dispatcher() for _ in range(KILLS + 1)]
    for process in running:
        _wait_until_ready(process)
    for _ in range(KILLS):
        [factories.person() for _ in range(10)]
        recorded.sequence()
        time.sleep(chance.uniform(0.0, 0.1))
        _kill(running.pop(0))
    for process in running:
        _kill(process)
    dispatching.dispatch(steps=100)
    assert found(followed) == wanted(followed, followed.position)
    assert len(found(followed)) >= 60 + 10 * KILLS


def _dispatcher() -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "DATABASE_URL": databases.url(connection.settings_dict["NAME"], role=grants.APPLICATION),
    }
    return subprocess.Popen(
        [sys.executable, "-c", _DISPATCHER], env=environment, cwd=processes.BASE_DIR, stdout=subprocess.PIPE
    )


def _wait_until_ready(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


def _kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.communicate()


@pytest.mark.usefixtures("loopback_allowed")
def test_crash_between_the_deliveries_and_the_position_undoes_both(followed: Subscription) -> None:
    with databases.superuser(connection.settings_dict["NAME"]) as administrator:
        administrator.execute(_FAIL_ON_MOVE)
        with pytest.raises(IntegrityError):
            dispatching.dispatch()
        assert (found(followed), recorded.fresh(followed).position) == ([], followed.position)
        administrator.execute("ALTER TABLE registry_subscription DROP CONSTRAINT stands_still")
    dispatching.dispatch()
    assert found(followed) == wanted(followed, followed.position)


_FAIL_ON_MOVE = "ALTER TABLE registry_subscription ADD CONSTRAINT stands_still CHECK (position < 20) NOT VALID"
