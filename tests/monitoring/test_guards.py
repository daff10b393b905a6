"""The guards of monitoring: what a look leaves behind cannot be changed in silence, and reads the same ever after."""

import pytest
from django.db import connection, models
from django.utils import timezone

from monitoring.models import Alert, Monitor, MonitorRun
from tests import houses, recorded
from tests.monitoring.api.conftest import looked, raised, watched

pytestmark = pytest.mark.django_db


@pytest.fixture
def alert() -> Alert:
    house = houses.build()
    houses.champion(house)
    return raised(looked(watched(house)))


@pytest.mark.parametrize("model", [Monitor, MonitorRun, Alert], ids=lambda model: model.__name__)
def test_update_behind_the_back_is_refused(alert: Alert, model: type[models.Model]) -> None:
    recorded.sequence()
    refusal = recorded.refusal_of(lambda: model._default_manager.update(created_at=timezone.now()))
    assert f"Unaudited change: UPDATE of {model._meta.db_table}" in refusal


def test_due_time_moves_without_an_event(alert: Alert) -> None:
    recorded.sequence()
    Monitor.objects.update(next_due_at=timezone.now())
    connection.check_constraints()
    assert recorded.names(alert.monitor) == ["monitor.created"]


def test_rows_read_from_the_database_have_the_digests_of_their_last_events(alert: Alert) -> None:
    stored, told = recorded.stored_digests(), recorded.last_digests()
    assert {name: stored[name] for name in told} == told
