"""A serving house with a monitor, and what its looks leave behind."""

import pytest
from django.db import transaction
from django.utils import timezone

from audit import actors as system_actors
from monitoring.models import Alert, Monitor, MonitorRun
from monitoring.services import alerts, monitors
from tests import houses
from tests.factories import acting, name
from tests.houses import House

WORKER = system_actors.system("worker")


@pytest.fixture
def house(db: None) -> House:
    return houses.build()


@pytest.fixture
def monitor(house: House) -> Monitor:
    return watched(house)


@pytest.fixture
def run(house: House, monitor: Monitor) -> MonitorRun:
    houses.champion(house)
    return looked(monitor)


@pytest.fixture
def alert(run: MonitorRun) -> Alert:
    return raised(run)


def watched(house: House) -> Monitor:
    return monitors.create(
        house.slot,
        kind="drift",
        name=name("inputs"),
        parameters={"fdr": 0.05},
        cadence_seconds=60,
        actor=acting(house.operator),
    )


def looked(monitor: Monitor) -> MonitorRun:
    """One look at a slot that serves; it finds no predictions, which is an answer too."""
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    run = monitors.check(str(monitor.pk), actor=WORKER)
    assert run is not None
    return run


def raised(run: MonitorRun) -> Alert:
    with transaction.atomic():
        return alerts.raise_for(run, actor=WORKER)
