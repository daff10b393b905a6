"""`record`, the only way into the log."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import uuid_utils.compat
from django.db import connection

from audit import guard, rows
from audit.actors import Actor
from audit.encoding import encode, encode_checked
from audit.events import Event, Json, timestamp
from audit.models import Governed
from audit.sealed.sealing import Envelope
from audit.tlog import canonical

MAX_ENTRY_BYTES = 65_535
_INSERT = """
    INSERT INTO audit_event (id, leaf, changes, event, subject_type, subject_id, actor, at, request)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING ticket
"""


class EntryTooLarge(Exception):
    """The entry would pass 65,535 bytes: store the payload as an artifact and record its digest instead."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event is about where that is no row, such as the log itself."""

    type: str
    id: str


def record(
    event: Event,
    *,
    subject: Governed | Subject,
    actor: Actor,
    reason: str = "",
    sealed: Mapping[str, str] | None = None,
    also: Sequence[Governed] = (),
    parts: Sequence[Governed] = (),
    event_id: UUID | None = None,
) -> UUID:
    """Write one event into the log, in the caller's transaction; call it last, with the subject's row locked.

    subject: the governed row that the event is about, as it stands after the change; what changed in it since it was
        read, column by column, is sealed beside the entry.
    reason: the person's own words; stands in the entry as a commitment only, like everything in `sealed`.
    also: further governed rows that belong to this change; the entry holds their digests, and seals their changes.
    parts: all parts of the subject in one table, where there may be hundreds; the entry holds one digest of them all.
    event_id: given where the same delivery may come twice; the second is refused by the database.
    Returns the event's id. Raises EntryTooLarge.
    """
    envelope, identity, at = Envelope(), event_id or uuid_utils.compat.uuid7(), datetime.now(UTC)
    about, changed = _about(subject), [*([subject] if isinstance(subject, Governed) else []), *also]
    words = {**({"reason": reason} if reason else {}), **(sealed or {})}
    changes = _changes(changed, envelope)
    entry: dict[str, Json] = {
        "v": 1,
        "id": str(identity),
        "event": event.event_name,
        "subject": {"type": about.type, "id": about.id},
        "actor": actor.id,
        "at": timestamp(at),
        "request": actor.request,
        "row": rows.digest(subject) if isinstance(subject, Governed) else None,
        "rows": _rows(also, parts),
        "sealed": {field: envelope.add(field, text, person=actor.id) for field, text in words.items()},
        "data": event.payload(),
        **({"changes": hashlib.sha256(changes).hexdigest()} if changes else {}),
    }
    leaf = encode(entry)
    if len(leaf) > MAX_ENTRY_BYTES:
        raise EntryTooLarge(f"The entry of {event.event_name} has {len(leaf)} bytes; the log takes {MAX_ENTRY_BYTES}.")
    columns = [identity, leaf, changes, event.event_name, about.type, about.id, actor.id, at, actor.request]
    _store(identity, columns, envelope)
    for row in changed:
        row.remember()
    return identity


def _store(identity: UUID, columns: Sequence[Any], envelope: Envelope) -> None:
    """The entry and what it seals, in one round trip."""
    if envelope.is_empty():  # The sequencer's role, which seals nothing, may not do the other.
        _execute(_INSERT, columns)
        return
    statement, values = envelope.store(identity)
    stored = _execute(f"WITH event AS ({_INSERT}) {statement}", [*columns, *values])
    envelope.complete(identity, stored=[person for (person,) in stored])


def _execute(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """In the caller's transaction, prepared: Django's own cursor writes every value into the statement's text."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, parameters, prepare=True).fetchall()


def _about(subject: Governed | Subject) -> Subject:
    return subject if isinstance(subject, Subject) else Subject(guard.of(type(subject)).subject, str(subject.pk))


def _rows(also: Sequence[Governed], parts: Sequence[Governed]) -> dict[str, Json]:
    digests: dict[str, Json] = {rows.label(row): rows.digest(row) for row in also}
    return {**digests, rows.parts_label(parts): rows.parts_digest(parts)} if parts else digests


def _changes(changed: Sequence[Governed], envelope: Envelope) -> bytes | None:
    """The commitments to old and new values, by row, column and side, as canonical JSON."""
    found: dict[str, Json] = {}
    for row in changed:
        label, person = rows.label(row), rows.person(row)
        columns: dict[str, Json] = {}
        for column, old, new, new_row in rows.changes(row):
            sides = {"new": new} if new_row else {"old": old, "new": new}
            columns[column] = {
                side: envelope.add(f"{label}.{column}.{side}", value, person=person) for side, value in sides.items()
            }
        if columns:
            found[label] = columns
    canonical.check(dict.fromkeys(found))  # The rest is names of columns and hexadecimal digits.
    return encode_checked(found) if found else None
