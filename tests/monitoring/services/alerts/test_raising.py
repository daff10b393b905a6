"""Alarms join one alert; a quiet look ends their row; two workers raise one."""

from functools import partial

import pytest

from monitoring.models import Alert, Monitor
from monitoring.services import alerts
from tests import houses, recorded
from tests.factories import acting
from tests.houses import House
from tests.monitoring.services.alerts import make
from tests.registry.services.slots.test_rivals import at_once


def test_second_alarm_joins_the_alert_and_counts(monitor: Monitor) -> None:
    make.looked(monitor, impact=0.01)
    last = make.looked(monitor, impact=0.05)
    alert = Alert.objects.get()
    assert (alert.alarms, alert.in_a_row, alert.impact, alert.last_run) == (2, 2, 0.05, last)
    assert recorded.names(alert) == ["alert.raised", "alert.repeated"]


def test_quiet_look_ends_the_row_once_and_leaves_the_alert_open(monitor: Monitor) -> None:
    for verdict in ("alarm", "alarm", "quiet", "quiet"):
        make.looked(monitor, verdict)
    alert = Alert.objects.get()
    assert (alert.state, alert.alarms, alert.in_a_row) == ("open", 2, 0)
    assert recorded.names(alert) == ["alert.raised", "alert.repeated", "alert.calmed"]


def test_look_that_cannot_be_evaluated_leaves_the_row_as_it_is(monitor: Monitor) -> None:
    make.looked(monitor)
    make.looked(monitor, "not_evaluable")
    assert Alert.objects.get().in_a_row == 1


def test_alarm_after_a_resolved_alert_raises_another(house: House, monitor: Monitor) -> None:
    make.looked(monitor)
    alerts.resolve(Alert.objects.get(), revision=1, reason="Mended.", actor=acting(house.operator))
    make.looked(monitor)
    assert sorted(Alert.objects.values_list("state", "in_a_row")) == [("open", 1), ("resolved", 1)]


def test_eight_workers_at_once_raise_one_alert_that_counts_every_alarm(live_database: str) -> None:
    monitor = make.monitor(houses.build())
    found = at_once([partial(make.looked, monitor)] * 8)
    alert = Alert.objects.get()
    assert (found["done"], alert.alarms, alert.in_a_row) == (8, 8, 8)
    assert recorded.names(alert) == ["alert.raised", *["alert.repeated"] * 7]


@pytest.mark.parametrize("actions", [["notify", "hold", "incident"]])
def test_eight_workers_at_once_act_once(live_database: str, actions: list[str]) -> None:
    house = houses.build()
    monitor = make.monitor(house)
    make.rule(house, *actions)
    make.looked(monitor)
    found = at_once([partial(alerts.respond, monitor, actor=make.WORKER)] * 8)
    assert (found["done"], make.done(Alert.objects.get())) == (8, [(action, "done") for action in actions])
    assert house.slot.holds.count() == house.system.incidents.count() == 1
