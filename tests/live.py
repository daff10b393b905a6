"""The whole stack for an end-to-end test: the real processes, on a database and a broker of their own."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from audit.sealed import installation_key
from mlops_server import embedded, processes
from tests import databases

READY_SECONDS = 60


@dataclass
class Stack:
    """Running processes by name (web, worker, beat, sequencer); what a test starts, kills and asks."""

    port: int
    database: str
    environment: dict[str, str]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *names: str) -> None:
        commands = processes.commands(port=self.port)
        for name in names:
            with self.log(name).open("ab") as log:
                environment = {**self.environment, "DATABASE_URL": self.address(name)}
                self.running[name] = subprocess.Popen(
                    commands[name], env=environment, cwd=processes.BASE_DIR, stdout=log, stderr=log
                )

    def address(self, name: str) -> str:
        """Where a process works, in its own role."""
        return processes.database_url(name, processes.database_urls(databases.SERVER, self.database))

    def kill(self, name: str) -> None:
        """As an out-of-memory kill does it: without a word."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def stop(self, *names: str) -> None:
        """As the supervisor does it: each gets its signal, and the time it may take to leave."""
        for name in names:
            self.running[name].terminate()
        for name in names:
            process = self.running.pop(name)
            try:
                process.wait(processes.STOP_SECONDS[name])
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while self._status("/readyz") != http.HTTPStatus.OK:
            if time.monotonic() > deadline or self.running["web"].poll() is not None:
                raise AssertionError(f"The stack did not get ready:\n{self.log('web').read_text()[-4000:]}")
            time.sleep(0.1)

    def manage(self, *arguments: str) -> str:
        """What a management command prints."""
        command = [sys.executable, str(processes.BASE_DIR / "manage.py"), *arguments]
        environment = {**self.environment, "DATABASE_URL": self.address(arguments[0])}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (
            f"{arguments[0]} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}"
        )
        return done.stdout

    def execute(self, statement: LiteralString, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of the stack's database, past the application."""
        with psycopg.connect(self.environment["DATABASE_URL"], autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def _status(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


@contextlib.contextmanager
def stack(folder: Path, *names: str) -> Iterator[Stack]:
    """Run these processes as long as the block, in a clone of the migrated template."""
    database, port = databases.clone(), free_port()
    with embedded.valkey(folder / "valkey", durable=False) as broker:
        settings = {
            "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
            "DATABASE_URL": databases.url(database),
            "REDIS_URL": broker,
            "PORT": str(port),
        }
        live = Stack(port, database, {**processes.environment(os.environ, var=folder), **settings}, folder)
        _share_sealing_key(folder / "keys")
        try:
            live.start(*names)
            live.wait_until_ready()
            yield live
        finally:
            live.stop(*live.running)
            databases.drop(database)


def _share_sealing_key(keys: Path) -> None:
    """What a test seals in its own process, the stack's processes must be able to read."""
    keys.mkdir(mode=0o700)
    with open(os.open(keys / installation_key.CURRENT, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(installation_key.current())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
