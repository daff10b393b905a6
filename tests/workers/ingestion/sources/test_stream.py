"""A stream as a source: batches fixed by their ids, pending until kept, taken over from readers that died."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as django

from workers.ingestion import sources
from workers.ingestion.errors import FileMalformed, SourceInvalid, SourceRefused, SourceUnreachable
from workers.ingestion.sources.reading import Bounds, Delivered

KEY = "source:applications"


@pytest.fixture
def stream() -> Iterator[redis.Redis]:
    """The broker of the tests, with an empty stream."""
    with redis.Redis.from_url(django.REDIS_URL) as client:
        client.delete(KEY)
        yield client
        client.delete(KEY)


def settings(**changed: Any) -> dict[str, Any]:
    return {"host": django.REDIS_URL.removeprefix("unix://"), "key": KEY, **changed}


def fill(stream: redis.Redis, *numbers: int) -> None:
    for number in numbers:
        stream.xadd(KEY, {"n": str(number)})


def plan(bounds: Bounds, before: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """A position as an ingestion would hold it."""
    position = {"before": before or {}}
    return {**position, "batch": sources.plan("stream", settings(**changed), {}, position, bounds)}


def read(position: dict[str, Any], into: Path, bounds: Bounds, **changed: Any) -> Delivered:
    return sources.fetch("stream", settings(**changed), {}, position, into, bounds)


def numbers(found: Delivered) -> list[int]:
    return [int(json.loads(line)["n"]) for path in found.paths for line in path.read_text().splitlines()]


def pending(stream: redis.Redis) -> int:
    return int(stream.xpending(KEY, "mlops")["pending"])


def test_batch_is_what_was_there_when_it_was_planned(stream: redis.Redis, tmp_path: Path, bounds: Bounds) -> None:
    fill(stream, 1, 2)
    planned = plan(bounds)
    fill(stream, 3)
    first = read(planned, tmp_path, bounds)
    assert (numbers(first), pending(stream)) == ([1, 2], 2)
    assert numbers(read(planned, tmp_path, bounds)) == [1, 2]
    assert numbers(read(plan(bounds, first.position), tmp_path, bounds)) == [3]


def test_entries_are_pending_until_they_are_acknowledged(stream: redis.Redis, tmp_path: Path, bounds: Bounds) -> None:
    fill(stream, 1, 2, 3)
    first = read(plan(bounds, batch=2), tmp_path, bounds)
    waiting = pending(stream)
    sources.acknowledge("stream", settings(), {}, {"before": first.position}, bounds)
    assert (waiting, pending(stream)) == (2, 0)


def test_stream_without_new_entries_has_no_plan(stream: redis.Redis, tmp_path: Path, bounds: Bounds) -> None:
    assert plan(bounds)["batch"] is None
    fill(stream, 1)
    first = read(plan(bounds), tmp_path, bounds)
    assert (plan(bounds, first.position)["batch"], pending(stream)) == (None, 0)


def test_entries_that_another_reader_left_pending_are_read(stream: redis.Redis, tmp_path: Path, bounds: Bounds) -> None:
    fill(stream, 1, 2)
    stream.xgroup_create(KEY, "mlops", id="0")
    stream.xreadgroup("mlops", "somebody who died", {KEY: ">"}, count=1)
    found = read(plan(bounds), tmp_path, bounds)
    owners = {one["name"]: one["pending"] for one in stream.xinfo_consumers(KEY, "mlops")}
    assert (numbers(found), owners) == ([1, 2], {b"reader": 2, b"somebody who died": 0})


def test_more_entries_than_fit_into_one_batch_are_read_in_order(
    stream: redis.Redis, tmp_path: Path, bounds: Bounds
) -> None:
    with stream.pipeline() as together:
        for number in range(2500):
            together.xadd(KEY, {"n": str(number)})
        together.execute()
    position, found = dict[str, Any](), list[int]()
    while (planned := plan(bounds, position, batch=1100))["batch"] is not None:
        delivered = read(planned, tmp_path, bounds)
        found += numbers(delivered)
        position = delivered.position
    assert (found, pending(stream)) == (list(range(2500)), 0)


def test_start_at_new_leaves_out_what_was_there(stream: redis.Redis, tmp_path: Path, bounds: Bounds) -> None:
    fill(stream, 1, 2)
    assert plan(bounds, start="new")["batch"] is None
    fill(stream, 3)
    plan(bounds, start="new")  # of which a crash left nothing but entries that are pending
    assert numbers(read(plan(bounds, start="new"), tmp_path, bounds)) == [3]


def test_row_in_a_field_is_read_as_json(stream: redis.Redis, tmp_path: Path, bounds: Bounds) -> None:
    stream.xadd(KEY, {"row": '{"n": 7, "name": "ü"}'})
    assert numbers(read(plan(bounds), tmp_path, bounds, field="row")) == [7]
    stream.xadd(KEY, {"row": "no json, but personal"})
    with pytest.raises(FileMalformed, match="is no row") as refused:
        read(plan(bounds), tmp_path, bounds, field="row")
    assert "personal" not in str(refused.value)


def test_entries_that_were_trimmed_before_they_were_read_are_missed(
    stream: redis.Redis, tmp_path: Path, bounds: Bounds
) -> None:
    fill(stream, 1, 2, 3)
    planned = plan(bounds)
    stream.xtrim(KEY, maxlen=1, approximate=False)
    with pytest.raises(SourceUnreachable, match="has 1 of the 3 entries"):
        read(planned, tmp_path, bounds)
    assert numbers(read(plan(bounds), tmp_path, bounds)) == [3]


def test_host_that_is_not_allowed_is_refused(bounds: Bounds) -> None:
    for host in ("10.0.0.1", "/var/run/redis.sock"):
        with pytest.raises(SourceRefused):
            plan(bounds, host=host)


def test_settings_that_cannot_work_are_named() -> None:
    with pytest.raises(SourceInvalid, match="Name both"):
        sources.check("stream", settings(group=""), {})
    with pytest.raises(SourceInvalid, match=r"Expected `int` >= 1 - at `\$.batch`"):
        sources.check("stream", settings(batch=0), {})
