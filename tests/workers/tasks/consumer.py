"""A worker that reads a stream in a process of its own, and dies of SIGKILL at the step that a test names."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from types import ModuleType
from typing import Any

from django.db import connection

from registry.models import DataSource, Ingestion
from registry.services import datasets, jobs, sources
from workers.ingestion import deliver  # noqa: F401 - loaded once, before any child
from workers.ingestion.sources import stream
from workers.tasks import ingestion
from workers.tasks import sources as tasks

#: Where a reading can be cut: the function after, or before, which the process is gone.
STEPS: dict[str, tuple[ModuleType, str, str]] = {
    "before the ids are fixed": (stream, "plan", "before"),
    "with the ids claimed and no row": (stream, "plan", "after"),
    "with a row and no worker": (sources, "begin", "after"),
    "with a worker and nothing read": (jobs, "claim", "after"),
    "amid the entries": (stream, "_line", "after"),
    "with all entries read": (stream, "read", "after"),
    "in the transaction, position moved": (sources, "advance", "after"),
    "committed and not acknowledged": (datasets, "complete", "after"),
    "about to acknowledge": (stream, "acknowledge", "before"),
    "acknowledged": (stream, "acknowledge", "after"),
}


def consume(source: DataSource, *, dies: str = "") -> int | None:
    """Read the source until it holds nothing new, in a child; its exit code."""
    connection.close()
    child = multiprocessing.get_context("fork").Process(target=_work, args=(str(source.pk), dies))
    child.start()
    child.join()
    return child.exitcode


def _work(pk: str, dies: str) -> None:
    if dies:
        _cut(*STEPS[dies])
    for _ in range(20):
        for job in Ingestion.objects.filter(data_source__pk=pk, state__in=sources.OPEN):
            ingestion.ingest(str(job.pk))
        tasks.look_at_source(pk)
        if not Ingestion.objects.filter(data_source__pk=pk, state=Ingestion.State.QUEUED).exists():
            return


def _cut(module: ModuleType, name: str, when: str) -> None:
    function: Callable[..., Any] = getattr(module, name)

    def cut(*arguments: Any, **options: Any) -> Any:
        if when == "after":
            function(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(module, name, cut)
