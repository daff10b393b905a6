"""The worker for alibi-detect as it runs at work: a process of its environment, asked through the broker."""

import contextlib
import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
from celery import current_app
from django.conf import settings
from kombu.simple import SimpleQueue
from numpy.typing import ArrayLike

from mlops_server import processes
from monitoring.detectors.detector import Job
from registry import artifacts

ANSWERS = "answers-of-alibi"
SECONDS = 300  # The first look imports everything and compiles, perhaps on a machine that does much else.


@dataclass
class Worker:
    """The running process; it is asked as a service asks it, and answers into a queue."""

    process: subprocess.Popen[bytes]
    inbox: SimpleQueue
    log: Path

    def ask(self, job: Job) -> dict[str, Any]:
        link = current_app.signature("answered", queue=ANSWERS)
        current_app.send_task(job.task, kwargs=job.arguments, queue=job.queue, link=link)
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                message = self.inbox.get(timeout=1)
            except Empty:
                if self.process.poll() is None and time.monotonic() < deadline:
                    continue
                raise AssertionError(f"No answer from alibi:\n{self.log.read_text()[-4000:]}") from None
            message.ack()
            answer: dict[str, Any] = message.payload[0][0]
            return answer


def store(rows: ArrayLike) -> str:
    """The digest of these rows, now in the artifact store."""
    buffer = BytesIO()
    np.save(buffer, np.asarray(rows), allow_pickle=False)
    buffer.seek(0)
    return artifacts.put(buffer, limit_bytes=2**30)[0]


def install() -> None:
    """As `make alibi`, by one test process at a time; a second's work where it is installed already."""
    with open(Path(tempfile.gettempdir()) / f"mlops-alibi-{os.getuid()}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "alibi"], cwd=processes.BASE_DIR, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"make alibi failed:\n{done.stdout}{done.stderr}"


@contextlib.contextmanager
def worker(folder: Path) -> Iterator[Worker]:
    """The worker as long as the block, on this process's broker and artifacts."""
    install()
    environment = processes.environment(os.environ, var=folder) | {"ARTIFACT_URL": settings.ARTIFACT_URL}
    environment |= {"DATABASE_URL": "", "SECRET_KEY": ""}
    log = folder / "alibi.log"
    with log.open("ab") as file, current_app.connection_for_read() as connection:
        process = subprocess.Popen(
            processes.alibi()["alibi"], env=environment, cwd=processes.BASE_DIR, stdout=file, stderr=file
        )
        inbox = connection.SimpleQueue(ANSWERS)
        try:
            yield Worker(process, inbox, log)
        finally:
            inbox.close()
            process.terminate()
            process.wait()
