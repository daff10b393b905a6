"""Sealed values of entries: each opens its commitment, or its erasure is on record. No Django: workers import this."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from audit.watch.findings import Finding, differs

_NONCE_BYTES = 12
_CONTENT_DOMAIN = b"audit/sealed/v1\n"
_COMMITMENT_DOMAIN = b"audit/seal/v1\n"
_SEALED = """
    SELECT ticket, person, key, content FROM audit_sealed WHERE ticket = ANY(%s) ORDER BY ticket, person
"""
_KEY = "SELECT person, wrapped FROM audit_data_key WHERE id = %s"


class Unopened(Exception):
    """A data key that no sealing key of this installation opens for its person."""


class Missing(Exception):
    """A data key that is not there at all."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What executed erasures took: fields of events, and data keys with everything that they opened."""

    events: Mapping[str, frozenset[str]] = field(default_factory=dict)
    keys: frozenset[int] = frozenset()
    #: Entries that tell of an erasure which nobody asked for and another approved: they explain nothing.
    unfounded: tuple[Finding, ...] = ()

    def covers(self, event: str, name: str, emptied: Iterable[int]) -> bool:
        """Whether a field may be gone; emptied: the keys of what stands beside the event without its content."""
        return name in self.events.get(event, ()) or not self.keys.isdisjoint(emptied)


class Committed(NamedTuple):
    """One entry's event id and time, and its commitments by field, in hex."""

    event: str
    at: datetime
    fields: dict[str, str]


@dataclass(slots=True)
class Seals:
    """Opens what is sealed, with the installation's keys; remembers the data keys that it has unwrapped."""

    connection: psycopg.Connection[Any]
    installation_keys: tuple[bytes, ...]
    erased: Erased
    values: int = 0
    #: When the first entry of those checked was sealed with a key.
    used: dict[int, datetime] = field(default_factory=dict)
    _ciphers: dict[int, tuple[str, AESGCM | None]] = field(default_factory=dict)

    def check(self, committed: Mapping[int, Committed]) -> Iterator[Finding]:
        """Compare everything sealed with these events, given by ticket, to what their entries commit to."""
        unopened = {ticket: dict(one.fields) for ticket, one in committed.items()}
        emptied: dict[int, dict[int, str]] = {}
        with self.connection.cursor(binary=True) as cursor:
            for ticket, person, key, content in cursor.execute(_SEALED, [list(committed)]):
                self.used.setdefault(key, committed[ticket].at)
                if content is None:
                    emptied.setdefault(ticket, {})[key] = person
                yield from self._row(f"{ticket}/{person}", committed[ticket], unopened[ticket], (person, key, content))
        for ticket, fields in unopened.items():
            if fields:
                yield from self._missing(ticket, committed[ticket], fields, emptied.get(ticket, {}))

    def _row(
        self, key: str, one: Committed, unopened: dict[str, str], row: tuple[str, int, bytes | None]
    ) -> Iterator[Finding]:
        person, data_key, content = row
        try:
            owner, cipher = self._cipher(data_key)
            if owner != person:
                yield differs("audit_sealed", key, "key", expected=f"a key of {person}", actual=f"one of {owner}")
            elif content is not None and cipher is None:
                yield differs("audit_sealed", key, "content", expected="gone with its key", actual="still there")
            elif content is not None and cipher is not None:
                yield from self._fields(key, unopened, _decrypt(cipher, content, one.event))
        except Missing:
            yield Finding("audit_data_key", str(data_key), "id", f"the key of audit_sealed {key}", "missing")
        except Unopened:
            yield Finding("audit_data_key", str(data_key), "wrapped", f"a key that opens for {person}", "another")
        except (InvalidTag, ValueError):
            unopened.clear()  # one finding for all that stood in here
            yield Finding("audit_sealed", key, "content", "what was sealed for this event and person", "something else")

    def _fields(self, key: str, unopened: dict[str, str], content: Mapping[str, list[Any]]) -> Iterator[Finding]:
        for name, (salt, value) in content.items():
            self.values += 1
            # As `seal.commit` does it, by the faster encoder: other bytes would not lead to the commitment.
            pair = orjson.dumps([name, value], option=orjson.OPT_SORT_KEYS)
            digest = hashlib.sha256(_COMMITMENT_DOMAIN + bytes.fromhex(salt) + pair).hexdigest()
            commitment = unopened.pop(name, None)
            if digest != commitment:
                expected = f"what opens {commitment}" if commitment else "without it: the entry does not commit to it"
                yield Finding("audit_sealed", key, f"content, field {name}", expected, "another value")

    def _missing(
        self, ticket: int, one: Committed, fields: Iterable[str], emptied: Mapping[int, str]
    ) -> Iterator[Finding]:
        """Nothing opens these: an erasure must say why. emptied: whose content is gone as a whole, by key."""
        key = f"{ticket}/{', '.join(sorted(emptied.values()))}" if emptied else str(ticket)
        for name in fields:
            if not self.erased.covers(one.event, name, emptied):
                expected = f"what opens {one.fields[name][:24]}…"
                yield Finding("audit_sealed", key, f"content, field {name}", expected, "gone, and no erasure says so")

    def _cipher(self, identity: int) -> tuple[str, AESGCM | None]:
        if identity not in self._ciphers:
            with self.connection.cursor(binary=True) as cursor:
                found = cursor.execute(_KEY, [identity]).fetchone()
            if found is None:
                raise Missing
            person, wrapped = found
            self._ciphers[identity] = (person, self.unwrap(wrapped, person) if wrapped is not None else None)
        return self._ciphers[identity]

    def unwrap(self, wrapped: bytes, person: str) -> AESGCM:
        """A data key. Raises Unopened."""
        for key in self.installation_keys:
            try:
                nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
                return AESGCM(AESGCM(key).decrypt(nonce, sealed, person.encode()))
            except (InvalidTag, ValueError):
                continue
        raise Unopened


def _decrypt(cipher: AESGCM, content: bytes, event: str) -> dict[str, list[Any]]:
    data = _CONTENT_DOMAIN + UUID(event).bytes
    fields: dict[str, list[Any]] = orjson.loads(cipher.decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], data))
    return fields
