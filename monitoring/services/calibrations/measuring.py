"""A monitor measured by looks on replayed rows, and what was found put on record."""

from django.db import IntegrityError, transaction

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.measures import intervals
from monitoring.models import Calibration, Monitor, MonitorRun
from monitoring.services.calibrations import definition, newest, replaying, stated, why_not
from monitoring.services.calibrations.replaying import Replayed
from monitoring.services.profiles import References
from registry import records
from registry.services.alone import alone

CONFIDENCE = 0.95
#: One is measured at a time, however many monitors wait: the other workers' turns are for looks.
TURN = "ca11b7a7e"


def measure(pk: str, *, references: References, actor: Actor) -> Calibration | None:
    """Measure a monitor for the version of its newest look. Records calibration.recorded.

    None where it is measured already, where another worker measures any, and where it cannot be: what cannot be
    compared is told by its looks. Raises Missing where the reference is gone or too small.
    """
    monitor = Monitor.objects.select_related("slot__system").get(pk=pk)
    look = monitor.runs.select_related("model_version__dataset_version__dataset").first()
    if look is None or look.model_version is None or why_not(monitor, look.model_version):
        return None
    with alone(TURN) as mine:
        if not mine or newest(monitor, look.model_version):
            return None
        found = replaying.replay(monitor, look, references, seed=int(definition(monitor)[:8], 16))
        return record(monitor, look, found, actor)


def record(monitor: Monitor, look: MonitorRun, found: Replayed, actor: Actor) -> Calibration | None:
    """Keep what was found; None where another worker was quicker. Records calibration.recorded."""
    low, high = intervals.clopper_pearson(found.false_alarms, found.looks, CONFIDENCE)
    report = {"rows": found.rows, "pool": found.pool, "confidence": CONFIDENCE, "shifts": found.shifts}
    row = Calibration(
        monitor=monitor,
        model_version=look.model_version,
        definition=definition(monitor),
        looks=found.looks,
        false_alarms=found.false_alarms,
        low=low,
        high=high,
        stated=stated(monitor, found.rows),
        report=report,
        report_digest=records.digest(records.without_floats(report)),
    )
    try:
        with transaction.atomic(durable=True):
            row.save(force_insert=True)
            event = events.MonitorCalibrated(
                monitor=str(monitor.pk), looks=row.looks, false_alarms=row.false_alarms, report=row.report_digest
            )
            log.record(event, subject=row, actor=actor)
    except IntegrityError:
        # A worker whose connection had died, and with it its lock, was quicker.
        return None
    return row
