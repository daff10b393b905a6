"""PostgreSQL with fsync, roles and tables as in production, and the sequencer beside it, as long as a block."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import psycopg

from audit.database import grants
from benchmarks.rig.settings import RUN_DIR, SERVER
from mlops_server import embedded

SUPERUSER = "postgres"
# Migrations install all others, but the benchmark's application has none.
TRIGGERS = [f"notes.OurNote:{name}" for name in ("audited", "not_emptied")]
TRIGGERS += [f"notes.PghistoryNote:{name}" for name in ("insert_insert", "update_update")]


@contextlib.contextmanager
def database(**settings: str) -> Iterator[None]:
    """A migrated database; its folder goes with it."""
    try:
        with embedded.running(SERVER):
            SERVER.create_database()
            for name, value in settings.items():
                connect(SUPERUSER).execute(f"ALTER SYSTEM SET {name} = {value}")
            connect(SUPERUSER).execute("SELECT pg_reload_conf()")
            # The tables of the benchmark's own application refer to those of the others.
            for options in ([], ["--run-syncdb"]):
                subprocess.run(command("migrate", "--verbosity", "0", *options), env=role(grants.MIGRATOR), check=True)
            install = command("pgtrigger", "install", *TRIGGERS)
            subprocess.run(install, env=role(grants.MIGRATOR), check=True, capture_output=True)
            yield
    finally:
        shutil.rmtree(RUN_DIR, ignore_errors=True)


@contextlib.contextmanager
def sequencer() -> Iterator[None]:
    """`manage.py sequencer`, which publishes too, as it always runs."""
    process = subprocess.Popen(command("sequencer"), env=role(grants.SEQUENCER))
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def connect(name: str = grants.APPLICATION) -> psycopg.Connection:
    """A connection of that role's; each statement commits."""
    return psycopg.connect(SERVER.url(role=name), autocommit=True)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "ignore", "-m", "django", *arguments]


def role(name: str) -> dict[str, str]:
    """The environment of a process that works in that role."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.rig.settings", "BENCH_ROLE": name}


def wait_until_idle() -> None:
    """Return when the sequencer has placed and published every event, so that it does not work beside the next."""
    with connect(SUPERUSER) as connection:
        while not _idle(connection):
            time.sleep(0.05)


def pending() -> int:
    """How many events have no place yet."""
    with connect() as connection:
        return int((connection.execute("SELECT count(*) FROM audit_pending").fetchone() or [0])[0])


def _idle(connection: psycopg.Connection) -> bool:
    pending, size = connection.execute(
        "SELECT EXISTS (SELECT FROM audit_pending), (SELECT max(size) FROM audit_checkpoint)"
    ).fetchone() or (True, 0)
    published = RUN_DIR / "var" / "published" / "checkpoint"
    return not pending and (not size or (published.exists() and published.read_text().split("\n")[1] == str(size)))
