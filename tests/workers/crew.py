"""Real Celery workers on a database and a broker of their own, which a test may kill."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from celery import Celery

from mlops_server import embedded, processes
from tests import databases, live

STALE_SECONDS = 6


@dataclass
class Crew:
    """Workers by number; each is a process group of its own, with its pool and the fits in it."""

    environment: dict[str, str]
    folder: Path
    broker: Celery
    running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, number: int) -> None:
        """One task at a time, as a worker on a machine of its own."""
        command = [sys.executable, "-m", "celery", "-A", "mlops_server", "worker", "--queues", "default"]
        options = f"--concurrency 1 --without-mingle --without-gossip --without-heartbeat --hostname w{number}@here"
        with (self.folder / f"worker{number}.log").open("ab") as log:
            self.running[number] = subprocess.Popen(
                [*command, *options.split()],
                env=self.environment,
                cwd=processes.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, number: int) -> None:
        """As a machine that loses its power: everything of the worker at once."""
        process = self.running.pop(number)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def send(self, task: str, *arguments: str) -> None:
        self.broker.send_task(task, args=list(arguments), queue="default", ignore_result=True)

    def until(self, done: Callable[[], bool], *, seconds: float) -> None:
        """Wait, with a sweep every second as beat sends it."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                logs = [path.read_text()[-3000:] for path in sorted(self.folder.glob("worker*.log"))]
                raise AssertionError("It took too long:\n" + "\n".join(logs))
            self.send("workers.sweep")
            time.sleep(1)

    def unlucky(self, count: int) -> list[int]:
        return random.sample(sorted(self.running), count)


@contextlib.contextmanager
def crew(folder: Path, *, workers: int, **settings: str) -> Iterator[Crew]:
    """So many workers as long as the block; Django's connection goes to their database."""
    database = databases.clone()
    with embedded.valkey(folder / "valkey", durable=False) as address:
        environment = {
            **processes.environment(os.environ, var=folder),
            "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
            "DATABASE_URL": databases.url(database),
            "REDIS_URL": address,
            "JOB_STALE_SECONDS": str(STALE_SECONDS),
            **settings,
        }
        live._share_sealing_key(folder / "keys")
        with Celery(broker=address.replace("unix://", "redis+socket://", 1)) as broker:
            made = Crew(environment, folder, broker)
            try:
                for number in range(workers):
                    made.start(number)
                with databases.used(database):
                    yield made
            finally:
                for number in list(made.running):
                    made.kill(number)
                databases.drop(database)
