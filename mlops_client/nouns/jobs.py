"""Work that a worker does: its progress, its log, and waiting for its end."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Self

from mlops_client import bars
from mlops_client.errors import JobCancelled, JobFailed, NotFound, ServerFailed, Unreachable, Unusable
from mlops_client.nouns.base import Record
from mlops_client.session import Session

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 3.0
MOST_LOST = 20  # looks without an answer, each tried several times: two to three minutes
LINES_OF_A_FAILURE = 10
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a job's log."""

    at: datetime
    level: str
    text: str

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.text}"


@dataclass(kw_only=True, repr=False)
class Job(Record):
    """A job as it was when it was read; `refresh` and `follow` read it again."""

    NOUN: ClassVar[str] = "job"
    SHOWN: ClassVar[tuple[str, ...]] = ("id", "state", "progress_percent", "progress_message", "failure")

    state: str
    progress_percent: int = 0
    progress_message: str = ""
    attempts: int = 0
    failure: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    created_at: datetime | None = field(default=None)

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    def follow(self, *, show: bool | bars.Bar = True, timeout_seconds: float | None = None) -> Self:
        """Wait for the end, with a bar; returns the job itself. Raises JobFailed, JobCancelled, TimeoutError.

        The job goes on where you stop to wait: follow it again whenever you like. A server that is away for a few
        minutes, as while it is updated, is waited for.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        pause = FIRST_PAUSE_SECONDS
        with bars.shown(show, self._title()) as bar:
            for message in self._looks():
                bar.move(self.progress_percent, message)
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"{self._title()} is still {self.state} after {timeout_seconds:g} seconds.")
                time.sleep(pause)
                pause = min(pause * 1.3, LONGEST_PAUSE_SECONDS)
            bar.end(self.state)
        return self._checked()

    def lines(self) -> Iterator[Line]:
        """The lines of its log so far, oldest first."""
        after = 0
        while found := self.session.get(f"{self.address}/lines", after=after)["results"]:
            for row in found:
                yield Line(datetime.fromisoformat(row["at"]), row["level"], row["text"])
            after = found[-1]["id"]

    def cancel(self, reason: str = "") -> Self:
        """Stop it: at once where it waits, at its next step where a worker has it. Raises Conflict once it is over."""
        return self._became(self.session.post(f"{self.address}/cancel", {"reason": reason}))

    def _looks(self) -> Iterator[str]:
        """What each look tells, until the job has ended. Raises Unreachable, ServerFailed where no answer comes."""
        lost = 0
        while True:
            try:
                self.refresh()
                lost = 0
            except (Unreachable, ServerFailed):
                lost += 1
                if lost > MOST_LOST:
                    raise
            if self.ended:
                return
            yield "no answer, trying again" if lost else self.progress_message

    def _title(self) -> str:
        return f"{self.NOUN} {self.id[-8:]}"

    def _checked(self) -> Self:
        if self.state == "cancelled":
            raise JobCancelled(self._title(), self.failure or "it was cancelled")
        if self.state == "failed":
            raise JobFailed(self._title(), self.failure, lines=self._last_lines())
        return self

    def _last_lines(self) -> list[str]:
        try:
            told = [line.text for line in self.lines() if line.text != self.failure]
            return told[-LINES_OF_A_FAILURE:]
        except NotFound:
            return []


def made(session: Session, path: str, job: Job, *, name: str) -> dict[str, Any]:
    """What a job that has ended made. Raises Unusable where it made nothing."""
    if job.data.get(name) is None and job.ended:
        raise Unusable(f"{job._title()} has {job.state} and made no {name.replace('_', ' ')}.")
    if job.data.get(name) is None:
        raise Unusable(f"{job._title()} is {job.state}: it has made nothing yet.", remedy="Call follow() first.")
    data: dict[str, Any] = session.get(f"{path}/{job.data[name]}")
    return data
