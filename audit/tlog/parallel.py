"""Runs one function over many tasks in worker processes: results in order, memory flat, no death unnoticed."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from audit.tlog.errors import IncompleteError

SPAWN, FORK = "spawn", "fork"
_AHEAD = 4  # tasks a worker may be ahead of the reader
Task = TypeVar("Task")
Result = TypeVar("Result")


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    function: Callable[[Task], Result], tasks: Iterable[Task], *, jobs: int, method: str = SPAWN
) -> Iterator[Result]:
    """The result of each task, in the order of the tasks, of which no more are taken than the workers need.

    jobs: worker processes; with 1 everything happens in this one. The function and its tasks must be importable and
    picklable: workers are new interpreters. Only a program that has no threads and no connections may ask for FORK,
    which starts at once. Raises what the function raises, and IncompleteError if a worker dies.
    """
    if jobs <= 1:
        yield from map(function, tasks)
        return
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(method), initializer=_leave_interrupts)
    waiting: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(function, task))
            if len(waiting) >= _AHEAD * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as problem:
        raise IncompleteError("A worker process died before it had answered; try again, or with --jobs 1.") from problem
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; only the first one should answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
