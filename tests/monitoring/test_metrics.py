"""Figures of monitors for Prometheus: what the last look found, what is overdue, and a scrape that never fails."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.core import REGISTRY

from monitoring import metrics
from monitoring.models import Alert, Monitor
from tests import desks, houses
from tests.houses import House


def figures(*names: str) -> dict[tuple[str, ...], float]:
    """The monitors' figures of these names as a scrape gives them: name, labels and value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name in names
    }


@pytest.fixture
def house(db: None) -> House:
    made = houses.build()
    houses.champion(made)
    return made


@pytest.fixture
def alert(house: House) -> Alert:
    return desks.alarm(house)


def test_verdict_of_the_last_look_is_the_one_that_is_1(house: House, alert: Alert) -> None:
    watch = ("monitor_verdict", house.slot.key, "performance", "performance")
    assert figures("monitor_verdict") == {
        (*watch, "quiet"): 0.0,
        (*watch, "alarm"): 1.0,
        (*watch, "not_evaluable"): 0.0,
    }


def test_figures_stand_with_the_ends_of_their_intervals(house: House, alert: Alert) -> None:
    found = figures("monitor_figure", "monitor_rows")
    watch = (house.slot.key, "performance", "performance")
    low, value, high = (found[("monitor_figure", *watch, "roc_auc", "", "", end)] for end in ("low", "value", "high"))
    assert low < value < high < 0.99
    assert found[("monitor_rows", *watch)] == 40.0


def test_alerts_are_counted_until_they_are_resolved(house: House, alert: Alert) -> None:
    assert figures("monitor_alerts") == {("monitor_alerts", house.slot.key, "open"): 1.0}


def test_monitor_that_is_not_looked_after_is_overdue(house: House) -> None:
    monitor = desks.unused(house)
    assert list(figures("monitor_overdue_seconds").values()) == [0.0]
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now() - timedelta(hours=1))
    assert 3600 <= next(iter(figures("monitor_overdue_seconds").values())) < 3660


def test_scrape_costs_the_same_queries_for_one_monitor_and_for_three(house: House, alert: Alert) -> None:
    before = queries()
    for _ in range(2):
        desks.alarm(beside(house))
    assert (before, queries()) == (5, 5)


def test_told_leaves_out_what_is_no_finite_number() -> None:
    report = {
        "figures": [
            {"metric": "f1", "attribute": "", "group": "", "value": 0.5, "low": None, "high": float("inf")},
            {"metric": "auc", "value": None},
            {"name": "AGEP", "psi": 0.3},
        ]
    }
    assert list(metrics.told(report)) == [("f1", "", "", {"value": 0.5}), ("psi", "AGEP", "", {"value": 0.3})]


def test_scrape_without_database_still_answers(live_database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = "there_is_no_such_database"
    answer = Client().get("/metrics")
    connection.settings_dict["NAME"] = live_database
    assert answer.status_code == 200
    assert b"monitor_database_up 0.0" in answer.content


def test_registering_asks_nothing() -> None:
    assert list(metrics.MonitorCollector().describe()) == []


def queries() -> int:
    with CaptureQueriesContext(connection) as captured:
        list(metrics.MonitorCollector().collect())
    return len(captured)


def beside(house: House) -> Any:
    other = desks.beside(house)
    houses.champion(other)
    return other
