"""A log with an outside of its own: its folder, its keys, witnesses, and a database that can be taken back in time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection, transaction

from audit import actors, log
from audit.database import grants
from audit.log_events import LogExported
from audit.outside import publisher
from audit.signing import rotation, sequencer
from audit.tlog import note, verify, witness
from tests import databases
from tests.audit.tlog import examples

ACTOR = actors.system("test")


def happen(count: int = 1) -> None:
    """Commit that many events."""
    for number in range(count):
        with transaction.atomic():
            log.record(
                LogExported(format="jsonl", first=number, end=number + 1),
                subject=log.Subject("log", "test"),
                actor=ACTOR,
            )


def place(limit: int = sequencer.BATCH) -> int:
    """One round with the keys that are due; the tree's size after it."""
    with databases.acting_as(grants.SEQUENCER):
        rotation.open_log()
        signers = rotation.signers()
        return sequencer.sequence(*signers, origin=signers[0].verifier.name, limit=limit).size


def publish() -> publisher.Published:
    with databases.acting_as(grants.SEQUENCER):
        return publisher.publish()


def verified(folder: Path) -> list[str]:
    """What the verifier finds in a published folder."""
    report = verify.verify_directory(folder, rotation.verifiers())
    return [str(finding) for finding in report.findings]


@contextmanager
def back_in_time() -> Iterator[None]:
    """At the end of the block the database is as it was at the beginning: a backup was restored."""
    name = connection.settings_dict["NAME"]
    backup = f"{name}_backup_{next(databases.numbers)}"
    _administrate(f'CREATE DATABASE "{backup}" TEMPLATE "{name}" OWNER {grants.OWNER}')
    yield
    _administrate(f'DROP DATABASE "{name}" WITH (FORCE)', f'ALTER DATABASE "{backup}" RENAME TO "{name}"')


@contextmanager
def witnessing(folder: Path, *names: str) -> Iterator[dict[str, str]]:
    """Witnesses of this process's own; yields the policy line of each."""
    servers, lines = [], {}
    for name in names:
        logs = rotation.verifiers()
        own = witness.Witness(folder / name, f"witness.example.org/{name}", examples.key(name), logs)
        server = witness.Server(("127.0.0.1", 0), own)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        servers.append(server)
        lines[name] = f"witness {name} {own.vkey} http://127.0.0.1:{server.server_port}"
    try:
        yield lines
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


def policy(folder: Path, lines: list[str], quorum: str) -> Path:
    path = folder / "policy"
    path.write_text("\n".join([*lines, *quorum.split("; "), ""]))
    return path


def known(name: str) -> note.Verifier:
    return note.Cosigner(f"witness.example.org/{name}", examples.key(name), time=0).verifier


def _administrate(*statements: str) -> None:
    connection.close()
    with databases.superuser("postgres") as administrator:
        for statement in statements:
            administrator.execute(statement.encode())
