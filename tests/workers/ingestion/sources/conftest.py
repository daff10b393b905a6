"""A database at the source, with a table of its own."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import psycopg
import pytest

from mlops_server import embedded, folders
from tests.settings import POSTGRES_DIR, RUN_DIR
from workers.ingestion.sources.reading import Bounds

LOOPBACK = ip_network("127.0.0.0/8")


@pytest.fixture
def bounds(tmp_path: Any) -> Bounds:
    """Everything that tests read: this machine, the test's folder, the servers' sockets."""
    sockets = (str(folders.for_socket(POSTGRES_DIR.resolve())), str(RUN_DIR))
    return Bounds(roots=(str(tmp_path), *sockets), networks=[LOOPBACK])


@pytest.fixture
def source_database() -> Iterator[psycopg.Connection]:
    """A superuser's connection to an empty database that plays the source's part."""
    server = embedded.Postgres(POSTGRES_DIR)
    with psycopg.connect(server.url("postgres", role="postgres"), autocommit=True) as home:
        home.execute("DROP DATABASE IF EXISTS a_source")
        home.execute("CREATE DATABASE a_source")
        with psycopg.connect(server.url("a_source", role="postgres"), autocommit=True) as connection:
            yield connection
        home.execute("DROP DATABASE a_source WITH (FORCE)")
