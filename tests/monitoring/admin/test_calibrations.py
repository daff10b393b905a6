"""What was measured of a monitor, on its own page and on the monitor's."""

import pytest
from django.test import Client
from django.utils import timezone

from monitoring.models import Calibration, Monitor
from monitoring.services import monitors
from tests import desks, houses
from tests.factories import acting
from tests.houses import House

pytestmark = pytest.mark.django_db
SENTENCE = "It rang in 1 of 200 looks at rows that did not move: 0.5% [0.0%, 2.8%]."


@pytest.fixture
def house() -> House:
    built = houses.build()
    houses.champion(built)
    desks.alarm(built)
    return built


@pytest.fixture
def desk(house: House, client: Client) -> Client:
    client.force_login(house.operator, backend="registry.authentication.PasswordBackend")
    return client


def text(desk: Client, address: str) -> str:
    answer = desk.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_page_says_the_rate_with_its_interval_and_the_delays(desk: Client) -> None:
    found = text(desk, desks.page(Calibration.objects.get()))
    assert SENTENCE in found
    assert "10 of 10 within 10 looks" in found
    assert "truths of another class" in found


def test_page_of_the_monitor_shows_what_holds_for_its_settings(desk: Client, house: House) -> None:
    monitor = Monitor.objects.get()
    assert SENTENCE in text(desk, desks.page(monitor))
    changes = {"parameters": {"min_n": 10, "floor": 0.9}}
    monitors.change(monitor, changes=changes, revision=1, actor=acting(house.operator))
    assert "Not yet: a worker measures it" in text(desk, desks.page(monitor))


def test_page_of_a_monitor_that_cannot_be_replayed_says_why(desk: Client, house: House) -> None:
    monitor = monitors.create(
        house.slot, kind="fairness", name="groups", cadence_seconds=60, actor=acting(house.operator)
    )
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    monitors.check(str(monitor.pk), actor=desks.WORKER)
    assert "The rows held out say nothing of people&#x27;s groups" in text(desk, desks.page(monitor))
