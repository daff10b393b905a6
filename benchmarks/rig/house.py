"""The tests' house for benchmarks that need something to serve: importing this sets Django up on servers of its own."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.conf import settings  # noqa: E402

from mlops_server import embedded  # noqa: E402 - models can be imported once Django is set up
from tests import databases, live  # noqa: E402
from tests.settings import POSTGRES_DIR, RUN_DIR, WORKER_DIR  # noqa: E402


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A migrated database and a broker, to which Django's connection goes as long as the block."""
    with _servers(), databases.used(databases.clone()):
        yield


@contextlib.contextmanager
def stack(*names: str) -> Iterator[live.Stack]:
    """The same with the product's own processes beside it, which share its artifacts."""
    os.environ["ARTIFACT_URL"] = settings.ARTIFACT_URL
    with _servers(), live.stack(RUN_DIR / "stack", *names) as running, databases.used(running.database):
        yield running


@contextlib.contextmanager
def _servers() -> Iterator[None]:
    with contextlib.ExitStack() as leaving:
        leaving.callback(shutil.rmtree, RUN_DIR, ignore_errors=True)
        leaving.enter_context(embedded.postgres(POSTGRES_DIR, durable=False))
        leaving.enter_context(embedded.valkey(WORKER_DIR / "valkey", durable=False))
        yield
