"""Finds events by subject, actor, name, request and time, in the order of their tickets, a bounded look at a time.

Every look is a walk along one index, of at most LOOKS entries, so that a page costs the same in a log of a thousand
events and of ten million; where several filters meet, the narrowest decides the index and the others are checked on
the way. A page may therefore hold fewer events than were asked for and still have a next one.

Tickets are given when an event is written, places in the tree when it has committed: who follows the log reads it by
place (`/log/`, or an export `since` an index), where nothing ever appears behind the reader.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from audit.models import Event

LOOKS = 1000
#: Two events' times may contradict their tickets by this much: no machine's clock is wrong by more than half of it.
TOLERANCE = timedelta(minutes=10)
_COLUMNS = "ticket, id, event, subject_type, subject_id, actor, at, request"
_NAMES = _COLUMNS.split(", ")
#: The columns before `ticket` of each index, the narrowest first.
_INDEXES = (("subject_type", "subject_id"), ("actor",), ("event",), ())
# Nothing could make the planner take another index: as a row, the columns are a range and not a constant.
_WALK = """
    SELECT {columns} FROM audit_event
    WHERE ({key}) >= ({places}) AND ({key}) < ({places}) ORDER BY {order} LIMIT %s
"""
# What fits, and the last entry of a look that went its whole length: from there the next one goes on.
_LOOK = """
    SELECT * FROM (
        SELECT *, {fits} AS fits, row_number() OVER (ORDER BY {order}) AS look FROM ({walk}) walked
    ) looked_at WHERE fits OR look = %s ORDER BY {order} LIMIT %s
"""
# A request has few events, so all of them are read.
_OF_REQUEST = """
    WITH found AS MATERIALIZED (SELECT {columns} FROM audit_event WHERE request = %s AND NOT (request = ''))
    SELECT * FROM found WHERE {fits} AND ticket >= %s AND ticket < %s ORDER BY {order} LIMIT %s
"""
_SUBJECT_TYPES = """
    WITH RECURSIVE known (subject_type) AS (
        (SELECT subject_type FROM audit_event ORDER BY subject_type LIMIT 1)
        UNION ALL
        SELECT (
            SELECT event.subject_type FROM audit_event event
            WHERE event.subject_type > known.subject_type ORDER BY event.subject_type LIMIT 1
        ) FROM known WHERE known.subject_type IS NOT NULL
    )
    SELECT subject_type FROM known WHERE EXISTS (
        SELECT FROM audit_event event WHERE event.subject_type = known.subject_type AND event.subject_id = %s
    )
"""
# Halves the tickets until `low` is the first whose event is not before the moment.
_FIRST_FROM = """
    WITH RECURSIVE halved (low, high) AS (
        SELECT coalesce(min(ticket), 1), coalesce(max(ticket), 0) + 1 FROM audit_event
        UNION ALL
        SELECT
            CASE WHEN probe.at < %(moment)s THEN probe.ticket + 1 ELSE low END,
            CASE WHEN probe.at < %(moment)s THEN high ELSE (low + high) / 2 END
        FROM halved LEFT JOIN LATERAL (
            SELECT ticket, at FROM audit_event
            WHERE ticket >= (halved.low + halved.high) / 2 AND ticket < halved.high ORDER BY ticket LIMIT 1
        ) probe ON true
        WHERE low < high
    )
    SELECT low FROM halved WHERE low >= high
"""
_LAST_TICKET = 2**63 - 1


class Ambiguous(Exception):
    """Subjects of several types have this id; names the types."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; an empty text asks for nothing. `since` is within, `until` is not."""

    subject_type: str = ""
    subject_id: str = ""
    actor: str = ""
    event: str = ""
    request: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def equalities(self) -> dict[str, str]:
        """The columns that must have one value."""
        names = ("subject_type", "subject_id", "actor", "event", "request")
        return {name: value for name in names if (value := getattr(self, name))}


class Page(NamedTuple):
    """Events in the order asked for; `rest` is the ticket after which the next look begins, None at the end."""

    events: list[Event]
    rest: int | None


def find(query: Query, *, limit: int, after: int | None = None, newest_first: bool = True) -> Page:
    """At most `limit` events, beyond the ticket `after` in the direction asked for. Raises Ambiguous."""
    equal = query.equalities()
    if "subject_id" in equal and "subject_type" not in equal:
        types = _subject_types(query.subject_id)
        if not types:
            return Page([], None)
        equal["subject_type"] = types[0]
    low, high = _window(query)
    if after is not None:
        low, high = (low, min(high, after)) if newest_first else (max(low, after + 1), high)
    if low >= high:
        return Page([], None)
    look = _Look(query, equal, low, high, newest_first)
    return look.at_request(limit) if "request" in equal else look.along_index(limit)


@dataclass(frozen=True, slots=True)
class _Look:
    """One page's statement: the columns that must be equal, the tickets it may take, and the direction."""

    query: Query
    equal: dict[str, str]
    low: int
    high: int
    newest_first: bool

    def along_index(self, limit: int) -> Page:
        columns = next(index for index in _INDEXES if all(column in self.equal for column in index))
        conditions, values = self._checked(without=columns)
        given = [self.equal[column] for column in columns]
        statement = _LOOK.format(walk=self._walk(columns), fits=conditions, order=self._order(columns))
        arguments = [*values, *given, self.low, *given, self.high, LOOKS, LOOKS, limit + 1]
        with connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            rows = cursor.fetchall()
        events = [_event(row) for row in rows if row[-2]]
        if len(events) > limit:
            return Page(events[:limit], events[limit - 1].ticket)
        return Page(events, rows[-1][0] if rows and rows[-1][-1] == LOOKS else None)

    def at_request(self, limit: int) -> Page:
        conditions, values = self._checked(without=("request",))
        statement = _OF_REQUEST.format(columns=_COLUMNS, fits=conditions, order=self._order(()))
        with connection.cursor() as cursor:
            cursor.execute(statement, [self.equal["request"], *values, self.low, self.high, limit + 1])
            events = [_event(row) for row in cursor.fetchall()]
        return Page(events[:limit], events[limit - 1].ticket if len(events) > limit else None)

    def _walk(self, columns: tuple[str, ...]) -> str:
        key = ", ".join((*columns, "ticket"))
        places = ", ".join(["%s"] * (len(columns) + 1))
        return _WALK.format(columns=_COLUMNS, key=key, places=places, order=self._order(columns))

    def _order(self, columns: tuple[str, ...]) -> str:
        direction = " DESC" if self.newest_first else ""
        return ", ".join(f"{column}{direction}" for column in (*columns, "ticket"))

    def _checked(self, *, without: tuple[str, ...]) -> tuple[str, list[Any]]:
        """What the walked index does not know, as a condition with its values."""
        checks = [(f"{name} = %s", value) for name, value in self.equal.items() if name not in without]
        times = [("at >= %s", self.query.since), ("at < %s", self.query.until)]
        found = [*checks, *((text, value) for text, value in times if value is not None)]
        return " AND ".join(["true", *(text for text, _ in found)]), [value for _, value in found]


def _window(query: Query) -> tuple[int, int]:
    """The tickets outside of which no event is in the range of time."""
    low = _first_from(query.since - TOLERANCE) if query.since else 0
    high = _first_from(query.until + TOLERANCE) if query.until else _LAST_TICKET
    return low, high


def _first_from(moment: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FIRST_FROM, {"moment": moment})
        found: tuple[int] = cursor.fetchone()
    return found[0]


def _subject_types(subject_id: str) -> list[str]:
    """The types of the subjects that have this id: one, since ids are unique, or none. Raises Ambiguous."""
    with connection.cursor() as cursor:
        cursor.execute(_SUBJECT_TYPES, [subject_id])
        types = [name for (name,) in cursor.fetchall()]
    if len(types) > 1:
        raise Ambiguous(f"Subjects of several types have this id: {', '.join(types)}.")
    return types


def _event(row: tuple[Any, ...]) -> Event:
    return Event(**dict(zip(_NAMES, row, strict=False)))
