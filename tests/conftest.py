"""Real parts for every test: PostgreSQL and Valkey, a database for each process, on request the whole stack."""

import contextlib
import shutil
import signal
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from mlops_server import embedded
from tests import alibi, databases, live
from tests.settings import POSTGRES_DIR, RUN_DIR

SERVERS = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """The first process owns the servers: a parallel one may be killed before it could end its own."""
    if hasattr(config, "workerinput"):
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # A cancelled run ends its servers too.
    servers = config.stash[SERVERS] = contextlib.ExitStack()
    config.add_cleanup(servers.close)
    servers.callback(shutil.rmtree, RUN_DIR)
    servers.enter_context(embedded.postgres(POSTGRES_DIR, durable=False))
    servers.enter_context(embedded.valkey(RUN_DIR / "main" / "valkey", durable=False))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A broker for each parallel process, before it starts; `tests.settings` knows where."""
    folder = RUN_DIR / node.workerinput["workerid"] / "valkey"
    node.config.stash[SERVERS].enter_context(embedded.valkey(folder, durable=False))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Instead of pytest-django's own: a copy of the migrated template, which goes with the server at the end."""
    # Open only while it is set up: a test that touches the database without asking for it must fail, not commit.
    with django_db_blocker.unblock():
        name = databases.clone()
    with databases.used(name):
        yield


@pytest.fixture
def live_database(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, settings: Settings, tmp_path: Path
) -> Iterator[str]:
    """A database of the test's own where commits are real, and that nothing outside remembers yet; its name.

    Not `transactional_db`: that one ends with TRUNCATE, which the audit log refuses.
    """
    settings.LOG_PUBLISH_DIR = tmp_path / "published"
    name = databases.clone()
    with django_db_blocker.unblock(), databases.used(name):
        yield name
    databases.drop(name)


@pytest.fixture(scope="module")
def stack(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[live.Stack]:
    """Web, worker and sequencer as processes, for a module's tests; Django's connection goes to their database."""
    with (
        django_db_blocker.unblock(),
        live.stack(tmp_path_factory.mktemp("stack"), "web", "worker", "sequencer") as running,
        databases.used(running.database),
    ):
        yield running


@pytest.fixture(scope="session")
def alibi_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[alibi.Worker]:
    """The worker for alibi-detect as a process of its own environment, once for all tests of a process."""
    with alibi.worker(tmp_path_factory.mktemp("alibi")) as running:
        yield running


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A Dask cluster of two processes, as of two machines; its address."""
    from distributed import LocalCluster  # nothing of Dask is loaded where no test asks for it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask's own, about its dashboard and its sockets
        with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as running:
            yield running.scheduler_address
