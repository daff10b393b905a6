"""Run a piece of work in a process of its own, watched: it may take so much time, processor and memory, and no more."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

import psutil
from django.conf import settings

from workers.pipelines.errors import PipelineError
from workers.running.child import Answer

LOOK_SECONDS, SIGN_SECONDS = 0.2, 1.0
#: One numeric thread, and one order of sets and dictionaries: sums made in another order are not the same bits.
ENVIRONMENT = {
    **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")},
    "PYTHONHASHSEED": "0",
}


class LimitExceeded(PipelineError):
    """The work took more than it was allowed; the detail names the limit and how much it was."""


class ChildLost(PipelineError):
    """The process of the work ended without a word: somebody or the system killed it."""


class ChildDefect(Exception):
    """The work met a defect of ours, which the log of the worker shows with its trace."""


@dataclass(frozen=True, slots=True)
class Limits:
    """At most this much; None where nothing is said."""

    seconds: float | None = None
    cpu_seconds: float | None = None
    memory_bytes: float | None = None


def limits(wanted: Mapping[str, float]) -> Limits:
    """What a run asked for, and never more than the server allows."""
    server = {
        "seconds": settings.TRAINING_MAX_SECONDS,
        "cpu_seconds": settings.TRAINING_MAX_CPU_SECONDS,
        "memory_bytes": settings.TRAINING_MAX_MEMORY_BYTES,
    }
    said = {name: [value for value in (wanted.get(name), most) if value] for name, most in server.items()}
    return Limits(**{name: min(values) for name, values in said.items() if values})


@dataclass(slots=True)
class Usage:
    """What the work has taken so far; the peak of memory is what was seen at the looks, or what the child says."""

    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    memory_peak_bytes: int = 0

    def look(self, process: psutil.Process) -> int:
        """Note what the process has taken; the bytes that it holds now."""
        self.seconds = time.monotonic() - self.began
        try:
            times, held = process.cpu_times(), process.memory_info().rss
        except psutil.NoSuchProcess:
            return 0
        self.cpu_seconds = times.user + times.system
        self.memory_peak_bytes = max(self.memory_peak_bytes, held)
        return held

    def document(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 3),
            "cpu_seconds": round(self.cpu_seconds, 3),
            "memory_peak_bytes": self.memory_peak_bytes,
        }


def run(
    work: str,
    arguments: Mapping[str, Any],
    *,
    serve: Mapping[str, Callable[..., Any]],
    sign: Callable[[], None],
    limits: Limits,
    usage: Usage,
) -> Any:
    """The result of work(parent, **arguments), done in another process.

    work: a function by its full name, so that its libraries load there only; its module knows no Django. serve: what
    the child may ask for, by name. sign: called every second; what it or a served function raises ends the child.
    usage: is kept up to date, also where this raises.
    Raises LimitExceeded, ChildLost, ChildDefect, and the refusals of the work itself.
    """
    ours, theirs = Pipe()
    # Not `-m`: its classes would be those of a module called __main__, which nobody else can read.
    command = [sys.executable, "-c", "from workers.running import child; child.main()", str(theirs.fileno())]
    environment = {**os.environ, **ENVIRONMENT}
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=settings.BASE_DIR, env=environment)
    theirs.close()
    try:
        ours.send((work, dict(arguments)))
        return _result(_converse(ours, process, serve, sign, limits, usage), usage)
    finally:
        process.kill()
        process.wait()
        ours.close()


def _converse(
    connection: Connection,
    process: subprocess.Popen[bytes],
    serve: Mapping[str, Callable[..., Any]],
    sign: Callable[[], None],
    limits: Limits,
    usage: Usage,
) -> Answer:
    """Answer what the child asks until it ends, and look after it meanwhile."""
    watched, signed = psutil.Process(process.pid), 0.0
    while True:
        _refuse_excess(limits, usage, usage.look(watched))
        if time.monotonic() - signed >= SIGN_SECONDS:
            sign()
            signed = time.monotonic()
        if not connection.poll(LOOK_SECONDS):
            continue
        try:
            kind, *said = connection.recv()
        except (EOFError, ConnectionResetError):
            raise _lost(process) from None
        if kind == "end":
            answer: Answer = said[0]
            return answer
        name, given = said
        connection.send(serve[name](*given))


def _result(answer: Answer, usage: Usage) -> Any:
    usage.seconds = time.monotonic() - usage.began
    usage.cpu_seconds = answer.cpu_seconds
    usage.memory_peak_bytes = max(usage.memory_peak_bytes, answer.memory_peak_bytes)
    if answer.refusal:
        kind, detail, remedy = answer.refusal
        raise kind(detail, remedy)
    if answer.defect:
        raise ChildDefect(answer.defect)
    return answer.result


def _refuse_excess(limits: Limits, usage: Usage, held: int) -> None:
    """Names the limit and how much it was."""
    for limit, taken, unit in (
        (limits.seconds, usage.seconds, "seconds of time"),
        (limits.cpu_seconds, usage.cpu_seconds, "seconds of processor time"),
    ):
        if limit is not None and taken > limit:
            raise LimitExceeded(
                f"It was stopped after {taken:,.1f} {unit}; {limit:,.1f} are allowed.",
                "Allow more, search less, or train on fewer rows.",
            )
    if limits.memory_bytes is not None and held > limits.memory_bytes:
        raise LimitExceeded(
            f"It was stopped when it held {held:,} bytes of memory; {limits.memory_bytes:,} are allowed.",
            "Allow more, or train on fewer rows or columns.",
        )


def _lost(process: subprocess.Popen[bytes]) -> ChildLost:
    code = process.wait()
    how = f"signal {-code}" if code < 0 else f"status {code}"
    return ChildLost(
        f"The process of the work ended with {how} and left no result.",
        "Look whether the machine was short of memory, then ask for it again.",
    )
