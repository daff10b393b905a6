"""Trials of a run: taken by one worker at a time, done once, whoever is killed meanwhile.

They are operational rows: what was chosen, and every trial's figures, stand in the run that its event commits to.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from registry.models import TrainingRun, Trial

State = Trial.State
ENDED = (State.DONE, State.PRUNED, State.FAILED)


def claim(run: TrainingRun, number: int, *, estimator: str, parameters: Mapping[str, Any]) -> int | None:
    """Take a trial that nobody has, or whose worker has gone silent; which attempt this is, None where it is taken.

    A trial begins to be with the first claim: of two workers who claim it at once, the database lets one have it.
    """
    trial = Trial(run=run, number=number, estimator=estimator, parameters=dict(parameters))
    Trial.objects.bulk_create([trial], ignore_conflicts=True)
    now = timezone.now()
    stale = now - timedelta(seconds=settings.JOB_STALE_SECONDS)
    free = Q(state=State.QUEUED) | Q(state=State.RUNNING, heartbeat_at__lt=stale)
    mine = Trial.objects.filter(free, run=run, number=number)
    taken = mine.update(state=State.RUNNING, attempts=F("attempts") + 1, started_at=now, heartbeat_at=now, reported=[])
    return Trial.objects.get(run=run, number=number).attempts if taken else None


def beat(run: TrainingRun, number: int, *, attempt: int) -> None:
    """The trial's worker is alive."""
    _held(run, number, attempt).update(heartbeat_at=timezone.now())


def report(run: TrainingRun, number: int, value: float, *, attempt: int) -> None:
    """One more step of the trial is done, with the value that it came to."""
    held = _held(run, number, attempt).first()
    if held is not None:
        held.reported = [*held.reported, value]
        held.heartbeat_at = timezone.now()
        held.save(update_fields=["reported", "heartbeat_at"])


def finish(run: TrainingRun, number: int, result: Mapping[str, Any], *, attempt: int) -> bool:
    """Store what came of a trial; False where another worker has taken it over, whose result counts."""
    return bool(_held(run, number, attempt).update(**result, finished_at=timezone.now()))


def ended(run: TrainingRun) -> QuerySet[Trial]:
    """Those that are done, pruned or failed, by number."""
    return run.trials.filter(state__in=ENDED).order_by("number")


def _held(run: TrainingRun, number: int, attempt: int) -> QuerySet[Trial]:
    return Trial.objects.filter(run=run, number=number, state=State.RUNNING, attempts=attempt)
