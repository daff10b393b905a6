"""Worker processes: order, laziness, errors, and a death that nobody overlooks."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.tlog import parallel, sources
from audit.tlog.errors import IncompleteError, TileError
from audit.tlog.logcheck import Question
from audit.tlog.trust import Trust
from audit.tlog.verify import verify_log
from tests.audit.tlog import examples
from tests.audit.tlog.examples import LOG


def double(number: int) -> int:
    if number == 77:
        raise TileError("The tile of 77 is wrong.")
    if number == 99:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


class Deadly(sources.Directory):
    """A directory whose last bundle kills the process that reads it."""

    def read(self, path: str) -> bytes | None:
        """Read, or die."""
        if path.startswith("tile/entries/065"):
            os.kill(os.getpid(), signal.SIGKILL)
        return sources.Directory.read(self, path)


@pytest.fixture(name="log", scope="module")
def _log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    examples.publish(folder, [examples.entry(number) for number in range(16_700)])
    return folder


@pytest.mark.parametrize("method", [parallel.SPAWN, parallel.FORK])
def test_results_come_in_the_order_of_the_tasks(method: str) -> None:
    assert list(parallel.in_order(double, range(60), jobs=2, method=method)) == list(range(0, 120, 2))


@pytest.mark.parametrize(("jobs", "taken"), [(1, 1), (2, 8)])
def test_tasks_without_end_are_taken_only_as_they_are_needed(jobs: int, taken: int) -> None:
    count = itertools.count()
    results = parallel.in_order(double, count, jobs=jobs, method=parallel.FORK)
    assert (next(results), next(count)) == (0, taken)
    assert isinstance(results, Iterator)
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("jobs", [1, 2])
def test_task_that_raises_raises_here(jobs: int) -> None:
    with pytest.raises(TileError, match="The tile of 77 is wrong"):
        list(parallel.in_order(double, [1, 77, 2], jobs=jobs, method=parallel.FORK))


@pytest.mark.parametrize("method", [parallel.SPAWN, parallel.FORK])
def test_worker_that_is_killed_ends_everything(method: str) -> None:
    with pytest.raises(IncompleteError, match="A worker process died before it had answered"):
        list(parallel.in_order(double, [1, 99, *range(20)], jobs=2, method=method))


@pytest.mark.parametrize("method", [parallel.SPAWN, parallel.FORK])
def test_log_checked_by_two_processes_gives_the_same_report_as_by_one(log: Path, method: str) -> None:
    (log / "tile/0/000").write_bytes(bytes(8192))
    (log / "tile/1/000.p/65").unlink(missing_ok=True)
    reports = [
        verify_log(sources.Directory(str(log)), Question(Trust((LOG.verifier,)), jobs=jobs, method=method))
        for jobs in (1, 2)
    ]
    assert reports[0] == reports[1]
    assert (len(reports[0].findings), reports[0].proven["entry"]) == (2, 16_700)


def test_log_whose_worker_is_killed_is_not_judged(log: Path) -> None:
    with pytest.raises(IncompleteError):
        verify_log(Deadly(str(log)), Question(Trust((LOG.verifier,)), jobs=2, method=parallel.FORK))
