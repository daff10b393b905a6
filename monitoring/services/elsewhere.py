"""Looks that another environment finishes: asked by a message, answered by another, and never waited for.

Between the two the monitor's lease runs. An answer that comes after it is void, and a look that got none says so.
"""

import io
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from monitoring import detectors
from monitoring.detectors.detector import Remote
from monitoring.models import Monitor
from monitoring.services.checks import Elsewhere, Finding
from monitoring.services.checks.finding import not_evaluable
from monitoring.services.windows import Read
from registry import artifacts, jobs
from registry.models import ModelVersion

TASK = "workers.answer_look"
LARGEST_BYTES = 1 << 30
ASKED = "asked"


def ask(monitor: Monitor, version: ModelVersion, due_at: datetime, look: Elsewhere) -> None:
    """Put the arrays where the other environment reads them, remember that it was asked, and send the question."""
    detector = detectors.find(look.detector)
    assert isinstance(detector, Remote)
    reference, window = (artifacts.put(io.BytesIO(raw), limit_bytes=LARGEST_BYTES)[0] for raw in look.arrays)
    asked = {ASKED: {"at": timezone.now().isoformat(), "window": window}}
    Monitor.objects.filter(pk=monitor.pk).update(progress=monitor.progress | asked)
    job = detector.job(look.settings, reference=reference, window=window, state=look.state)
    about = {
        "monitor": str(monitor.pk),
        "version": str(version.pk),
        "revision": monitor.revision,
        "lease": monitor.next_due_at.isoformat(),
        "due_at": due_at.isoformat(),
        "since": None if look.window.since is None else look.window.since.isoformat(),
        "until": look.window.until.isoformat(),
        "n": look.window.n,
        "window": window,
    }
    jobs.ask(job.task, job.arguments, queue=job.queue, answer=TASK, about=about)


def read_of(about: Mapping[str, Any]) -> Read:
    """The window that was sent along."""
    since = about["since"]
    return Read(since and datetime.fromisoformat(since), datetime.fromisoformat(about["until"]), about["n"])


def unanswered(monitor: Monitor, *, before: datetime) -> Finding | None:
    """What a look comes to that was asked for before a moment and has no answer; None where none was."""
    asked = monitor.progress.get(ASKED)
    if asked is None or (at := datetime.fromisoformat(asked["at"])) > before:
        return None
    forget(asked["window"])
    name = monitor.parameters.get("detector")
    reason = (
        f"Nobody has answered for {name} since {at:%Y-%m-%d %H:%M} UTC; is its worker running? `make alibi` makes it."
    )
    return not_evaluable(Read(None, timezone.now(), 0), reason)


def forget(window: str) -> None:
    """The window's array, which nobody reads again; the reference's is the next look's too."""
    artifacts.remove(window)


def without_question(progress: Mapping[str, Any]) -> dict[str, Any]:
    """What a monitor carries, once its question is answered."""
    return {name: value for name, value in progress.items() if name != ASKED}
