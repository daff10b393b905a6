"""A stream becomes versions, each entry in exactly one of them, wherever its reader is killed."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
import redis
from django.conf import settings as django
from pytest_django import Settings

from registry import artifacts
from registry.models import DatasetVersion, DataSource, Ingestion
from registry.services import jobs, sources
from tests import factories, recorded
from tests.factories import acting
from tests.workers.tasks import consumer

KEY = "killed:applications"


@pytest.fixture
def stream() -> Iterator[Any]:
    """The broker of the tests, with an empty stream."""
    with redis.Redis.from_url(django.REDIS_URL) as client:
        client.delete(KEY)
        yield client
        client.delete(KEY)


@pytest.fixture
def source(live_database: str, settings: Settings) -> DataSource:
    """The stream as a source, ten entries a batch; a worker that is killed counts as lost at once."""
    socket = django.REDIS_URL.removeprefix("unix://")
    settings.SOURCE_ROOTS, settings.JOB_STALE_SECONDS = [str(Path(socket).parent)], 0
    dataset = factories.dataset()
    told: dict[str, Any] = {"host": socket, "key": KEY, "batch": 10}
    by = acting(dataset.system.owner)
    return sources.register(dataset, name="stream", kind="stream", settings=told, interval_seconds=1, actor=by)


def fill(stream: Any, numbers: range) -> None:
    for number in numbers:
        stream.xadd(KEY, {"n": str(number)})


def versions() -> list[list[int]]:
    """What each version holds."""
    found = [artifacts.read(version.digest) for version in DatasetVersion.objects.order_by("number")]
    return [[int(n) for n in pa.parquet.read_table(pa.BufferReader(data))["n"].to_pylist()] for data in found]


@pytest.mark.parametrize("step", consumer.STEPS)
def test_reader_that_is_killed_loses_nothing_and_doubles_nothing(step: str, source: DataSource, stream: Any) -> None:
    fill(stream, range(15))
    assert consumer.consume(source, dies=step) == -signal.SIGKILL
    fill(stream, range(15, 25))
    assert consumer.consume(source) == 0
    assert [number for version in versions() for number in version] == list(range(25))
    assert set(Ingestion.objects.values_list("state", flat=True)) == {"succeeded"}
    last, _ = stream.xrevrange(KEY, count=1)[0]
    assert recorded.fresh(source).position == {"last": last.decode()}
    assert stream.xpending(KEY, "mlops")["pending"] == 0


def test_entries_whose_reader_was_killed_for_good_are_in_the_next_reading(source: DataSource, stream: Any) -> None:
    fill(stream, range(5))
    step = "in the transaction, position moved"
    assert [consumer.consume(source, dies=step) for _ in range(jobs.MAX_ATTEMPTS)] == [-signal.SIGKILL] * 3
    jobs.sweep(actor=factories.bootstrap())
    assert consumer.consume(source) == 0
    states = list(Ingestion.objects.order_by("pk").values_list("state", flat=True))
    assert (states, versions()) == (["failed", "succeeded"], [[0, 1, 2, 3, 4]])
