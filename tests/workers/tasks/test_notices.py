"""The task that tells subscribers."""

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network

import pytest
from django.core.cache import cache
from pytest_django import Settings

from registry.models import Subscription
from registry.roles import Role
from tests import factories, recorded
from tests.receivers import Receiver, receiving
from tests.registry.services.subscriptions import make
from workers.schedule import SCHEDULE
from workers.tasks import notices

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    cache.clear()
    with receiving() as one:
        yield one


@pytest.fixture
def subscription(receiver: Receiver) -> Subscription:
    made = make.subscription(receiver, factories.person(Role.OPERATOR))
    factories.system()
    recorded.sequence()
    return made


def test_task_finds_what_is_new_and_tells_it(subscription: Subscription, receiver: Receiver) -> None:
    assert (notices.send_notices(), notices.send_notices()) == (1, 0)
    assert (make.states(subscription), len(receiver.arrived)) == (["delivered"], 1)


def test_task_beside_another_leaves_the_work_to_it(subscription: Subscription) -> None:
    cache.add("workers.send_notices", 1)
    assert (notices.send_notices(), make.states(subscription)) == (0, [])


def test_task_that_pauses_a_subscription_says_so_as_the_worker(subscription: Subscription, receiver: Receiver) -> None:
    receiver.status = 410
    notices.send_notices()
    told = recorded.newest(subscription)
    assert (told["event"], told["actor"]) == ("subscription.paused", "system:worker")


def test_message_that_waited_too_long_is_not_worth_a_run(settings: Settings) -> None:
    assert SCHEDULE["tell subscribers"] == {
        "task": "workers.send_notices",
        "schedule": timedelta(seconds=settings.DELIVERY_SECONDS),
        "options": {"expires": settings.DELIVERY_SECONDS},
    }
