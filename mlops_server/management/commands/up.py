"""Run the whole stack on this machine until Ctrl-C; on the first start with the demo."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import dj_database_url
import psutil
from django.core.management import BaseCommand, call_command
from django.db import connection

from mlops_server import embedded, errors, processes, stack
from mlops_server.management.commands import credentials

READY_SECONDS = 90
ALIBI = (
    "And the worker for alibi-detect, whose licence, the Business Source License 1.1, allows no production use without "
    "its vendor's leave: docs/detectors.md."
)


class Stopped(BaseException):
    """Ctrl-C, or a request to end: not an error, so nothing that handles errors may catch it."""


class Command(BaseCommand):
    help = "Run web, worker, beat and sequencer, and PostgreSQL and Valkey where no URL is set, until Ctrl-C."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="Do not run the demo on the first start.")

    def handle(self, *, no_demo: bool, **options: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            self.run(with_demo=not no_demo)
        except Stopped:
            self.say("Everything has stopped; the data is kept.")
        except errors.StartError as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def run(self, *, with_demo: bool) -> None:
        var, port = Path(os.environ["VAR_DIR"]).resolve(), _port()
        servers = processes.embedded_servers(os.environ)
        check(var, port, servers)
        self.say(f"Starting {' and '.join(server.name for server in servers) or 'with the servers of the URLs'} ...")
        with stack.running(var=var, port=port, servers=servers) as local:
            local.wait_for_servers(servers)
            with connected_to(processes.database_url("migrate", os.environ)):
                call_command("migrate", interactive=False, verbosity=0)
            self.say("The database is up to date. Starting web, worker, beat and sequencer ...")
            if processes.alibi():
                self.say(ALIBI)
            local.start_application()
            if not local.wait_until_ready(seconds=READY_SECONDS):
                raise errors.StartError(f"The server did not get ready; {var / 'log'} says why, web.log first.")
            self.say(signing_in(var, port))
            if with_demo and not (var / "demo-done").exists():
                self.demo(local)
            self.watch(local)

    def demo(self, local: stack.Stack) -> None:
        """In a session of its own, so that Ctrl-C reaches this process alone and the order stays ours."""
        demo = subprocess.Popen(
            [sys.executable, str(processes.BASE_DIR / "manage.py"), "demo", "--url", address(local.port)],
            env={**processes.environment(os.environ, var=local.var), "LOG_LEVEL": "WARNING"},
            start_new_session=True,
        )
        try:
            failed = demo.wait()
        finally:
            demo.terminate()
            demo.wait()
        if failed:
            self.say(f"The demo ended early (code {failed}); the server goes on, and the next start tries it again.")
        self.say(signing_in(local.var, local.port))

    def watch(self, local: stack.Stack) -> None:
        """Return never: either a signal ends it, or the supervisor does."""
        while local.supervisor.poll() is None:
            time.sleep(1)
        raise errors.StartError(f"The supervisor ended (code {local.supervisor.returncode}); start again.")

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


@contextlib.contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Django's connection goes to another address as long as the block: a process of its own would take seconds."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict |= dj_database_url.parse(url)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict |= before


def check(var: Path, port: int, servers: list[embedded.Server]) -> None:
    """Refuse at once what would fail later and less clearly."""
    if process := stack.running_supervisor(var):
        raise errors.StartError(f"The stack of {var} already runs (process {process}): end it with `kill {process}`.")
    try:
        var.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=var).close()
    except OSError as error:
        raise processes.not_writable(var, error) from error
    stack.end_leftovers(var, servers)
    _check_port(port)


def signing_in(var: Path, port: int) -> str:
    """The block that tells where the server is and who may enter."""
    lines = [
        "",
        f"  The server     {address(port)}/",
        f"  Admin          {address(port)}/admin/",
        f"  REST           {address(port)}/api/docs/",
        f"  Logs           {var / 'log'}",
        "",
    ]
    if accounts := credentials.read(var):
        lines += [f"  {line}" for line in credentials.table(accounts)]
        lines += ["", f"  {credentials.HINT}"]
        lines += ["  `make credentials` shows these again. Ctrl-C stops everything.", ""]
    return "\n".join(lines)


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _port() -> int:
    text = os.environ.get("PORT", "8000")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise errors.StartError(f"PORT is {text!r}, which is no port: set it to a number from 1 to 65535.")
    return int(text)


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # As the server does: closed connections may linger.
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise errors.StartError(f"Port {port} needs privileges: choose another, `PORT=8001 make run`.") from error
        except OSError as error:
            remedy = f"stop it, or choose another port: `PORT={port + 1} make run`"
            raise errors.StartError(f"Port {port} is taken by {_holder(port)}: {remedy}.") from error


def _holder(port: int) -> str:
    """Who listens there, as far as this user may know."""
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            at = connection.laddr
            if connection.status == psutil.CONN_LISTEN and at and at.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    return "another process"


def _stop(number: int, frame: FrameType | None) -> None:
    """The first signal starts the end; later ones must not cut it short."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped
