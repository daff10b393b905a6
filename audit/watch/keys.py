"""The keys by which a self-check believes: the log's, those of sealed values, and what was erased with them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings

from audit import log_events
from audit.events import Event as Kind
from audit.models import DataKey, Event, Redaction
from audit.outside import witnesses as trust
from audit.sealed import installation_key
from audit.tlog import entry, note
from audit.tlog.chronicle import Chronicle, Fixed
from audit.tlog.errors import TlogError
from audit.tlog.histories import EVENT as HISTORIES
from audit.tree import entries
from audit.watch.findings import Finding, differs
from audit.watch.heads import PATIENCE
from audit.watch.seals import Erased, Seals, Unopened
from audit.watch.spans import Known

_DATA_KEYS = "SELECT id, person, wrapped, made_at FROM audit_data_key ORDER BY id"


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


def erased() -> Erased:
    """Which sealed values may be gone, and which keys: by entries that a request and a second person stand behind."""
    rows = {str(row.pk): row for row in Redaction.objects.filter(state=Redaction.State.EXECUTED)}
    asked = _asked(rows)
    fields: dict[str, frozenset[str]] = {}
    keys: set[int] = set()
    unfounded: list[Finding] = []
    for event, data in _told(log_events.ValuesRedacted):
        row = rows.pop(event.subject_id, None)  # one entry an erasure: a second one explains nothing
        if row is None or event.actor != row.decided_by or not _is_of(data, row):
            unfounded.append(_unfounded(event, "an executed request by another person for what it tells of"))
        elif event.ticket <= asked.get(event.subject_id, event.ticket):
            unfounded.append(_unfounded(event, "an earlier entry in which another person asked for it"))
        elif row.event is None:
            keys.update(data["keys"])
        else:
            fields[str(row.event)] = fields.get(str(row.event), frozenset()) | frozenset(row.fields)
    return Erased(fields, frozenset(keys), tuple(unfounded))


def _told(kind: type[Kind]) -> Iterator[tuple[Event, Mapping[str, Any]]]:
    """Every event of a kind about an erasure, oldest first, with the data of its entry; nothing where it has none."""
    events = list(Event.objects.filter(event=kind.event_name).order_by("ticket"))
    for event, raw in zip(events, entries.raw(events), strict=True):
        try:
            data = entry.parse(raw)["data"]
        except TlogError:
            continue  # found where entries are read
        yield event, data if isinstance(data, Mapping) else {}


def _asked(rows: Mapping[str, Redaction]) -> dict[str, int]:
    """The ticket of the entry in which each was asked for, by who the row says, and not by who approved it."""
    found: dict[str, int] = {}
    for event, data in _told(log_events.RedactionRequested):
        row = rows.get(event.subject_id)
        if row and event.actor == row.requested_by != row.decided_by and _is_of({**data, "keys": []}, row):
            found.setdefault(event.subject_id, event.ticket)
    return found


def _is_of(data: Mapping[str, Any], row: Redaction) -> bool:
    """Whether an entry tells of what the row is about; of a person, of no key but theirs."""
    told = (data.get("event"), data.get("fields"), data.get("person"))
    keys = data.get("keys")
    if told != (str(row.event) if row.event else None, row.fields, row.person) or not isinstance(keys, list):
        return False
    if not all(type(key) is int for key in keys):
        return False
    return not DataKey.objects.filter(pk__in=keys).exclude(person=row.person).exists()


def _unfounded(event: Event, expected: str) -> Finding:
    return Finding("audit_event", str(event.ticket), "leaf", expected, "an erasure without it")


def data_keys(connection: psycopg.Connection[Any], known: Known, used: Mapping[int, datetime]) -> Iterator[Finding]:
    """Each data key opens for its person or was destroyed on record, and was made when it was first used.

    What only claims to be such a record is found too.
    """
    yield from known.erased.unfounded
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
