"""`manage.py sequencer` as it runs: signing and publishing beside one another, quiet in trouble, and quick to leave."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from structlog.testing import capture_logs

from audit.database import grants
from audit.management.commands.sequencer import Rounds
from audit.models import Checkpoint, Event
from audit.outside import continuity
from audit.tlog import checkpoint, note
from tests import databases, factories
from tests.audit import outside
from tests.audit.outside.test_witnesses import answering

pytestmark = pytest.mark.usefixtures("live_database")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    settings.SIGNING_KEY_DIR = tmp_path / "keys"
    return tmp_path


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "DATABASE_URL": databases.url(connection.settings_dict["NAME"], role=grants.SEQUENCER),
        "LOG_PUBLISH_DIR": str(settings.LOG_PUBLISH_DIR),
        "SIGNING_KEY_DIR": str(settings.SIGNING_KEY_DIR),
        "MERGE_DELAY_MS": "20",
        "PUBLISH_SECONDS": "0.05",
        **variables,
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "sequencer"], cwd=settings.BASE_DIR, env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_until(true: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def sequenced() -> bool:
    head = Checkpoint.objects.first()
    return head is not None and head.size == Event.objects.count()


def published() -> int:
    path = Path(settings.LOG_PUBLISH_DIR) / "checkpoint"
    return checkpoint.parse(note.text_of(path.read_bytes())).size if path.exists() else 0


def work(rounds: Rounds) -> float:
    with databases.acting_as(grants.SEQUENCER):
        return rounds.work()


def test_sequencer_signs_and_publishes_until_it_is_told_to_stop(folder: Path) -> None:
    outside.happen(300)
    with running(folder) as process:
        # 300 events, the log's opening, and the verifier that packs carry
        wait_until(lambda: sequenced() and published() == Event.objects.count() == 302)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert outside.verified(folder / "published") == []


def test_second_sequencer_takes_over_when_the_first_is_killed(folder: Path) -> None:
    with running(folder) as first, running(folder):
        outside.happen(3)
        wait_until(sequenced)
        first.kill()
        first.wait()
        outside.happen(3)
        wait_until(lambda: sequenced() and published() == Event.objects.count())
    assert outside.verified(folder / "published") == []


def test_slow_witness_does_not_delay_signing(folder: Path) -> None:
    with answering(lambda _: time.sleep(60)) as slow:
        line = f"witness w {outside.known('w').vkey} {slow}"
        policy = outside.policy(folder, [line], "quorum w")
        with running(folder, LOG_TRUST_POLICY=str(policy), WITNESS_TIMEOUT_SECONDS="5") as process:
            wait_until(sequenced)
            time.sleep(1)  # the publisher waits for the witness now
            for _ in range(5):
                start = time.monotonic()
                outside.happen()
                wait_until(sequenced)
                assert time.monotonic() - start < 2
            assert published() == 0
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def test_database_away_is_one_warning_and_longer_and_longer_waits() -> None:
    rounds, name = Rounds(), connection.settings_dict["NAME"]
    work(rounds)
    connection.close()
    connection.settings_dict["NAME"] = "absent"
    try:
        with capture_logs() as lines:
            waits = [rounds.work() for _ in range(8)]
    finally:
        connection.settings_dict["NAME"] = name
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("warning", "the sequencer waits for the database")
    ]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0]
    with capture_logs() as lines:
        assert work(rounds) == 0.25
    assert lines[-1]["event"] == "the sequencer works again"


def test_database_that_comes_back_older_is_refused_by_a_running_sequencer() -> None:
    rounds = Rounds()
    work(rounds)
    outside.publish()
    with outside.back_in_time():
        outside.happen(5)
        work(rounds)
        outside.publish()
        connection.settings_dict["NAME"], name = "absent", connection.settings_dict["NAME"]
        connection.close()
        rounds.work()
        connection.settings_dict["NAME"] = name
    outside.happen(9)
    with capture_logs() as lines:
        work(rounds)
        work(rounds)
    assert [line["event"] for line in lines] == ["the sequencer signs nothing"]
    assert Checkpoint.objects.count() == 1


def test_refused_log_goes_on_by_itself_once_it_is_resumed() -> None:
    outside.place()
    outside.publish()
    with outside.back_in_time():
        outside.happen(5)
        outside.place()
        outside.publish()
    rounds = Rounds()
    assert work(rounds) == 10.0
    databases.by_owner(
        call_command, "resume_log", "--as", factories.person().username, "--reason", "Disk lost.", verbosity=0
    )
    work(rounds)
    newest = checkpoint.parse(note.text_of(Checkpoint.objects.latest("size").note.encode()))
    assert (newest.origin, newest.size) == (continuity.origin(), Event.objects.count())


def test_rotated_keys_are_taken_up_by_a_running_sequencer() -> None:
    rounds, person = Rounds(), factories.person().username
    work(rounds)
    lines = []
    for options in ([], ["--retire"]):
        databases.by_owner(call_command, "rotate_log_key", "--as", person, "--reason", "Yearly.", *options, verbosity=0)
        work(rounds)
        lines.append(len(note.parse(Checkpoint.objects.latest("size").note.encode())[1]))
    assert lines == [2, 1]


def test_publish_once_writes_the_log(folder: Path) -> None:
    outside.happen(3)
    outside.place()
    with databases.acting_as(grants.SEQUENCER):
        call_command("publish", "--once", verbosity=0)
    assert published() == 4
