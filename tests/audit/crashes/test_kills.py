"""Eight writers, two sequencers and PostgreSQL, durable as in production; one of them is killed again and again.

AUDIT_KILLS sets how often (20 by default): ``AUDIT_KILLS=200 make suite ARGS="tests/audit/crashes"`` runs for minutes.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from audit.database import grants
from audit.tlog import checkpoint, merkle, note
from mlops_server import embedded, processes

KILLS = int(os.environ.get("AUDIT_KILLS", "20"))
WRITERS, SEQUENCERS = 8, 2
SETTLE_SECONDS = 30


@dataclass
class House:
    """A durable server of the test's own, its clients, and what each was told."""

    folder: Path
    server: embedded.Postgres
    systems: list[str] = field(default_factory=list)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def environment(self, role: str) -> dict[str, str]:
        ours = {
            "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
            "DATABASE_URL": self.server.url(role=role),
            "REDIS_URL": "unix:///nowhere",
            "SECRET_KEY": "test",
            "PYTHONPATH": str(processes.BASE_DIR),
        }
        return {**processes.environment(os.environ, var=self.folder), **ours}

    def start(self, name: str) -> None:
        kind, _, number = name.partition("-")
        if kind == "writer":
            notes = self.folder / f"{name}.notes"
            command = [sys.executable, "-m", "tests.audit.crashes.writer", self.systems[int(number)], str(notes)]
        else:
            command = processes.commands(port=0)["sequencer"]
        role = grants.APPLICATION if kind == "writer" else grants.SEQUENCER
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                command, env=self.environment(role), cwd=processes.BASE_DIR, stdout=log, stderr=log
            )

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def crash_postgres(self) -> None:
        """As a power cut does it: no checkpoint, no farewell; then recovery from the write-ahead log."""
        postmaster = self.running.pop("postgres")
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait()
        time.sleep(0.5)  # its children leave a moment later, and it does not start beside them
        self.start_postgres()

    def start_postgres(self) -> None:
        with (self.folder / "postgres.log").open("ab") as log:
            self.running["postgres"] = subprocess.Popen(
                self.server.command,
                stdout=log,
                stderr=log,
                cwd=self.server.folder,
                **embedded._identity(self.server.user),
            )
        embedded.wait_until_ready(self.server, self.running["postgres"])

    def acknowledged(self) -> list[str]:
        """Every event that some writer was answered with; a last line cut short was never an answer."""
        lines = [line for path in self.folder.glob("*.notes") for line in path.read_text().splitlines(keepends=True)]
        return [line.strip() for line in lines if line.endswith("\n")]

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.server.url(role="postgres")) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    server = embedded.Postgres(tmp_path / "postgres", durable=True)
    house = House(tmp_path, server)
    server.prepare()
    try:
        house.start_postgres()
        server.create_database()
        _manage(house, grants.MIGRATOR, "migrate", "-v", "0")
        made = _manage(house, grants.APPLICATION, "shell", "-v", "0", "-c", _MAKE_SYSTEMS)
        house.systems = made.split()
        yield house
    finally:
        for name in [name for name in house.running if name != "postgres"]:
            house.kill(name)
        with contextlib.suppress(KeyError):
            house.kill("postgres")
        server.end_last_run()


_MAKE_SYSTEMS = f"from tests import factories\nfor _ in range({WRITERS}): print(factories.system().pk)"


def _manage(house: House, role: str, *arguments: str) -> str:
    command = [sys.executable, str(processes.BASE_DIR / "manage.py"), *arguments]
    done = subprocess.run(command, env=house.environment(role), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_kills_at_random_points_lose_and_double_nothing(house: House) -> None:
    chance = random.Random(20261123)
    names = [*(f"writer-{n}" for n in range(WRITERS)), *(f"sequencer-{n}" for n in range(SEQUENCERS))]
    for name in names:
        house.start(name)
    wait_until_all_write(house)
    for number in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.2))
        if number % 10 == 9:
            house.crash_postgres()
        else:
            victim = chance.choice(names[-SEQUENCERS:] if number % 2 else names)
            house.kill(victim)
            house.start(victim)
    for name in names[:WRITERS]:
        house.kill(name)
    wait_until_settled(house)
    told = house.acknowledged()
    print(f"{len(told)} acknowledged under {KILLS} kills")
    assert len(told) > KILLS
    assert_every_event_once(house, told)
    assert_every_head_continues_every_older_one(house)


def wait_until_all_write(house: House) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS * 3
    while len(list(house.folder.glob("*.notes"))) < WRITERS:
        assert time.monotonic() < deadline, (house.folder / "writer-0.log").read_text()[-2000:]
        time.sleep(0.2)


def wait_until_settled(house: House) -> None:
    """A killed writer's backend may still commit what it was sent: first nobody is at work, then nothing is pending."""
    deadline = time.monotonic() + SETTLE_SECONDS
    at_work = "state <> 'idle' AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    while house.query(f"SELECT count(*) FROM pg_stat_activity WHERE {at_work}") != [(0,)] or house.query(
        "SELECT count(*) FROM audit_pending"
    ) != [(0,)]:
        assert time.monotonic() < deadline, (house.folder / "sequencer-0.log").read_text()[-2000:]
        time.sleep(0.2)


def assert_every_event_once(house: House, told: list[str]) -> None:
    placed = house.query("SELECT event.id::text FROM audit_leaf JOIN audit_event event USING (ticket) ORDER BY index")
    there = [identity for (identity,) in placed]
    assert len(set(there)) == len(there)
    assert set(told) <= set(there)
    assert house.query("SELECT count(*) FROM audit_event") == [(len(there),)]
    assert house.query("SELECT count(*), min(index), max(index) FROM audit_leaf") == [(len(there), 0, len(there) - 1)]


def assert_every_head_continues_every_older_one(house: House) -> None:
    """Each head commits to exactly the first entries, so each is a prefix of every later one."""
    leaves = house.query("SELECT leaf FROM audit_event JOIN audit_leaf USING (ticket) ORDER BY index")
    hashes = [merkle.leaf_hash(bytes(leaf)) for (leaf,) in leaves]  # type: ignore[call-overload]
    heads = house.query("SELECT size, note FROM audit_checkpoint ORDER BY size")
    assert heads
    for size, signed in heads:
        assert isinstance(size, int)
        head = checkpoint.parse(note.text_of(str(signed).encode()))
        assert (head.size, head.root) == (size, merkle.root(hashes[:size]))
