"""The whole stack on one machine: a supervisor that restarts what dies, and that leaves nothing behind when it ends."""

import contextlib
import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from mlops_server import embedded, folders, processes

LEAVE_SECONDS = 10
STOP_SECONDS = 150  # The application, then the servers: the sum of what `processes` grants each.


@dataclass(frozen=True)
class Stack:
    """One supervisor, its programs, and the data folder they share."""

    var: Path
    port: int
    supervisor: subprocess.Popen[bytes]

    def wait_for_servers(self, servers: list[embedded.Server]) -> None:
        for server in servers:
            embedded.wait_until_ready(server, self.supervisor)
            if isinstance(server, embedded.Postgres):
                server.create_database()

    def start_application(self) -> None:
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(_configuration_path(self.var))]
        subprocess.run([*command, "start", "application:*"], stdout=subprocess.DEVNULL, check=False)

    def is_ready(self) -> bool:
        """Whether the web process answers that it, the database and the broker are fit for work."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_until_ready(self, *, seconds: int) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.supervisor.poll() is None:
            if self.is_ready():
                return True
            time.sleep(0.2)
        return False


@contextlib.contextmanager
def running(*, var: Path, port: int, servers: list[embedded.Server]) -> Iterator[Stack]:
    """Run the servers, and the application when it is told to start; every process has ended when the block has."""
    for server in servers:
        server.prepare()
    configuration = processes.supervisor_configuration(var=var, port=port, servers=servers, variables=os.environ)
    _write_configuration(var, configuration)
    environment = {**processes.environment(os.environ, var=var), processes.MARK: str(var)}
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(_configuration_path(var))]
    # A session of its own: Ctrl-C goes to the terminal's processes all at once, and here the order matters.
    supervisor = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        yield Stack(var, port, supervisor)
    finally:
        _stop(supervisor)
        end_leftovers(var, servers)


def end_leftovers(var: Path, servers: list[embedded.Server]) -> None:
    """End what a supervisor left that was itself killed: its processes still hold the port, the queues, the data."""
    leftovers = [process for process in psutil.process_iter() if _stack_of(process) == str(var)]
    for process in leftovers:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(leftovers, timeout=LEAVE_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    for server in servers:
        server.end_last_run()


def running_supervisor(var: Path) -> int | None:
    """The process number of this folder's supervisor, if it runs."""
    with contextlib.suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
        process = psutil.Process(int((var / "supervisord.pid").read_text()))
        if str(_configuration_path(var)) in process.cmdline():
            return int(process.pid)
    return None


def _configuration_path(var: Path) -> Path:
    return var / "supervisord.conf"


def _write_configuration(var: Path, text: str) -> None:
    """Readable by its owner alone: the supervisor's password is in it, and the database's."""
    (var / "log").mkdir(exist_ok=True)
    folders.private(processes.control_folder(var), None)
    with open(os.open(_configuration_path(var), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _stop(supervisor: subprocess.Popen[bytes]) -> None:
    supervisor.terminate()
    try:
        supervisor.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        supervisor.kill()
        supervisor.wait()


def _stack_of(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(processes.MARK)
        return mark
    except (psutil.Error, OSError):
        return None
