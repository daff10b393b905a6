"""`record`, the only way into the log."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import uuid_utils.compat
from django.db import connection, models

from audit import guard, rows
from audit.actors import Actor
from audit.events import Event, Json, timestamp
from audit.tlog import canonical, seal

MAX_ENTRY_BYTES = 65_535
_INSERT_EVENT = """
    INSERT INTO audit_event (id, leaf, event, subject_type, subject_id, actor, at, request)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING ticket
"""
_INSERT_SEALED = "INSERT INTO audit_sealed (commitment, ticket, field, salt, value) VALUES (%s, %s, %s, %s, %s)"


class EntryTooLarge(Exception):
    """The entry would pass 65,535 bytes: store the payload as an artifact and record its digest instead."""


def record(
    event: Event,
    *,
    subject: models.Model,
    actor: Actor,
    reason: str = "",
    sealed: Mapping[str, str] | None = None,
    also: Sequence[models.Model] = (),
    event_id: UUID | None = None,
) -> UUID:
    """Write one event into the log, in the caller's transaction; call it last, with the subject's row locked.

    subject: the governed row that the event is about, as it stands after the change.
    reason: the person's own words; stands in the entry as a commitment only, like everything in `sealed`.
    also: further governed rows that belong to this change; the entry holds their digests.
    event_id: given where the same delivery may come twice; the second is refused by the database.
    Returns the event's id. Raises EntryTooLarge.
    """
    secret = {**({"reason": reason} if reason else {}), **(sealed or {})}
    salts = {field: secrets.token_bytes(32) for field in secret}
    identity = event_id or uuid_utils.compat.uuid7()
    at = datetime.now(UTC)
    commitments = {field: seal.commit(field, value, salts[field]) for field, value in secret.items()}
    entry: dict[str, Json] = {
        "v": 1,
        "id": str(identity),
        "event": event.event_name,
        "subject": {"type": guard.of(type(subject)).subject, "id": str(subject.pk)},
        "actor": actor.id,
        "at": timestamp(at),
        "request": actor.request,
        "row": rows.digest(subject),
        "rows": {rows.label(row): rows.digest(row) for row in also},
        "sealed": {field: commitment.hex() for field, commitment in commitments.items()},
        "data": event.payload(),
    }
    leaf = canonical.encode(entry)
    if len(leaf) > MAX_ENTRY_BYTES:
        raise EntryTooLarge(f"The entry of {event.event_name} has {len(leaf)} bytes; the log takes {MAX_ENTRY_BYTES}.")
    subject_type = guard.of(type(subject)).subject
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_EVENT,
            [identity, leaf, event.event_name, subject_type, str(subject.pk), actor.id, at, actor.request],
        )
        (ticket,) = cursor.fetchone()
        if secret:
            cursor.executemany(
                _INSERT_SEALED,
                [(commitments[field], ticket, field, salts[field], value) for field, value in secret.items()],
            )
    return identity
