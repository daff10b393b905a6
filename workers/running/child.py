"""A process of its own for a fit: it knows no database, and speaks to its parent alone.

So a limit stops the fit and not the worker, memory is given back whole, and two fits never share a library's state.
"""

import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from workers.ingestion.errors import IngestionError
from workers.pipelines.errors import PipelineError

#: Errors that are no defects: they travel by class, cause and remedy.
REFUSALS = (IngestionError, PipelineError)


@dataclass(frozen=True, slots=True)
class Parent:
    """What the child may ask of the worker that started it; the answer is awaited."""

    connection: Connection

    def ask(self, name: str, *arguments: Any) -> Any:
        self.connection.send(("ask", name, arguments))
        return self.connection.recv()


@dataclass(frozen=True, slots=True)
class Answer:
    """How the child ended: with a result, with a refusal, or with a defect; and what it took."""

    result: Any = None
    refusal: tuple[type[Exception], str, str] | None = None
    defect: str = ""
    cpu_seconds: float = 0.0
    memory_peak_bytes: int = 0


def main() -> None:
    """Do the one thing that the parent says first, and end."""
    _leave_with_parent()
    connection = Connection(int(sys.argv[1]))
    work, arguments = connection.recv()
    connection.send(("end", _answer(work, Parent(connection), arguments)))


def _answer(work: str, parent: Parent, arguments: dict[str, Any]) -> Answer:
    try:
        return Answer(result=resolve_name(work)(parent, **arguments), **_taken())
    except REFUSALS as error:
        return Answer(refusal=(type(error), error.detail, error.remedy), **_taken())
    except Exception as error:  # noqa: BLE001  # whatever it was, the parent must hear of it
        traceback.print_exc()
        return Answer(defect=f"{type(error).__name__}: {error}", **_taken())


def _taken() -> dict[str, Any]:
    times = os.times()
    return {"cpu_seconds": times.user + times.system, "memory_peak_bytes": _peak()}


def _peak() -> int:
    """Linux keeps the most that this program ever held; elsewhere the parent's looks must do."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def _leave_with_parent() -> None:
    """End when the worker is killed: nobody is left to take the result, and the machine has other work."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()
