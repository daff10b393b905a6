"""Sealed values: the entry commits to each, and they stand beside it, encrypted, with the salts that open them."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import structlog
from cryptography.exceptions import InvalidTag
from django.db import connection

from audit.encoding import encode
from audit.events import Json
from audit.models import Event, Sealed
from audit.sealed import datakeys
from audit.tlog import seal

logger = structlog.get_logger(__name__)
_DOMAIN = b"audit/sealed/v1\n"
# One row a person and no arrays: making those and taking them apart would cost more than the event itself.
_STORE = """
    INSERT INTO audit_sealed (ticket, person, key, content)
    SELECT ticket, person, key, content FROM event, (VALUES {rows}) AS given (person, key, wrapped, content)
    WHERE EXISTS (SELECT FROM audit_data_key living WHERE living.id = key AND living.wrapped = given.wrapped)
    RETURNING person
"""
_ROW = "(%s::text, %s::bigint, %s::bytea, %s::bytea)"


class Envelope:
    """Collects the values that one event seals, each under the person whom it is about."""

    def __init__(self) -> None:
        self._content: dict[str, dict[str, list[Json]]] = defaultdict(dict)

    def add(self, field: str, value: Json, *, person: str) -> str:
        """Seal one value; returns the commitment for the entry, in hex."""
        salt = os.urandom(seal.SALT_BYTES)
        self._content[person][field] = [salt.hex(), value]
        return seal.commit_to(encode([field, value]), salt).hex()

    def is_empty(self) -> bool:
        return not self._content

    def store(self, identity: UUID, *, but_for: Collection[str] = (), again: bool = False) -> tuple[str, list[Any]]:
        """SQL that stores it all for the ticket in a relation named ``event``, and what stands in its place holders.

        It returns the people whose keys still lived. again: with keys looked up anew.
        """
        values: list[Any] = []
        people = sorted(self._content.keys() - but_for)
        for person in people:
            key = datakeys.of(person, again=again)
            values += [person, key.id, key.wrapped, encrypt(key.cipher, self._content[person], identity)]
        return _STORE.format(rows=", ".join([_ROW] * len(people))), values

    def complete(self, identity: UUID, stored: Collection[str]) -> None:
        """Store what is missing: of people whose key had gone since this process saw it. Raises KeyUnusable."""
        if self._content.keys() <= set(stored):
            return
        statement, values = self.store(identity, but_for=stored, again=True)
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH event AS (SELECT ticket FROM audit_event WHERE id = %s) {statement}", [identity, *values]
            )
            late = {person for (person,) in cursor.fetchall()}
        if missing := self._content.keys() - late - set(stored):
            raise datakeys.KeyUnusable(f"No data key can be had for {sorted(missing)}.")


@dataclass(frozen=True, slots=True)
class Opened:
    """A sealed value that can still be read."""

    field: str
    salt: bytes
    value: Json
    person: str


def encrypt(cipher: datakeys.AESGCM, content: dict[str, list[Json]], identity: UUID) -> bytes:
    """What stands in the table for the fields given, bound to their event."""
    nonce = os.urandom(datakeys.NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, orjson.dumps(content, option=orjson.OPT_SORT_KEYS), _DOMAIN + identity.bytes)


def decrypt(cipher: datakeys.AESGCM, content: bytes, identity: UUID) -> dict[str, list[Json]]:
    """The fields as {name: [salt in hex, value]}. Raises InvalidTag where the bytes were changed or moved."""
    nonce, sealed = content[: datakeys.NONCE_BYTES], content[datakeys.NONCE_BYTES :]
    fields: dict[str, list[Json]] = orjson.loads(cipher.decrypt(nonce, sealed, _DOMAIN + identity.bytes))
    return fields


def readable(cipher: datakeys.AESGCM, row: Sealed, identity: UUID) -> dict[str, list[Json]]:
    """What stands in a row; nothing where it is not what was sealed for the event: the watch finds that."""
    try:
        return decrypt(cipher, bytes(row.content or b""), identity)
    except (InvalidTag, ValueError) as problem:
        logger.warning("a sealed value does not open", ticket=row.ticket, key=row.key, why=repr(problem))
        return {}


def opened(events: Iterable[Event]) -> Iterator[Opened]:
    """Every sealed value of these events that has not been erased and opens; what does not open is logged."""
    identities = {event.ticket: event.id for event in events}
    rows = list(Sealed.objects.filter(ticket__in=identities).exclude(content=None).order_by("ticket", "person"))
    ciphers = datakeys.usable({row.key for row in rows}) if rows else {}
    for row in rows:
        cipher = ciphers.get(row.key)
        if cipher is None:
            continue
        for field, (salt, value) in readable(cipher, row, identities[row.ticket]).items():
            yield Opened(field, bytes.fromhex(str(salt)), value, row.person)
