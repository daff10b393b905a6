"""The keys by which a self-check believes: the log's, those of sealed values, and what was erased with them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from audit import entries, installation_key
from audit import witnesses as trust
from audit.models import Event
from audit.tlog import entry, note
from audit.tlog.chronicle import Chronicle, Fixed
from audit.tlog.errors import TlogError
from audit.tlog.histories import EVENT as HISTORIES
from audit.watch.findings import Finding, differs
from audit.watch.heads import PATIENCE
from audit.watch.seals import Erased, Seals, Unopened
from audit.watch.spans import Known

_DATA_KEYS = "SELECT id, person, wrapped, made_at FROM audit_data_key ORDER BY id"
_EXECUTED = "redaction.executed"


def outside() -> tuple[list[note.Verifier], set[bytes]]:
    """The log's keys as they stand beside the database: verifier keys, and the bare public ones."""
    folder = Path(settings.SIGNING_KEY_DIR)
    lines = [line for path in folder.glob("log*.vkey") for line in path.read_text().split()]
    raw = {path.read_bytes() for path in folder.glob("log*.pub")}
    return [note.Verifier.parse(line) for line in lines], raw


def witnesses() -> tuple[note.Verifier, ...]:
    """Those of the trust policy."""
    policy = trust.trusted()
    return tuple(known.key for known in policy.witnesses.values()) if policy else ()


def installation() -> tuple[bytes, ...]:
    """What data keys are wrapped under; nothing where this machine has none. None is made here."""
    there = Path(settings.SIGNING_KEY_DIR, installation_key.CURRENT).exists()
    return tuple(installation_key.known()) if there else ()


def believed(
    chronicle: Chronicle, own: Iterable[note.Verifier], raw: set[bytes], *, before: int
) -> dict[note.Verifier, None]:
    """Keys whose heads need no other proof: known outside, or announced before this size, where an earlier run looked.

    Where nothing is known outside, the log's first key has to be taken from the log.
    """
    found = dict.fromkeys(own)
    found |= {note.Verifier(str(settings.LOG_ORIGIN), note.ED25519, key): None for key in raw}
    announced = chronicle.announced
    found |= {key: None for key, index in announced.items() if key.public_key in raw or index < before}
    return found or dict.fromkeys(list(announced)[:1])


def fixed() -> Fixed | None:
    """The root of histories that the log fixed last; its entry may still wait for its place."""
    event = Event.objects.filter(event=HISTORIES).order_by("-ticket").first()
    if event is None:
        return None
    data: Any = entry.parse(entries.raw([event])[0])["data"]
    return Fixed(data["size"], bytes.fromhex(data["root"]), data["subjects"], event.ticket)


def executed() -> Iterator[Mapping[str, Any]]:
    """The data of every executed erasure, from the entries themselves."""
    events = list(Event.objects.filter(event=_EXECUTED))
    for raw in entries.raw(events):
        try:
            data = entry.parse(raw)["data"]
        except TlogError:
            continue  # found where entries are read
        if isinstance(data, Mapping):
            yield data


def erased() -> Erased:
    """Which sealed values may be gone, and which keys."""
    fields: dict[str, frozenset[str]] = {}
    keys: set[int] = set()
    for data in executed():
        if data["event"] is None:
            keys.update(data["keys"])
        else:
            fields[data["event"]] = fields.get(data["event"], frozenset()) | frozenset(data["fields"])
    return Erased(fields, frozenset(keys))


def data_keys(connection: psycopg.Connection[Any], known: Known, used: Mapping[int, datetime]) -> Iterator[Finding]:
    """Each data key opens for its person or was destroyed on record, and was made when it was first used."""
    if not known.installation_keys:
        return
    seals = Seals(connection, known.installation_keys, known.erased)
    for identity, person, wrapped, made_at in connection.execute(_DATA_KEYS, binary=True).fetchall():
        if wrapped is None and identity not in known.erased.keys:
            expected = "a key: no erasure says that it was destroyed"
            yield Finding("audit_data_key", str(identity), "wrapped", expected, "destroyed")
        elif wrapped is not None:
            try:
                seals.unwrap(wrapped, person)
            except Unopened:
                expected = f"a key that opens for {person}"
                yield Finding("audit_data_key", str(identity), "wrapped, person", expected, "another")
        if identity not in used:
            yield Finding("audit_data_key", str(identity), "id", "the key of something sealed", "that of nothing")
        elif abs(made_at - used[identity]) > PATIENCE:
            expected = f"near its first use, {used[identity]}"
            yield differs("audit_data_key", identity, "made_at", expected=expected, actual=str(made_at))
