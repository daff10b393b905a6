"""Another installation key: every living data key is wrapped anew, and copies from before open with nothing."""

from django.conf import settings
from django.db import connection, transaction

from audit import datakeys, installation_key, log, log_events
from audit.actors import Actor

_LIVING = "SELECT id, person, wrapped FROM audit_data_key WHERE wrapped IS NOT NULL ORDER BY id"


def rotate(*, actor: Actor) -> int:
    """Replace the installation key and destroy the old one; how many data keys there are. Safe to kill, and to repeat.

    Until the one transaction that wraps all living keys anew has committed both files exist and everything opens; a
    repeat goes on where an earlier rotation stopped. Records log.sealing_key_rotated. Raises KeyUnusable, with both
    files in place, where a key opens with neither.
    """
    with installation_key.rotation():
        installation_key.replace()
        count = wrap_all(actor=actor)
        installation_key.destroy_old()
    return count


def wrap_all(*, actor: Actor) -> int:
    """Wrap every living key under the current installation key; how many there are.

    By itself where another system owns the files: every process must know both keys, and take the new one for the
    current. Records log.sealing_key_rotated. Raises KeyUnusable.
    """
    with transaction.atomic(durable=True):
        event, subject = log_events.SealingKeyRotated(), log.Subject("log", settings.LOG_ORIGIN)
        log.record(event, subject=subject, actor=actor)
        while True:
            # The call locks the table until the commit: if a key was made meanwhile, the second round has them all.
            keys, was, anew = _living()
            if _stored(keys, was, anew):
                return len(keys)


def _living() -> tuple[list[int], list[bytes], list[bytes]]:
    """Every living key: its id, how it is wrapped, and wrapped anew."""
    with connection.cursor() as cursor:
        cursor.execute(_LIVING)
        rows = [(identity, person, bytes(wrapped)) for identity, person, wrapped in cursor.fetchall()]
    known = installation_key.known()
    opened = [(person, datakeys.unwrap(wrapped, person=person, known=known)) for _, person, wrapped in rows]
    anew = [datakeys.wrap(key, person=person, under=known[0]) for person, key in opened]
    return [row[0] for row in rows], [row[2] for row in rows], anew


def _stored(keys: list[int], was: list[bytes], anew: list[bytes]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_rewrap(%s::bigint[], %s::bytea[], %s::bytea[])", [keys, was, anew])
        return bool(cursor.fetchone()[0])
