"""Figures of the log, and a scrape that survives a database that is away."""

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.core import REGISTRY

from audit.watch import metrics
from audit.watch.findings import Finding
from tests import desks, factories, recorded


def figures() -> dict[str, float]:
    """The log's figures as a scrape gives them."""
    return {
        sample.name + "".join(sample.labels.values()): sample.value
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name.startswith("audit_")
    }


@pytest.mark.django_db
def test_figures_follow_the_log() -> None:
    factories.person()
    waiting = figures()
    recorded.sequence()
    placed = figures()
    assert (waiting["audit_backlog_events"], waiting["audit_log_size"]) == (1, 0)
    assert 0 <= waiting["audit_merge_delay_seconds"] < 60
    assert (placed["audit_backlog_events"], placed["audit_log_size"], placed["audit_merge_delay_seconds"]) == (0, 1, 0)
    assert 0 <= placed["audit_last_checkpoint_age_seconds"] < 60


@pytest.mark.django_db
def test_figures_tell_of_findings() -> None:
    desks.verified(Finding("audit_event", "1", "actor", "a", "b"))
    found = figures()
    assert (found["audit_verification_findings"], found["audit_verification_incomplete"]) == (1, 0)
    assert 0 <= found["audit_last_verification_age_seconds"] < 60


def test_scrape_without_database_still_answers(live_database: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = "there_is_no_such_database"
    answer = Client().get("/metrics")
    connection.settings_dict["NAME"] = live_database
    assert answer.status_code == 200
    assert b"audit_database_up 0.0" in answer.content
    assert b"audit_log_size" not in answer.content


def test_registering_asks_nothing() -> None:
    assert list(metrics.LogCollector().describe()) == []
