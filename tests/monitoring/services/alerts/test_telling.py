"""Who subscribes hears of what rules say: a receiver that listens, and mail's words."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from monitoring.models import Monitor
from registry.roles import Role
from registry.services.subscriptions import delivering, dispatching, subscribing
from tests import factories, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.alerts import make
from tests.receivers import Receiver, receiving


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiving() as one:
        yield one


def told(receiver: Receiver, *patterns: str) -> None:
    subscribing.subscribe(
        factories.name("board"),
        kind="webhook",
        target=receiver.url,
        patterns=list(patterns),
        actor=acting(factories.person(Role.OPERATOR)),
    )


def delivered() -> int:
    recorded.sequence()
    dispatching.dispatch()
    return delivering.deliver(actor=make.WORKER, seconds=30)


def test_alert_that_meets_a_rule_is_told_once_however_often_it_rings(
    house: House, monitor: Monitor, receiver: Receiver
) -> None:
    make.rule(house, "notify", in_a_row=2)
    told(receiver, "alert.notified")
    for _ in range(4):
        make.rang(monitor)
    assert (delivered(), delivered()) == (1, 0)


def test_suppressed_alert_tells_nobody_of_anything(house: House, monitor: Monitor, receiver: Receiver) -> None:
    alert = make.suppressed(make.rang(monitor), house)
    recorded.sequence()
    make.rule(house, "notify", "hold")
    told(receiver, "alert.*", "alert_action.*", "slot_hold.*")
    for verdict in ("alarm", "quiet", "alarm"):
        make.looked(monitor, verdict)
    assert (delivered(), make.done(alert)) == (0, [])
