"""Governed rows against the log: each row against the last digest that an entry gives for it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from django.apps import apps
from django.db import models

from audit import guard, rows
from audit.models import Event
from audit.sealed import datakeys, sealing
from audit.tlog import merkle
from audit.tlog.canonical import Json
from audit.watch.findings import Finding
from audit.watch.said import Digest, Said

_CHUNK = 2000


def governed() -> list[type[models.Model]]:
    """Every model with a guard."""
    return [
        model
        for model in apps.get_models()
        if any(isinstance(trigger, guard.Audited) for trigger in getattr(model._meta, "triggers", ()))
    ]


def subject_tables() -> dict[str, str]:
    """For each subject type the table of the subjects themselves."""
    return {guard.of(model).subject: model._meta.db_table for model in governed() if guard.of(model).key == "id"}


@dataclass(slots=True)
class Stored:
    """Digests of governed rows, computed from the database alone; how many rows were read."""

    said: Said
    count: int = 0

    def whole(self) -> Iterator[Finding]:
        """Every governed row there is, and every one there should be."""
        labels = self._labels()
        for model in governed():
            missing = labels.pop(model._meta.db_table, set())
            yield from self._compare(model, model._base_manager.all(), missing, whole=True)
        for label in sorted(set().union(*labels.values())):
            yield _row_finding(label, "", _committed(self.said.rows[label]), "in no governed table")

    def touched(self) -> Iterator[Finding]:
        """The rows that the entries looked at speak of, and no others."""
        every = self._labels()
        for model in governed():
            table = model._meta.db_table
            labels = every.get(table, set())
            subjects = {about for _, about, parts_table in self.said.parts if parts_table == table}
            wanted = models.Q(pk__in=[label.partition("/")[2] for label in labels])
            if subjects:
                wanted |= models.Q(**{f"{_field(model)}__in": subjects})
            if labels or subjects:
                yield from self._compare(model, model._base_manager.filter(wanted), labels, whole=False)

    def _labels(self) -> dict[str, set[str]]:
        """What entries speak of, by table."""
        found: dict[str, set[str]] = defaultdict(set)
        for label in self.said.rows:
            found[label.partition("/")[0]].add(label)
        return found

    def _compare(
        self, model: type[models.Model], found: models.QuerySet[Any], missing: set[str], *, whole: bool
    ) -> Iterator[Finding]:
        """missing: the labels of rows that should be there; each is taken out as its row is met."""
        gathered = Parts(self.said, model)
        for row in found.iterator(chunk_size=_CHUNK):
            self.count += 1
            label, digest = rows.label(row), rows.digest(row)
            said = self.said.rows.get(label)
            missing.discard(label)
            in_parts = gathered.take(row, digest)
            if said is not None and said[0] != digest:
                yield from _changed(row, label, said)
            elif said is None and not in_parts and whole:
                yield _row_finding(label, "", "a row that an entry speaks of", "in no entry")
        for label in sorted(missing):
            yield _row_finding(label, "", _committed(self.said.rows[label]), "missing")
        yield from gathered.differing()


class Parts:
    """All parts of each subject in one table, where the log has one digest of them together."""

    def __init__(self, said: Said, model: type[models.Model]) -> None:
        self.table, self.key = model._meta.db_table, guard.of(model).key
        self.said = {about: digest for (_, about, table), digest in said.parts.items() if table == self.table}
        self._found: dict[str, list[tuple[str, bytes]]] = defaultdict(list)

    def take(self, row: models.Model, digest: str) -> bool:
        """Take a row in, if the log has a digest of its subject's parts."""
        about = str(_value(row, self.key))
        if about in self.said:
            self._found[about].append((str(row.pk), bytes.fromhex(digest)))
        return about in self.said

    def roots(self) -> dict[str, str]:
        """The digest of the parts of each subject of which the log has one, as `audit.rows.parts_digest` makes it."""
        hashes = {about: [merkle.leaf_hash(one) for _, one in sorted(self._found[about])] for about in self.said}
        return {about: merkle.root(found).hex() for about, found in hashes.items()}

    def differing(self) -> Iterator[Finding]:
        """The subjects whose parts are not what the log says."""
        for about, root in self.roots().items():
            if root != self.said[about][0]:
                place, actual = f"with {self.key} {about}", f"{len(self._found[about])} rows with another digest"
                yield Finding(self.table, place, "", _committed(self.said[about]), actual)


def _changed(row: Any, label: str, said: Digest) -> Iterator[Finding]:
    """Name the columns that are not what the log sealed last; where it sealed nothing, those that it never seals."""
    last = _last_values(row, label)
    now = rows.content(row)
    differing = [column for column, value in now.items() if column in last and last[column] != value]
    unknown = [column for column in now if column not in last]
    for column in differing or [", ".join(unknown) if unknown else ""]:
        yield _row_finding(label, column, _committed(said), "another value")


def _last_values(row: Any, label: str) -> dict[str, Json]:
    """The newest sealed value of each column, as far as they have not been erased."""
    watched = guard.of(type(row))
    about = Event.objects.filter(subject_type=watched.subject, subject_id=str(_value(row, watched.key)))
    found: dict[str, Json] = {}
    events = [event for event in about.exclude(changes=None).order_by("ticket") if _tells(event, label)]
    for one in _opened(events):
        name, _, side = one.field.removeprefix(f"{label}.").rpartition(".")
        if one.field.startswith(f"{label}.") and side == "new":
            found[name] = one.value
    return found


def _opened(events: Iterable[Event]) -> Iterator[sealing.Opened]:
    """What opens of these events; what was tampered with opens nothing here and is a finding of its own."""
    for event in events:
        try:
            yield from list(sealing.opened([event]))
        except (datakeys.KeyUnusable, InvalidTag, ValueError):
            continue


def _tells(event: Event, label: str) -> bool:
    try:
        return label in orjson.loads(bytes(event.changes or b"{}"))
    except ValueError:
        return False


def _field(model: type[models.Model]) -> str:
    key = guard.of(model).key
    return next(str(field.attname) for field in model._meta.concrete_fields if field.column == key)


def _value(row: models.Model, column: str) -> Any:
    return getattr(row, _field(type(row)))


def _committed(digest: Digest) -> str:
    text, entry = digest
    place = f"entry {entry}" if entry is not None else "a pending entry"
    return f"what {place} committed to ({text[:16]}…)"


def _row_finding(label: str, column: str, expected: str, actual: str) -> Finding:
    table, _, key = label.partition("/")
    return Finding(table, key, column, expected, actual)


def last_digests(entries: Iterable[tuple[int | None, Mapping[str, Any]]]) -> Said:
    """What these entries, in their order, say last about each row."""
    said = Said(subject_tables())
    for place, told in entries:
        said.take(told, place)
    return said
