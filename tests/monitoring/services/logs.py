"""What slots and people leave in the log, at moments that a test chooses."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audit import log
from audit.actors import system
from monitoring import events
from monitoring.models import Monitor, MonitorRun
from registry.models import FailedRequest, ModelVersion, Outcome, Prediction
from tests.factories import acting, name
from tests.houses import House


def ago(minutes: float) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def answer(
    house: House, version: ModelVersion, *, at: datetime | None = None, truth: float | None = None, **logged: Any
) -> Prediction:
    """One answer of the version; what turned out is told at the same moment."""
    row = {
        "at": at or timezone.now(),
        "slot": house.slot,
        "slot_revision": 1,
        "model_version": version,
        "arm": "champion",
        "features": {"AGEP": 30, "SCHL": 4},
        "score": 0.7,
        "decision": 1,
        "latency_us": 10,
        **logged,
    }
    made = Prediction.objects.create(**row)
    if truth is not None:
        tell(made, truth, at=at)
    return made


def tell(row: Prediction, truth: float, *, at: datetime | None = None) -> Outcome:
    made = Outcome.objects.create(prediction=row, value=truth)
    if at is not None:
        Outcome.objects.filter(pk=made.pk).update(at=at)
    return made


def fail(house: House, cause: str, *, at: datetime | None = None, version: ModelVersion | None = None) -> None:
    FailedRequest.objects.create(
        at=at or timezone.now(), slot=house.slot, model_version=version, cause=cause, row_count=1, detail="Because."
    )


def monitor(house: House, kind: str = "drift", **more: Any) -> Monitor:
    from monitoring.services import monitors

    return monitors.create(
        house.slot, kind=kind, name=name(kind), cadence_seconds=60, actor=acting(house.operator), **more
    )


def look(at: Monitor, version: ModelVersion, until: datetime, verdict: str = "quiet") -> None:
    """One look that is over, on record."""
    run = MonitorRun.objects.create(
        monitor=at,
        model_version=version,
        due_at=until,
        window_to=until,
        n=1,
        verdict=verdict,
        reason="So.",
        report={},
        report_digest="0" * 64,
    )
    event = events.MonitorRan(monitor=str(at.pk), verdict=verdict, n=run.n, report=run.report_digest)
    log.record(event, subject=run, actor=system("worker"))
