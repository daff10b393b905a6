"""What has no place in the tree: events that wait, and rows that belong to nothing. No Django in here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from audit.tlog import entry
from audit.tlog.errors import TlogError
from audit.watch import spans
from audit.watch.findings import Finding, differs
from audit.watch.said import Said
from audit.watch.seals import Committed, Seals
from audit.watch.spans import Known

#: How long an event may wait for its place before that is a finding: many times the promised delay.
WAIT = timedelta(minutes=1)
_UNPLACED = """
    SELECT event.ticket, event.leaf, pending.ticket, pending.subject_type, pending.subject_id, event.changes, event.at,
        event.id::text, event.event, event.subject_type, event.subject_id, event.actor, event.request
    FROM audit_event event LEFT JOIN audit_leaf leaf ON leaf.ticket = event.ticket
    LEFT JOIN audit_pending pending ON pending.ticket = event.ticket
    WHERE leaf.ticket IS NULL ORDER BY event.ticket
"""
#: Rows that refer to nothing: table, column, what they should have, and how to find them.
_ORPHANS = (
    (
        "audit_pending",
        "ticket",
        "an event that waits for its place",
        """SELECT pending.ticket::text FROM audit_pending pending
        LEFT JOIN audit_event event USING (ticket) LEFT JOIN audit_leaf leaf USING (ticket)
        WHERE event.ticket IS NULL OR leaf.ticket IS NOT NULL
        UNION ALL SELECT ticket::text FROM audit_pending GROUP BY ticket HAVING count(*) > 1""",
    ),
    (
        "audit_leaf",
        "index",
        "a place under a signed head",
        """SELECT index::text FROM audit_leaf WHERE index < 0
        OR index >= (SELECT coalesce(max(size), 0) FROM audit_checkpoint) ORDER BY index""",
    ),
    (
        "audit_checkpoint",
        "size",
        "no larger than the number of entries",
        """SELECT size::text FROM audit_checkpoint
        WHERE size < 1 OR size > (SELECT coalesce(max(index) + 1, 0) FROM audit_leaf) ORDER BY size""",
    ),
    (
        "audit_cosignature",
        "size",
        "that of a signed head",
        """SELECT size || '/' || witness FROM audit_cosignature LEFT JOIN audit_checkpoint head USING (size)
        WHERE head.size IS NULL""",
    ),
    (
        "audit_tile",
        "n",
        "a place in a tree of this size",
        """SELECT level || '/' || n FROM audit_tile WHERE level NOT BETWEEN 0 AND 5 OR n < 0
        OR n >= (SELECT coalesce(max(size), 0) FROM audit_checkpoint) >> 8 * (least(greatest(level, 0), 5) + 1)
        ORDER BY level, n""",
    ),
    (
        "audit_archived_bundle",
        "n",
        "the number of a bundle of 256 entries",
        """SELECT n::text FROM audit_archived_bundle
        WHERE n < 0 OR (n + 1) * 256 > (SELECT coalesce(max(size), 0) FROM audit_checkpoint)""",
    ),
    (
        "audit_sealed",
        "ticket",
        "that of an event",
        """SELECT sealed.ticket || '/' || sealed.person FROM audit_sealed sealed
        LEFT JOIN audit_event event USING (ticket) WHERE event.ticket IS NULL""",
    ),
)


@dataclass(slots=True)
class Strays:
    """How many events wait for their place, what they say, and when they first used which data key."""

    said: Said
    used: dict[int, datetime]
    waiting: int = 0


def orphans(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    """Rows of the log's tables that stand where there can be none."""
    for table, column, expected, query in _ORPHANS:
        for (key,) in connection.execute(query):
            yield Finding(table, key, column, expected, "none")


def unplaced(connection: psycopg.Connection[Any], known: Known, strays: Strays) -> Iterator[Finding]:
    """Every committed event without a place: it must be pending, not for long, and right in every column."""
    seals = Seals(connection, known.installation_keys, known.erased)
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_UNPLACED).fetchall()
    for ticket, raw, pending, *subject, changes, at, identity, name, kind, about, actor, request in rows:
        strays.waiting += 1
        yield from _pending(ticket, pending, subject, [kind, about], at)
        found = spans.read(raw) if raw is not None else None
        try:
            entry.parse(raw or b"")
        except TlogError as problem:
            yield Finding("audit_event", str(ticket), "leaf", "a log entry", f"none: {problem}")
        if found is None:
            continue
        told = found[0]
        yield from spans.columns(ticket, found, changes, (at, identity, name, kind, about, actor, request))
        strays.said.take(told, None)
        if told["sealed"] or changes is not None:
            committed = Committed(told["id"], at, spans.commitments(told, changes))
            if known.installation_keys:
                yield from seals.check({ticket: committed})
    for key, first in seals.used.items():
        strays.used.setdefault(key, first)


def _pending(
    ticket: int, pending: int | None, subject: list[str], should: list[str], at: datetime
) -> Iterator[Finding]:
    if pending is None:
        yield Finding("audit_pending", str(ticket), "", "the ticket of an event that has no place yet", "missing")
        return
    for column, expected, actual in zip(("subject_type", "subject_id"), should, subject, strict=True):
        if expected != actual:
            yield differs("audit_pending", ticket, column, expected=expected, actual=actual)
    if at < datetime.now(UTC) - WAIT:
        expected = f"placed by the sequencer within {WAIT.seconds} seconds"
        yield Finding("audit_pending", str(ticket), "", expected, f"waiting since {at:%Y-%m-%d %H:%M:%S} UTC")
