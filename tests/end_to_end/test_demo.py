"""The demo is a test: the whole story on the real stack, and what it leaves behind."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import live


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[tuple[str, live.Stack]]:
    folder = tmp_path_factory.mktemp("demo")
    with live.stack(folder, "web", "worker", "beat", "sequencer") as stack:
        yield stack.manage("demo", "--url", stack.url), stack


def test_demo_tells_its_story_to_the_end(told: tuple[str, live.Stack]) -> None:
    story, _ = told
    for line in (
        "5,000 rows of 2015 are dataset version 1",
        "Version 1 (logistic_regression) is fitted and registered as ONNX",
        "The engineer tries to approve it herself: refused",
        "Signed by Viktor Valk and Carla Compton: approved.",
        "Monitor drift: quiet.",
        "Monitor performance: quiet.",
        "Version 2 is rolled back; version 1 serves everybody.",
        "What served when v2 is canary? employment-classifier v1, 10% to employment-classifier v2",
        "The evidence pack verifies offline: Verified:",
        "With one byte of a signature flipped it is refused:",
    ):
        assert line in story


def test_demo_logs_every_prediction_and_label(told: tuple[str, live.Stack]) -> None:
    _, stack = told
    assert stack.execute("SELECT count(*) FROM registry_prediction") == [(20_000,)]
    assert stack.execute("SELECT count(*) FROM registry_outcome") == [(20_000,)]
    assert stack.execute("SELECT sum(row_count) > 0 FROM registry_predictionbatch") == [(True,)]


def test_demo_leaves_the_refusal_on_record(told: tuple[str, live.Stack]) -> None:
    _, stack = told
    refused = stack.execute("SELECT leaf FROM audit_event WHERE event = 'promotion.decision_refused'")
    assert [json.loads(bytes(leaf))["data"] for (leaf,) in refused] == [{"rule": "DutyConflict"}]


def test_demo_raises_no_false_drift_alarm(told: tuple[str, live.Stack]) -> None:
    _, stack = told
    alarms = "SELECT reason FROM monitoring_monitorrun run JOIN monitoring_monitor m ON m.id = run.monitor_id WHERE "
    assert stack.execute(alarms + "verdict = 'alarm' AND kind <> 'fairness'") == []


def test_request_id_reaches_worker_and_event(told: tuple[str, live.Stack]) -> None:
    _, stack = told
    ((request,),) = stack.execute("SELECT request FROM registry_trainingrun ORDER BY id LIMIT 1")
    events = stack.execute("SELECT event FROM audit_event WHERE request = %s ORDER BY ticket", request)
    assert ("training_run.requested",) in events
    assert ("training_run.succeeded",) in events
    assert request in stack.log("worker").read_text()


def test_demo_runs_once(told: tuple[str, live.Stack]) -> None:
    _, stack = told
    assert "has run here already" in stack.manage("demo", "--url", stack.url)


def test_demo_keeps_passwords_to_their_owner(told: tuple[str, live.Stack]) -> None:
    _, stack = told
    credentials = Path(stack.environment["VAR_DIR"]) / "credentials.json"
    assert credentials.stat().st_mode & 0o777 == 0o600
