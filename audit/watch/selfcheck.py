"""The self-check: the whole log and everything it speaks of, in one snapshot; every finding, never only the first."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import psycopg
import structlog
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from psycopg.conninfo import make_conninfo

from audit.database import checks
from audit.models import DataKey, Event, Leaf
from audit.outside import continuity
from audit.tlog import note, parallel
from audit.tlog.chronicle import Chronicle
from audit.tlog.errors import TlogError
from audit.tlog.report import Report
from audit.tree import entries
from audit.watch import archives, histories, keys, rows, spans, strays, tally, tree
from audit.watch.findings import Finding
from audit.watch.said import Said

logger = structlog.get_logger(__name__)

KEPT_OF_A_TABLE = 1000
Check: TypeAlias = Callable[[], Iterable[Finding]]


@dataclass(slots=True)
class Result:
    """What a run looked at and what it found. Complete: it could look at all it set out to look at."""

    started_at: datetime
    since: int = 0
    size: int = 0
    entries: int = 0
    waiting: int = 0
    values: int = 0
    rows: int = 0
    heads: int = 0
    cosignatures: int = 0
    findings: list[Finding] = field(default_factory=list)
    finding_count: int = 0
    warnings: list[str] = field(default_factory=list)
    complete: bool = True
    _kept: Counter[str] = field(default_factory=Counter)
    finished_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def add(self, findings: Iterable[Finding]) -> None:
        """Count them all, and keep so many of each table: one changed hash early in the log spoils every later head."""
        for finding in findings:
            self.finding_count += 1
            self._kept[finding.table] += 1
            if self._kept[finding.table] <= KEPT_OF_A_TABLE:
                self.findings.append(finding)


def run(*, jobs: int = 1, since: int = 0, extra: Mapping[str, Check] | None = None) -> Result:
    """Compare the log with its keys, its tree, its seals and the governed rows.

    jobs: processes; more than one cannot be had inside a Celery worker. since: an earlier run was clean up to this
    size: only what came after is looked at, and the rows that it speaks of. extra: further checks by name, run in the
    same snapshot. Only reads; must not be called inside a transaction.
    """
    result = Result(datetime.now(UTC), since)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        view = spans.View(_conninfo(), snapshot)
        try:
            _Run(view, result, jobs).all(extra or {})
        finally:
            spans.leave(view)
    _outside(result)
    result.finished_at = datetime.now(UTC)
    return result


class _Run:
    """One run, part by part; a part that fails leaves the run incomplete and the others on their way."""

    def __init__(self, view: spans.View, result: Result, jobs: int) -> None:
        self.view, self.result, self.jobs = view, result, jobs
        self.connection: psycopg.Connection[Any] = spans.connected(view)
        self.chronicle = Chronicle(Report())
        self.said = Said(rows.subject_tables())
        self.used: dict[int, datetime] = {}
        self.known = spans.Known(self.said.tables)
        self.believed: dict[note.Verifier, None] = {}
        self.read = False

    def all(self, extra: Mapping[str, Check]) -> None:
        """Every part, in an order in which each finds what it needs."""
        self._part("what the log says about itself", self._about)
        self._part("entries, tiles and heads", self._log)
        self._part("pending events", self._pending)
        self._part("numbers of heads and cosignatures", self._tally)
        if not self.result.since:
            self._part("rows that belong to nothing", lambda: strays.orphans(self.connection))
            self._part("the archive", lambda: archives.check(self.connection))
            self._part("histories", self._histories)
        if self.read:  # else everything would seem to be spoken of by no entry
            self._part("data keys", self._keys)
            self._part("governed rows", self._rows)
        self._part("roles and guards", self._installation)
        for name, check in extra.items():
            self._part(name, check)

    def _part(self, name: str, check: Check) -> None:
        try:
            # A statement that fails must not take the other parts with it.
            with transaction.atomic(), self.connection.transaction():
                self.result.add(check())
        except (DatabaseError, psycopg.Error, TlogError, OSError, LookupError, ValueError, TypeError) as problem:
            logger.exception("a part of the self-check failed", part=name)
            self.result.complete = False
            self.result.warnings.append(f"Not everything was looked at: {name} ({type(problem).__name__}).")

    def _about(self) -> Iterator[Finding]:
        """The log's own events, its keys, and which erasures are on record."""
        report = self.chronicle.report
        placed = dict(Leaf.objects.filter(ticket__in=_own().values("ticket")).values_list("ticket", "index"))
        events = sorted((event for event in _own() if event.ticket in placed), key=lambda event: placed[event.ticket])
        for event, raw in zip(events, entries.raw(events), strict=True):
            with contextlib.suppress(TlogError):  # what is no entry is found where entries are read
                self.chronicle.take(placed[event.ticket], raw)
        yield from (
            Finding("audit_event", "", one.where, "in keeping with the log", one.what) for one in report.findings
        )
        own, raw_keys = keys.outside()
        if not own and not raw_keys:
            self.result.warnings.append("No key of the log stands in SIGNING_KEY_DIR: its own events were believed.")
        self.believed = keys.believed(self.chronicle, own, raw_keys, before=self.result.since)
        self.known = spans.Known(
            self.said.tables,
            tuple(dict.fromkeys((*self.believed, *self.chronicle.announced))),
            keys.witnesses(),
            keys.installation(),
            keys.erased(),
            str(settings.AUDIT_ARCHIVE_URL),
        )
        if not self.known.installation_keys and DataKey.objects.exists():
            self.result.complete = False
            self.result.warnings.append("No sealing key stands in SIGNING_KEY_DIR: sealed values were not opened.")

    def _log(self) -> Iterator[Finding]:
        size = tree.size(self.connection)
        since = min(self.result.since, size)
        grown = tree.Tree(self.known.keys, set(self.believed), self.chronicle)
        grown.begin(self.connection, since - since % spans.LENGTH)
        unknown: set[str] = set()
        every = spans.of(self.view, self.known, size, first=since)
        for checked in parallel.in_order(spans.check, every, jobs=self.jobs if size - since > spans.LENGTH else 1):
            yield from checked.findings
            yield from grown.take(checked)
            self._take(checked)
            unknown |= checked.unknown_witnesses
        yield from grown.finish(self.connection)
        for name in sorted(unknown):
            self.result.warnings.append(f"Cosignatures of {name} were not verified: LOG_TRUST_POLICY does not name it.")
        self.result.size = max((size for size, _ in grown.signed), default=since)
        self.read = True

    def _take(self, checked: spans.Checked) -> None:
        self.said.update(checked.said)
        self.used = {**checked.used, **self.used}
        self.result.entries += checked.entries
        self.result.values += checked.values

    def _pending(self) -> Iterator[Finding]:
        waiting = strays.Strays(self.said, self.used)
        yield from strays.unplaced(self.connection, self.known, waiting)
        self.result.waiting = waiting.waiting

    def _tally(self) -> Iterator[Finding]:
        before = tally.last()
        then, now = tally.count(self.connection, before.size), tally.count(self.connection, self.result.size)
        _, self.result.heads, self.result.cosignatures = tally.carried(before, then, now)
        yield from tally.check(before, then)

    def _histories(self) -> Iterator[Finding]:
        fixed = keys.fixed()
        states = []
        for found, findings in parallel.in_order(
            histories.check, histories.of(self.view, fixed.size if fixed else 0, jobs=self.jobs), jobs=self.jobs
        ):
            states += found
            yield from findings
        if fixed:
            yield from histories.compare_root(states, fixed)

    def _keys(self) -> Iterator[Finding]:
        if not self.result.since:
            yield from keys.data_keys(self.connection, self.known, self.used)

    def _rows(self) -> Iterator[Finding]:
        stored = rows.Stored(self.said)
        yield from stored.touched() if self.result.since else stored.whole()
        self.result.rows = stored.count

    def _installation(self) -> Iterator[Finding]:
        return (Finding("database", "", "", "as installed", one) for one in checks.findings())


def _own() -> Any:
    return Event.objects.filter(subject_type="log")


def _outside(result: Result) -> None:
    """What the published files, anchors and witnesses remember; after the snapshot, which they may be ahead of."""
    try:
        continuity.check()
    except continuity.Broken as problem:
        result.add([Finding("audit_checkpoint", "", "", "what the outside remembers", str(problem))])
    except (OSError, TlogError) as problem:
        result.warnings.append(f"What stands outside could not be compared: {problem}")


def _conninfo() -> str:
    """Django's own address and role, for connections without Django."""
    parameters = connection.get_connection_params()
    parameters.pop("prepare_threshold", None)  # psycopg's own, not libpq's
    return make_conninfo(**{name: str(value) for name, value in parameters.items() if isinstance(value, str | int)})
