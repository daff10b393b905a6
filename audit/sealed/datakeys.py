"""One key a person for what the log seals, wrapped under the installation's own, which stands outside the database.

Destroying a person's key makes every copy of what it sealed unreadable, in backups and in the write-ahead log too, as
soon as the installation's key has been changed: an older wrapped copy then opens with nothing that still exists.
"""

import os
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection, transaction

from audit.sealed import installation_key

logger = structlog.get_logger(__name__)
KEY_BYTES, NONCE_BYTES = 32, 12
_REMEMBERED = 1024
_known: OrderedDict[str, "DataKey"] = OrderedDict()  # of this process; the database says whether one still lives
_INSERT = """
    INSERT INTO audit_data_key (person, wrapped) VALUES (%s, %s)
    ON CONFLICT (person) WHERE wrapped IS NOT NULL DO NOTHING
"""


class KeyUnusable(Exception):
    """A data key does not open under this installation's sealing key: another SIGNING_KEY_DIR, or a changed row."""


class _Overtaken(Exception):
    """The installation's key was replaced between wrapping and inserting."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A living key: its id, how it stands in the table, and what encrypts with it."""

    id: int
    wrapped: bytes
    cipher: AESGCM


def of(person: str, *, again: bool = False) -> DataKey:
    """The person's living key, made at first use. `again`: look it up anew, because the one known is gone."""
    if again or person not in _known:
        _known[person] = _stored(person) or _made(person)
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return _known[person]


def by_id(identity: int) -> AESGCM | None:
    """What opens values sealed under that key; None once it is destroyed. Raises KeyUnusable."""
    return by_ids([identity]).get(identity)


def by_ids(identities: Iterable[int]) -> dict[int, AESGCM]:
    """What opens values sealed under those keys, by id; destroyed ones are missing. One query. Raises KeyUnusable."""
    found = _opened("id = ANY(%s)", [list(identities)])
    return {key.id: key.cipher for key in found}


def usable(identities: Iterable[int]) -> dict[int, AESGCM]:
    """As `by_ids`, without those that do not open: a row that anybody put there does not hide the others."""
    wanted = sorted(set(identities))
    try:
        return by_ids(wanted)
    except KeyUnusable:
        return {key: cipher for key in wanted if (cipher := _if_usable(key))}


def forget(person: str) -> None:
    """Let go of a destroyed key; other processes hold theirs until the person is next written about, or they end."""
    _known.pop(person, None)


def living(person: str) -> list[int]:
    """The ids of the person's living keys: one at most."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM audit_data_key WHERE person = %s AND wrapped IS NOT NULL", [person])
        return [identity for (identity,) in cursor.fetchall()]


def wrap(key: bytes, *, person: str, under: bytes | None = None) -> bytes:
    """The key encrypted under the installation's own, bound to the person. under: that one, if it was read before."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(under or installation_key.current()).encrypt(nonce, key, person.encode())


def unwrap(wrapped: bytes, *, person: str, known: Sequence[bytes] = ()) -> bytes:
    """Undo `wrap`. known: the installation's keys, where they were read before. Raises KeyUnusable."""
    for key in known or installation_key.known():
        try:
            return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person.encode())
        except (InvalidTag, ValueError):  # ValueError: too short to be one
            continue
    raise KeyUnusable("A data key does not open: is SIGNING_KEY_DIR the one this database was used with?")


def _if_usable(identity: int) -> AESGCM | None:
    try:
        return by_id(identity)
    except KeyUnusable as problem:
        logger.warning("a data key does not open", key=identity, why=str(problem))
        return None


def _stored(person: str) -> DataKey | None:
    return next(iter(_opened("person = %s AND wrapped IS NOT NULL", [person])), None)


def _opened(condition: str, values: list[Any]) -> list[DataKey]:
    """The living keys there. Read once more where a rotation ended between reading them and reading the files."""
    try:
        return _read(condition, values)
    except KeyUnusable:
        return _read(condition, values)


def _read(condition: str, values: list[Any]) -> list[DataKey]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, person, wrapped FROM audit_data_key WHERE {condition}", values)
        found = cursor.fetchall()
    known = installation_key.known()  # after the rows: a rotation ends with its files
    return [
        DataKey(identity, bytes(wrapped), AESGCM(unwrap(bytes(wrapped), person=person, known=known)))
        for identity, person, wrapped in found
        if wrapped is not None
    ]


def _made(person: str) -> DataKey:
    """A new key under the current installation key, or that of a process that was first.

    From the insert on, a rotation waits for this transaction; one that was quicker has put its new file in place
    before, and the key is wrapped again: none is ever left that only the old file opens.
    """
    while True:
        under = installation_key.current()
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_INSERT, [person, wrap(os.urandom(KEY_BYTES), person=person, under=under)])
                if installation_key.current() != under:
                    raise _Overtaken
        except _Overtaken:
            continue
        key = _stored(person)
        if key is not None:
            return key
