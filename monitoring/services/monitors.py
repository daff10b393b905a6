"""Monitors: set up, changed, run when they are due, each look on record."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import log
from audit.actors import Actor
from monitoring import events
from monitoring.models import Monitor, MonitorRun
from monitoring.services import alerts, calibrations
from monitoring.services import parameters as parameters_of
from registry import jobs, records
from registry.errors import AlreadyExists, Invalid, Problem
from registry.models import ModelVersion, Pipeline, Slot
from registry.permissions import require
from registry.roles import Action
from registry.services import refusals, rows

if TYPE_CHECKING:
    from monitoring.services.checks import Finding
    from monitoring.services.profiles import Models

TASK = "workers.check_monitor"
#: For so long a look belongs to the worker that began it; then another may begin it anew.
LEASE = timedelta(minutes=10)
#: Messages a round at most, the longest overdue first: the next round sends the rest.
MOST_NUDGES = 1_000


def create(
    slot: Slot,
    *,
    kind: str,
    name: str,
    cadence_seconds: int,
    actor: Actor,
    parameters: dict[str, Any] | None = None,
    arm: str = Monitor.Arm.CHAMPION,
    pipeline: Pipeline | None = None,
) -> Monitor:
    """Watch a slot by one more check, first run one cadence from now.

    arm: whose answers are read, the champion's or the challenger's. pipeline: what a retraining starts; it makes a
    candidate and a draft request, never a promotion. Records monitor.created, or monitor.refused about the slot.
    Raises NotPermitted, Invalid, AlreadyExists.
    """
    made: list[Monitor] = []

    def work(locked: Slot) -> None:
        account = require(actor, Action.MONITOR, locked.system)
        monitor = Monitor(
            slot=locked,
            kind=kind,
            arm=arm,
            name=name,
            parameters=parameters or {},
            cadence_seconds=cadence_seconds,
            pipeline=pipeline,
            created_by=account,
            next_due_at=timezone.now() + timedelta(seconds=cadence_seconds),
        )
        _check(monitor)
        rows.insert(monitor)
        event = events.MonitorCreated(slot=locked.key, kind=kind, cadence_seconds=cadence_seconds)
        log.record(event, subject=monitor, actor=actor)
        made.append(monitor)

    def lock() -> Slot:
        return Slot.objects.select_for_update(of=("self",), no_key=True).select_related("system").get(pk=slot.pk)

    refusals.recorded(lock, work, refused=lambda why: events.MonitorRefused(rule=why), actor=actor)
    return made[0]


def change(monitor: Monitor, *, changes: dict[str, Any], revision: int, actor: Actor, reason: str = "") -> Monitor:
    """Let a monitor look otherwise from its next look on; a look under way counts no more.

    changes: of name, parameters, cadence_seconds, enabled and pipeline. With other parameters, what a test over time
    has gathered begins anew. Records monitor.changed, or monitor.refused. Raises NotPermitted, Invalid, AlreadyExists,
    RevisionMismatch.
    """

    def work(locked: Monitor) -> None:
        require(actor, Action.MONITOR, locked.slot.system)
        rows.match_revision(locked.revision, revision)
        changed = sorted(field for field, value in changes.items() if getattr(locked, field) != value)
        for field in changed:
            setattr(locked, field, changes[field])
        _check(locked)
        if "parameters" in changed:
            locked.progress = {}
        locked.next_due_at = min(locked.next_due_at, timezone.now() + timedelta(seconds=locked.cadence_seconds))
        locked.revision += 1
        _save(locked)
        event = events.MonitorChanged(
            changed=changed,
            enabled=locked.enabled,
            cadence_seconds=locked.cadence_seconds,
            revision=locked.revision,
        )
        log.record(event, subject=locked, actor=actor, reason=reason)

    def lock() -> Monitor:
        found = Monitor.objects.select_for_update(of=("self",), no_key=True)
        return found.select_related("slot__system", "pipeline").get(pk=monitor.pk)

    return refusals.recorded(lock, work, refused=lambda why: events.MonitorRefused(rule=why), actor=actor)


def run_now(monitor: Monitor, *, actor: Actor) -> None:
    """Ask a worker to look at once, beside the schedule; a look under way is begun anew."""
    require(actor, Action.MONITOR, monitor.slot.system)
    Monitor.objects.filter(pk=monitor.pk).update(next_due_at=timezone.now())
    jobs.enqueue(TASK, monitor.pk, request=actor.request)


def nudge_due() -> int:
    """Send a message for each monitor that is due; the row decides, so a doubled message runs nothing twice."""
    due = Monitor.objects.filter(enabled=True, next_due_at__lte=timezone.now()).order_by("next_due_at")
    keys = list(due.values_list("pk", flat=True)[:MOST_NUDGES])
    for pk in keys:
        jobs.send(TASK, pk)
    return len(keys)


def check(pk: str, *, actor: Actor, models: "Models | None" = None) -> MonitorRun | None:
    """Look once if the monitor is due, and move its due time on; missed looks are caught up by one.

    models: what some kinds need of the floor above; without it those cannot be evaluated. Records
    monitor_run.recorded, on an alarm alert.raised or alert.repeated, and what the rules of alerts ask for. None where
    it is not due, where another worker looks, where a person changed it meanwhile, where nothing serves in its arm, or
    where another environment was asked, whose answer `answer` takes.
    """
    from monitoring.services import checks, elsewhere  # numba and scipy load with the first look
    from monitoring.services.profiles import References

    monitor = Monitor.objects.select_related("slot__system").get(pk=pk)
    due_at, now = monitor.next_due_at, timezone.now()
    if not monitor.enabled or due_at > now or not _claim(monitor, now):
        return None
    version = _watched(monitor)
    if version is None:
        _leave(monitor, due_at)
        return None
    found = elsewhere.unanswered(monitor, before=now - LEASE) or checks.look(
        monitor, version, now, references=References(actor, models)
    )
    if isinstance(found, checks.Elsewhere):
        elsewhere.ask(monitor, version, due_at, found)
        return None
    return _conclude(monitor, version, found, due_at, actor)


def answer(said: Mapping[str, Any], *, about: Mapping[str, Any], actor: Actor) -> MonitorRun | None:
    """End a look that another environment was asked to finish, as `check` ends one.

    None where its lease has run out, or where a person changed the monitor or asked for another look meanwhile.
    """
    from monitoring.services import checks, elsewhere  # as above
    from monitoring.services.profiles import References

    elsewhere.forget(about["window"])
    monitor = Monitor.objects.select_related("slot__system").get(pk=about["monitor"])
    # As they were when the look began: where they are not any more, it is void.
    monitor.next_due_at, monitor.revision = datetime.fromisoformat(about["lease"]), about["revision"]
    version = ModelVersion.objects.select_related("dataset_version__dataset").get(pk=about["version"])
    read, references = elsewhere.read_of(about), References(actor)
    found = checks.answered(monitor, version, read, said, references=references)
    return _conclude(monitor, version, found, datetime.fromisoformat(about["due_at"]), actor)


def _conclude(
    monitor: Monitor, version: ModelVersion, finding: "Finding", due_at: datetime, actor: Actor
) -> MonitorRun | None:
    run = _store(monitor, version, finding, due_at, actor)
    if run is not None:
        # After the commit: what a crash between leaves undone, the next look or the round makes good.
        alerts.respond(monitor, actor=actor)
        calibrations.ask(monitor, version)
    return run


def _check(monitor: Monitor) -> None:
    parameters_of.check(monitor.kind, monitor.parameters)
    if monitor.pipeline is not None and monitor.pipeline.system_id != monitor.slot.system_id:
        raise Invalid(
            "The pipeline belongs to another system.",
            remedy="Name one of the slot's own system.",
            problems=[Problem("/pipeline", "belongs to another system")],
        )
    rows.check(monitor)


def _save(monitor: Monitor) -> None:
    try:
        with transaction.atomic():
            monitor.save()
    except IntegrityError as error:
        raise AlreadyExists(f"There is already a monitor called {monitor}.", remedy="Choose another name.") from error


def _claim(monitor: Monitor, now: datetime) -> bool:
    """Put the due time off by the lease: of two workers with the same message one sees it moved already.

    A worker that dies leaves the lease to run out, and then the look is due.
    """
    lease = now + LEASE
    mine = Monitor.objects.filter(pk=monitor.pk, next_due_at=monitor.next_due_at, revision=monitor.revision)
    taken = bool(mine.update(next_due_at=lease))
    monitor.next_due_at = lease
    return taken


def _watched(monitor: Monitor) -> ModelVersion | None:
    arms = ("champion", "canary")
    serving = monitor.slot.assignments.select_related(*(f"{arm}__dataset_version__dataset" for arm in arms)).first()
    return getattr(serving, monitor.arm) if serving else None


def _leave(monitor: Monitor, due_at: datetime) -> None:
    """On to the next due time, unless somebody asked for a look meanwhile."""
    mine = Monitor.objects.filter(pk=monitor.pk, next_due_at=monitor.next_due_at)
    mine.update(next_due_at=_next(monitor, due_at))


def _store(
    monitor: Monitor, version: ModelVersion, finding: "Finding", due_at: datetime, actor: Actor
) -> MonitorRun | None:
    from monitoring.services import elsewhere  # as in `check`

    report = {"figures": finding.figures, "main": finding.main}
    with transaction.atomic(durable=True):
        locked = Monitor.objects.select_for_update(no_key=True).get(pk=monitor.pk)
        if (locked.next_due_at, locked.revision) != (monitor.next_due_at, monitor.revision):
            # The lease ran out, or a person asked for another look: two looks must not read the same rows.
            return None
        run = MonitorRun.objects.create(
            monitor=monitor,
            model_version=version,
            due_at=due_at,
            window_from=finding.window.since,
            window_to=finding.window.until,
            n=finding.window.n,
            verdict=finding.verdict,
            reason=finding.reason,
            impact=finding.impact,
            report=report,
            report_digest=records.digest(records.without_floats(report)),
        )
        carried = elsewhere.without_question(locked.progress if finding.progress is None else finding.progress)
        Monitor.objects.filter(pk=monitor.pk).update(next_due_at=_next(monitor, due_at), progress=carried)
        _tell(run, actor)
        event = events.MonitorRan(monitor=str(monitor.pk), verdict=run.verdict, n=run.n, report=run.report_digest)
        log.record(event, subject=run, actor=actor)
    return run


def _tell(run: MonitorRun, actor: Actor) -> None:
    if run.verdict == MonitorRun.Verdict.ALARM:
        alerts.raise_for(run, actor=actor)
    elif run.verdict == MonitorRun.Verdict.QUIET:
        alerts.calm(run, actor=actor)


def _next(monitor: Monitor, due_at: datetime) -> datetime:
    """The first due time in the future, on the monitor's own grid."""
    cadence = timedelta(seconds=monitor.cadence_seconds)
    missed = (timezone.now() - due_at) // cadence
    return due_at + (missed + 1) * cadence
