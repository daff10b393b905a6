"""A monitor's looks over time: those that came to a verdict, however many have waited for rows since."""

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.models import Monitor
from tests import desks, houses
from tests.monitoring.services import logs

pytestmark = pytest.mark.django_db
#: Why the last look waited, which the page says at its top too.
HEADLINE = ">So.<"


def page(client: Client, monitor: Monitor) -> str:
    client.force_login(monitor.created_by, backend="registry.authentication.PasswordBackend")
    return client.get(desks.page(monitor)).content.decode()


def test_looks_that_wait_push_no_verdict_off_the_page(client: Client) -> None:
    house = houses.build()
    version = houses.champion(house).champion
    assert version is not None
    desks.alarm(house)
    monitor = Monitor.objects.get()
    for _ in range(3):
        logs.look(monitor, version, timezone.now(), "not_evaluable")
    found = page(client, monitor)
    assert 'class="picture"' in found
    assert found.count(HEADLINE) == 1


def test_monitor_that_has_only_waited_shows_its_newest_looks(client: Client) -> None:
    house = houses.build()
    version = houses.champion(house).champion
    assert version is not None
    monitor = logs.monitor(house)
    for _ in range(8):
        logs.look(monitor, version, timezone.now(), "not_evaluable")
    found = page(client, monitor)
    assert 'class="picture"' not in found
    assert found.count(HEADLINE) == 1 + 5
