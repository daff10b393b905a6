"""The stack's processes: the command of each, its environment, and the supervisor's configuration for one machine."""

import multiprocessing
import os
import secrets
import shlex
import signal
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from audit.database import grants
from mlops_server import embedded, errors, folders

BASE_DIR = Path(__file__).resolve().parent.parent

# Where `make alibi` puts the environment of the worker for alibi-detect; the stamp says that it is complete.
ALIBI = BASE_DIR / ".venv-alibi"

# In the environment of the application's processes: which folder's stack they belong to.
MARK = "MLOPS_STACK"

# One numeric thread a process: the parallelism is in the processes, and two thread pools on two cores only fight.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
}

# Who works in the database under a role of its own, and the variable with its address; `up` alone may read them all.
OWN_ADDRESS = {
    "archive_log": "MIGRATOR_DATABASE_URL",
    "backup": "MIGRATOR_DATABASE_URL",
    "migrate": "MIGRATOR_DATABASE_URL",
    "publish": "SEQUENCER_DATABASE_URL",
    "restore": "MIGRATOR_DATABASE_URL",
    "resume_log": "MIGRATOR_DATABASE_URL",
    "rotate_log_key": "MIGRATOR_DATABASE_URL",
    "rotate_sealing_key": "MIGRATOR_DATABASE_URL",
    "sequencer": "SEQUENCER_DATABASE_URL",
}

# How long each may take to leave. The worker returns a long task to the queue instead of finishing it.
STOP_SECONDS = {"web": 15, "worker": 30, "beat": 10, "sequencer": 15, "alibi": 15, "postgres": 60, "valkey": 30}


def commands(*, port: int) -> dict[str, list[str]]:
    """Every process of the application, by name; `deploy/` runs the same ones as containers."""
    celery = [sys.executable, "-m", "celery", "-A", "mlops_server"]
    work = "worker --queues default --concurrency 2 --without-mingle --without-gossip --loglevel INFO"
    schedule = "beat --scheduler django_celery_beat.schedulers:DatabaseScheduler --loglevel INFO"
    return {
        "web": web(port=port),
        "worker": [*celery, *work.split()],
        "beat": [*celery, *schedule.split()],
        "sequencer": [sys.executable, str(BASE_DIR / "manage.py"), "sequencer"],
        **alibi(),
    }


def alibi() -> dict[str, list[str]]:
    """The worker for alibi-detect, where its environment was made; one child, replaced now and then for its memory."""
    if not (ALIBI / ".stamp").exists():
        return {}
    celery = [str(ALIBI / "bin" / "python"), "-m", "celery", "-A", "workers.alibi.worker"]
    work = "worker --queues alibi --concurrency 1 --max-tasks-per-child 100 --without-mingle --without-gossip"
    return {"alibi": [*celery, *work.split(), "--loglevel", "INFO"]}


def web(*, port: int) -> list[str]:
    """Two worker processes, replaced when they die; ten seconds for the requests in flight at the end."""
    options = (
        f"--interface wsgi --workers 2 --blocking-threads 4 --no-ws --host 127.0.0.1 --port {port} "
        "--respawn-failed-workers --workers-kill-timeout 10"
    )
    return [sys.executable, "-m", "granian", *options.split(), "mlops_server.wsgi:application"]


def environment(base: Mapping[str, str], *, var: Path) -> dict[str, str]:
    """What every process gets; a value that is already set stays, but for the addresses of other processes."""
    ours = {
        **ONE_THREAD,
        "DJANGO_SETTINGS_MODULE": "mlops_server.settings",
        "MALLOC_ARENA_MAX": "2",
        "NUMBA_CACHE_DIR": str(var / "numba"),
        "PYTHONUNBUFFERED": "1",
        # Celery's TERM waits for the longest training run; its QUIT waits a little and puts the tasks back.
        "REMAP_SIGTERM": "SIGQUIT",
    }
    shared = {name: value for name, value in base.items() if name not in OWN_ADDRESS.values()}
    return {**ours, **shared, "VAR_DIR": str(var)}


def leave_with_parent() -> None:
    """For granian's workers: end when the main process is killed, or they keep the port beside their successors."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        # Its number from the fork, not from now: it may already be gone while this process still imports.
        while os.getppid() == parent.pid:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()


def fill_environment(variables: MutableMapping[str, str]) -> None:
    """One machine: point what is not set at the embedded servers and at a secret of its own under VAR_DIR.

    With both URLs set nothing is made up: a production start without SECRET_KEY has to fail.
    """
    var = Path(variables.setdefault("VAR_DIR", str(BASE_DIR / "var"))).resolve()
    if "DATABASE_URL" in variables and "REDIS_URL" in variables:
        return
    if "DATABASE_URL" not in variables:
        variables.update(database_urls(embedded.Postgres(var / "postgres")))
    variables.setdefault("REDIS_URL", embedded.Valkey(var / "valkey").url())
    if "SECRET_KEY" not in variables:
        variables["SECRET_KEY"] = _secret_key(var)


def database_urls(server: embedded.Postgres, database: str = embedded.DATABASE) -> dict[str, str]:
    """One process, one role: the sequencer and the migration have an address of their own."""
    return {
        "DATABASE_URL": server.url(database),
        OWN_ADDRESS["sequencer"]: server.url(database, role=grants.SEQUENCER),
        OWN_ADDRESS["migrate"]: server.url(database, role=grants.MIGRATOR),
    }


def database_url(name: str, variables: Mapping[str, str]) -> str:
    """Where a process or command works, and as whom; with one address for all, they share one role."""
    return variables.get(OWN_ADDRESS.get(name, ""), variables["DATABASE_URL"])


def embedded_servers(variables: Mapping[str, str]) -> list[embedded.Server]:
    """Those of PostgreSQL and Valkey that the URLs in `variables` ask this machine to run itself."""
    var = Path(variables["VAR_DIR"]).resolve()
    postgres, valkey = embedded.Postgres(var / "postgres"), embedded.Valkey(var / "valkey")
    servers: list[embedded.Server] = []
    if variables["DATABASE_URL"] == postgres.url():
        servers.append(postgres)
    if variables["REDIS_URL"] == valkey.url():
        servers.append(valkey)
    return servers


def supervisor_configuration(
    *, var: Path, port: int, servers: list[embedded.Server], variables: Mapping[str, str]
) -> str:
    """For supervisord: servers start first and stop last; the application waits until it is told to start."""
    password = secrets.token_urlsafe(16)
    sections = [_supervisor_section(var, password)]
    for server in servers:
        options = {
            "directory": str(server.folder),
            "user": server.user,
            "environment": f'{MARK}=""',
            "stopsignal": server.stop_signal.name.removeprefix("SIG"),
            "priority": 1,
        }
        sections.append(_program(server.name, server.command, var, options))
    programs = commands(port=port)
    for name, command in programs.items():
        sections.append(_program(name, command, var, {"autostart": "false", "environment": _own(name, var, variables)}))
    sections.append(_section("group:application", {"programs": ",".join(programs), "priority": 10}))
    return "\n".join(sections)


def _own(name: str, var: Path, variables: Mapping[str, str]) -> str:
    """What this process alone gets, as supervisord writes it. The code of others learns no address and no secret."""
    if name == "alibi":
        artifacts = variables.get("ARTIFACT_URL") or f"file://{var.resolve()}/artifacts"
        return f'ARTIFACT_URL="{artifacts}",DATABASE_URL="",SECRET_KEY=""'
    return f'DATABASE_URL="{database_url(name, variables)}"'


def control_folder(var: Path) -> Path:
    """Where the supervisor's socket is; only its user can reach it."""
    return folders.for_socket(var / "control")


def _supervisor_section(var: Path, password: str) -> str:
    socket = control_folder(var) / "supervisor.sock"
    account = {"username": "stack", "password": password}
    supervisord = {
        "nodaemon": "true",
        "user": "root" if os.geteuid() == 0 else None,
        "logfile": str(var / "log" / "supervisor.log"),
        "pidfile": str(var / "supervisord.pid"),
        "loglevel": "warn",
        "directory": str(BASE_DIR),
    }
    return "\n".join(
        [
            _section("supervisord", supervisord),
            _section("unix_http_server", {"file": str(socket), **account}),
            _section("supervisorctl", {"serverurl": f"unix://{socket}", **account}),
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n",
        ]
    )


def _program(name: str, command: list[str], var: Path, options: Mapping[str, object]) -> str:
    settings: dict[str, object] = {
        "command": shlex.join(command),
        "directory": str(BASE_DIR),
        "stdout_logfile": str(var / "log" / f"{name}.log"),
        "stdout_logfile_maxbytes": "20MB",
        "stdout_logfile_backups": 2,
        "redirect_stderr": "true",
        "autorestart": "true",
        "startsecs": 1,
        "startretries": 10,
        "stopwaitsecs": STOP_SECONDS[name],
        # A last KILL goes to the children too; the polite signal only to the process that knows what to do with it.
        "killasgroup": "true",
    }
    return _section(f"program:{name}", {**settings, **options})


def _section(name: str, options: Mapping[str, object]) -> str:
    lines = [f"{key} = {str(value).replace('%', '%%')}" for key, value in options.items() if value is not None]
    return "\n".join([f"[{name}]", *lines, ""])


def not_writable(var: Path, error: OSError) -> errors.StartError:
    return errors.StartError(f"The folder {var} cannot be written ({error.strerror}): set VAR_DIR to another.")


def _secret_key(var: Path) -> str:
    """The secret of this installation, made once and readable by its owner alone."""
    path = var / "secret-key"
    try:
        if not path.exists():
            var.mkdir(parents=True, exist_ok=True)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
        return path.read_text()
    except OSError as error:
        raise not_writable(var, error) from error
