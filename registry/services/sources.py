"""Sources: where a dataset's versions are read from, how often, and how far they have been read."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit import log
from audit.actors import Actor
from audit.events import Event
from registry import events, grammars, jobs, records
from registry.errors import Conflict, Invalid, Problem, Stale
from registry.models import Dataset, DataSource, Ingestion, User
from registry.models.base import Job
from registry.permissions import require
from registry.roles import Action
from registry.services import credentials, rows
from registry.services.jobs import TASKS, finish

LOOK = "workers.look_at_source"
SHORTEST_SECONDS, LONGEST_SECONDS = 1, 366 * 24 * 3600
#: However often it failed, a source is looked at again after this long, or after its own interval.
LONGEST_REST_SECONDS, MOST_DOUBLINGS = 3600, 12
OPEN = (Job.State.QUEUED, Job.State.RUNNING)
State = DataSource.State
_FORMATS = {"database": "parquet", "http": "jsonl", "stream": "jsonl"}


def register(
    dataset: Dataset,
    *,
    name: str,
    kind: str,
    settings: dict[str, Any],
    actor: Actor,
    secrets: dict[str, str] | None = None,
    interval_seconds: int | None = None,
) -> DataSource:
    """Read the dataset's versions from a place, every so many seconds or on request. Records data_source.registered.

    secrets: by the names that the kind knows, references such as "env:NAME". Raises Invalid for a credential anywhere
    else, for settings that the kind cannot work with; AlreadyExists, NotPermitted.
    """
    account = require(actor, Action.REGISTER, dataset.system)
    source = DataSource(
        dataset=dataset,
        name=name,
        kind=kind,
        settings=settings,
        secrets=secrets or {},
        interval_seconds=interval_seconds,
        due_at=timezone.now() if interval_seconds else None,
        registered_by=account,
    )
    _check(source)
    with transaction.atomic(durable=True):
        rows.insert(source)
        event = events.DataSourceRegistered(
            dataset=str(dataset.pk),
            kind=kind,
            settings=records.digest(records.without_floats(settings)),
            secrets=sorted(source.secrets),
            interval_seconds=interval_seconds,
        )
        log.record(event, subject=source, actor=actor)
    return source


def change(
    source: DataSource, *, changes: dict[str, Any], revision: int, actor: Actor, start_over: bool = False
) -> DataSource:
    """Give it another name, settings, secrets or interval; it goes on from its position, or starts over.

    Records data_source.changed. Raises Invalid, Conflict while it is read, RevisionMismatch, NotPermitted.
    """
    require(actor, Action.REGISTER, source.dataset.system)
    with transaction.atomic(durable=True):
        source = _locked(source, State.ACTIVE, State.PAUSED)
        rows.match_revision(source.revision, revision)
        if _open(source).exists():
            raise Conflict(
                "The source is being read just now.", remedy="Pause it, wait for its ingestion, then change."
            )
        for column, value in changes.items():
            setattr(source, column, value)
        if start_over:
            source.position = {}
        source.revision += 1
        source.due_at = _next(source)
        _check(source)
        source.save()
        changed = sorted([*changes, *(["position"] if start_over else [])])
        log.record(events.DataSourceChanged(changed=changed, revision=source.revision), subject=source, actor=actor)
    return source


def pause(source: DataSource, *, actor: Actor) -> DataSource:
    """Read nothing for now; what is being read is finished. Records data_source.paused. Raises Conflict."""
    return _move(source, (State.ACTIVE,), State.PAUSED, events.DataSourcePaused(), actor)


def resume(source: DataSource, *, actor: Actor) -> DataSource:
    """Read again, from where it stopped. Records data_source.resumed. Raises Conflict."""
    return _move(source, (State.PAUSED,), State.ACTIVE, events.DataSourceResumed(), actor)


def retire(source: DataSource, *, actor: Actor) -> DataSource:
    """Never read it again; its row and what came from it stay. Records data_source.retired. Raises Conflict."""
    return _move(source, (State.ACTIVE, State.PAUSED), State.RETIRED, events.DataSourceRetired(), actor)


def read_now(source: DataSource, *, actor: Actor) -> Ingestion:
    """Ask a worker to read what is new, whatever the interval. Records ingestion.requested.

    Raises Conflict where it is being read already, or is retired; NotPermitted.
    """
    account = require(actor, Action.REGISTER, source.dataset.system)
    with transaction.atomic(durable=True):
        source = _locked(source, State.ACTIVE, State.PAUSED)
        if _open(source).exists():
            raise Conflict("The source is being read just now.", remedy="Watch the ingestion that is under way.")
        return _begun(source, {"before": source.position}, account=account, actor=actor)


def begin(source: DataSource, *, batch: dict[str, Any] | None, actor: Actor) -> Ingestion | None:
    """Have a worker read what it saw when it looked; None where somebody else was quicker. Records ingestion.requested.

    batch: what is to be read, fixed before the reading; None where the look failed, so that the reading says why.
    """
    with transaction.atomic(durable=True):
        seen, source = source.position, _locked(source)
        if source.state != State.ACTIVE or source.position != seen or _open(source).exists():
            return None
        position = {"before": source.position, **({} if batch is None else {"batch": batch})}
        return _begun(source, position, account=source.registered_by, actor=actor)


def fix(ingestion: Ingestion, *, batch: dict[str, Any], actor: Actor) -> Ingestion:
    """Fix what an ingestion takes before it takes it, so that after a crash it takes the same.

    Records ingestion.planned. Raises Conflict.
    """
    with transaction.atomic(durable=True):
        ingestion = _running(ingestion)
        ingestion.position = {**ingestion.position, "batch": batch}
        ingestion.save()
        log.record(events.IngestionPlanned(batch=records.digest(batch)), subject=ingestion, actor=actor)
    return ingestion


def advance(ingestion: Ingestion, *, position: dict[str, Any], actor: Actor) -> None:
    """Move the source to where the ingestion has read it, in the transaction that makes the version of it.

    The caller holds the ingestion's lock and saves it. So rows and position move together or not at all: nothing is
    read twice into versions, and nothing is left out. Records data_source.advanced. Raises Stale.
    """
    assert ingestion.data_source_id is not None, "a delivered file has no source to advance"
    source = DataSource.objects.select_for_update(no_key=True).get(pk=ingestion.data_source_id)
    if source.position != ingestion.position.get("before"):
        raise Stale("The source was read by somebody else, or starts over, since this ingestion began.")
    source.position = position
    source.save()
    ingestion.position = {**ingestion.position, "after": position}
    event = events.DataSourceAdvanced(ingestion=str(ingestion.pk), position=records.digest(position))
    log.record(event, subject=source, actor=actor)


def found_nothing(ingestion: Ingestion, *, position: dict[str, Any], actor: Actor) -> None:
    """End an ingestion whose source held nothing new; the position may have moved all the same.

    Records data_source.advanced where it did, and ingestion.found_nothing. Raises Conflict, Stale.
    """
    with transaction.atomic(durable=True):
        ingestion = _running(ingestion)
        if position != ingestion.position.get("before"):
            advance(ingestion, position=position, actor=actor)
        finish(ingestion)
        event = events.IngestionFoundNothing(data_source=str(ingestion.data_source_id))
        log.record(event, subject=ingestion, actor=actor)


def nudge_due() -> int:
    """Have a worker look at each source that is due; how many. Looking records nothing: only what is found is a job.

    A lost message costs one interval: the source is due again by then. Two rounds at once ask once.
    """
    nudged = 0
    due = DataSource.objects.filter(state=State.ACTIVE, due_at__lte=timezone.now())
    for pk in list(due.order_by("due_at").values_list("pk", flat=True)):
        with transaction.atomic():
            source = due.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()
            if source is None:
                continue
            DataSource.objects.filter(pk=pk).update(due_at=_next(source))
            jobs.enqueue(LOOK, source.pk)
            nudged += 1
    return nudged


def is_free(source: DataSource) -> bool:
    """Whether it may be read now: it is active, and nobody reads it."""
    return source.state == State.ACTIVE and not _open(source).exists()


def _check(source: DataSource) -> None:
    """Raises Invalid with everything that is wrong with a source."""
    problems = [*credentials.within(source.settings, "/settings")]
    problems += credentials.references(source.secrets, system=source.dataset.system.name)
    seconds = source.interval_seconds
    if seconds is not None and not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        problems.append(
            Problem("/interval_seconds", f"An interval has {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds.")
        )
    if problems:
        raise Invalid("The source cannot be used.", problems=problems)
    rows.check(source)
    grammars.check("source", {"kind": source.kind, "settings": source.settings, "secrets": source.secrets})


def _move(source: DataSource, before: tuple[State, ...], after: State, event: Event, actor: Actor) -> DataSource:
    require(actor, Action.REGISTER, source.dataset.system)
    with transaction.atomic(durable=True):
        source = _locked(source, *before)
        source.state, source.revision = after, source.revision + 1
        source.due_at = timezone.now() if after == State.ACTIVE and source.interval_seconds else None
        source.save()
        log.record(event, subject=source, actor=actor)
    return source


def _locked(source: DataSource, *states: State) -> DataSource:
    """The row, to be changed. Raises Conflict where it is in another state than these."""
    source = DataSource.objects.select_for_update(no_key=True).get(pk=source.pk)
    if states and source.state not in states:
        raise Conflict(f"The source is {source.state}.")
    return source


def _running(ingestion: Ingestion) -> Ingestion:
    ingestion = Ingestion.objects.select_for_update().get(pk=ingestion.pk)
    if ingestion.state != Job.State.RUNNING:
        raise Conflict(f"The ingestion is {ingestion.state}.")
    return ingestion


def _open(source: DataSource) -> QuerySet[Ingestion]:
    return source.ingestions.filter(state__in=OPEN)


def _begun(source: DataSource, position: dict[str, Any], *, account: User, actor: Actor) -> Ingestion:
    """A reading that waits for its worker; the caller holds the source's lock, so there is no other one."""
    ingestion = Ingestion.objects.create(
        dataset_id=source.dataset_id,
        data_source=source,
        position=position,
        source_name=source.name,
        format=_FORMATS.get(source.kind) or source.settings["format"],
        requested_by=account,
        request=actor.request,
    )
    event = events.IngestionRequested(dataset=str(source.dataset_id), source=str(source.pk))
    log.record(event, subject=ingestion, actor=actor)
    jobs.enqueue(TASKS[Ingestion], ingestion.pk, request=actor.request)
    return ingestion


def _next(source: DataSource) -> Any:
    """When to look again; later and later while it fails."""
    if source.interval_seconds is None or source.state != State.ACTIVE:
        return None
    wait = source.interval_seconds * 2 ** _failures(source)
    return timezone.now() + timedelta(seconds=min(wait, max(source.interval_seconds, LONGEST_REST_SECONDS)))


def _failures(source: DataSource) -> int:
    """How many of its newest readings failed, one after the other."""
    newest = source.ingestions.exclude(state__in=OPEN).order_by("-pk").values_list("state", flat=True)
    count = 0
    for state in newest[:MOST_DOUBLINGS]:
        if state != Job.State.FAILED:
            break
        count += 1
    return count
