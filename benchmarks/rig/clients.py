"""Clients as the web process has them: processes with threads, each thread with a connection of its own."""

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import NamedTuple

import psutil

from benchmarks.rig import ready  # noqa: F401

# isort: split
from django.db import connection, transaction

from audit import log
from audit.actors import system
from benchmarks.rig.notes.models import NoteWritten
from benchmarks.rig.notes.writes import OPERATIONS, VARIANTS, Client
from registry.models import User

THREADS = 4  # as granian's two workers have
WARM = 20  # writes of each kind before anything is counted

Crew = list[Connection]


@contextlib.contextmanager
def crew(processes: int = 2) -> Iterator[Crew]:
    """That many processes, warm and waiting."""
    context = multiprocessing.get_context("spawn")
    ends, started = [], []
    for number in range(processes):
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, number), daemon=True)
        process.start()
        ends.append(here)
        started.append(process)
    for end in ends:
        end.recv()
    try:
        yield ends
    finally:
        for end in ends:
            end.send(None)
        for process in started:
            process.join()


class Work(NamedTuple):
    """What was done: writes, writes a second, and the processor seconds of clients and of their server processes."""

    writes: int
    rate: float
    client: float
    server: float

    def __add__(self, other: "Work") -> "Work":  # type: ignore[override]
        return Work(*(one + another for one, another in zip(self, other, strict=True)))


NOTHING = Work(0, 0.0, 0.0, 0.0)


def work(ends: Crew, clients: int, variant: str, operation: str, seconds: float) -> Work:
    """What one client does, or all of them at once: one, or THREADS for each process."""
    working, threads = (ends[:1], 1) if clients == 1 else (ends, clients // len(ends))
    for end in working:
        end.send((threads, variant, operation, seconds))
    return sum((end.recv() for end in working), NOTHING)


def _serve(parent: Connection, number: int) -> None:
    account = _account(f"client {number}")
    with ThreadPoolExecutor(THREADS) as pool:
        local, ready_together = threading.local(), threading.Barrier(THREADS)

        def warm() -> None:
            local.client = Client(account)
            for variant in VARIANTS.values():
                for write in OPERATIONS.values():
                    for _ in range(WARM):
                        write(variant, local.client)
            local.server = psutil.Process(connection.connection.info.backend_pid)
            ready_together.wait()  # so that each thread takes exactly one of these

        def measure(variant: str, operation: str, until: float) -> Work:
            done, started, own, server = 0, time.perf_counter(), time.thread_time(), _busy(local.server)
            while time.perf_counter() < until:
                OPERATIONS[operation](VARIANTS[variant], local.client)
                done += 1
            rate = done / (time.perf_counter() - started)
            return Work(done, rate, time.thread_time() - own, _busy(local.server) - server)

        for one in [pool.submit(warm) for _ in range(THREADS)]:
            one.result()
        parent.send("warm")
        while (order := parent.recv()) is not None:
            threads, variant, operation, seconds = order
            until = time.perf_counter() + seconds
            running = [pool.submit(measure, variant, operation, until) for _ in range(threads)]
            parent.send(sum((one.result() for one in running), NOTHING))


def _busy(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _account(name: str) -> User:
    with transaction.atomic():
        account = User.objects.create(username=name, kind=User.Kind.PERSON)
        log.record(NoteWritten(title=name, state="new"), subject=account, actor=system("benchmark"))
    return account
