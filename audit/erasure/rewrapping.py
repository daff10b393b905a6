"""Another installation key: every living data key is wrapped anew, and copies from before open with nothing."""

from collections.abc import Sequence
from typing import NamedTuple

import structlog
from django.conf import settings
from django.db import connection, transaction

from audit import log, log_events
from audit.actors import Actor
from audit.sealed import datakeys, installation_key

logger = structlog.get_logger(__name__)
_LIVING = "SELECT id, person, wrapped FROM audit_data_key WHERE wrapped IS NOT NULL ORDER BY id"


class _Wrapped(NamedTuple):
    """A data key's id, how it is wrapped, and how it will be."""

    id: int
    was: bytes
    becomes: bytes


def rotate(*, actor: Actor) -> int:
    """Replace the installation key and destroy the old one; how many data keys were wrapped. Safe to kill and repeat.

    Until the one transaction that wraps all living keys anew has committed both files exist and everything opens; a
    repeat goes on where an earlier rotation stopped. A key that opens with neither file, as only somebody else's row
    does, stays as it is and is logged. Records log.sealing_key_rotated. Raises KeyUnusable, with both files in place,
    where none opens: they are another installation's.
    """
    with installation_key.rotation():
        installation_key.replace()
        count = wrap_all(actor=actor)
        installation_key.destroy_old()
    return count


def wrap_all(*, actor: Actor) -> int:
    """Wrap every living key under the current installation key; how many could be.

    By itself where another system owns the files: every process must know both keys, and take the new one for the
    current. Records log.sealing_key_rotated. Raises KeyUnusable.
    """
    with transaction.atomic(durable=True):
        event, subject = log_events.SealingKeyRotated(), log.Subject("log", settings.LOG_ORIGIN)
        log.record(event, subject=subject, actor=actor)
        while True:
            # The call locks the table until the commit: if a key was made meanwhile, the second round has them all.
            living = _living()
            if _stored(living):
                return sum(key.becomes != key.was for key in living)


def _living() -> list[_Wrapped]:
    """Every living key. Raises KeyUnusable where there are some and none opens."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVING)
        rows = [(identity, person, bytes(wrapped)) for identity, person, wrapped in cursor.fetchall()]
    known = installation_key.known()
    living = [_Wrapped(identity, was, _anew(identity, person, was, known)) for identity, person, was in rows]
    if living and all(key.becomes == key.was for key in living):
        raise datakeys.KeyUnusable("No data key opens: is SIGNING_KEY_DIR the one this database was used with?")
    return living


def _anew(identity: int, person: str, was: bytes, known: Sequence[bytes]) -> bytes:
    """The key under the newest file; as it was where it opens with none, so that nobody's row stops a rotation."""
    try:
        key = datakeys.unwrap(was, person=person, known=known)
    except datakeys.KeyUnusable as problem:
        logger.warning("a data key is not wrapped anew", key=identity, why=str(problem))
        return was
    return datakeys.wrap(key, person=person, under=known[0])


def _stored(living: list[_Wrapped]) -> bool:
    columns = [list(column) for column in zip(*living, strict=True)] or [[], [], []]
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_rewrap(%s::bigint[], %s::bytea[], %s::bytea[])", columns)
        return bool(cursor.fetchone()[0])
