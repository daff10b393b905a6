"""What executed erasures explain: whether a value that does not open any more went by one, and by which."""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.apps import apps
from django.db.models import Q

from audit import guard
from audit.models import Event, Redaction, Sealed
from audit.tree import entries


@dataclass(frozen=True, slots=True)
class Erasures:
    """Executed redactions by what they took: a field of an event, or a person's data key with all that it opened."""

    fields: Mapping[tuple[UUID, str], Redaction] = field(default_factory=dict)
    keys: Mapping[int, Redaction] = field(default_factory=dict)

    def of(self, event: Event, name: str, beside: Iterable[Sealed]) -> Redaction | None:
        """The erasure that took this field of the event; beside: what is, or was, sealed beside the event."""
        whose = _may_be_about(event, name)
        keys = (row.key for row in beside if (row.person in whose if whose is not None else row.person))
        by_key = (self.keys[key] for key in keys if key in self.keys)
        return self.fields.get((event.id, name)) or next(by_key, None)


def executed(events: Iterable[Event] | None = None) -> Erasures:
    """All executed erasures, or those that can concern these events. A fixed number of queries."""
    rows = Redaction.objects.filter(state=Redaction.State.EXECUTED)
    if events is not None:
        known = {event.ticket: event.id for event in events}
        people = Sealed.objects.filter(ticket__in=known).exclude(person="").values("person")
        rows = rows.filter(Q(event__in=known.values()) | Q(person__in=people))
    found = {str(row.pk): row for row in rows}
    return Erasures(
        fields={(row.event, name): row for row in found.values() if row.event for name in row.fields},
        keys=_keys(found),
    )


def explained(event: Event, names: Iterable[str]) -> dict[str, Redaction]:
    """For those of the event's fields that an erasure took: which one it was."""
    known, beside = executed([event]), list(Sealed.objects.filter(ticket=event.ticket))
    found = ((name, known.of(event, name, beside)) for name in names)
    return {name: row for name, row in found if row}


def covers(event_id: UUID, person: str, name: str) -> bool:
    """Whether an executed erasure took this field of the event, or all that was sealed there under the person."""
    event = Event.objects.get(id=event_id)
    beside = Sealed.objects.filter(ticket=event.ticket, person=person)
    return executed([event]).of(event, name, beside) is not None


def _keys(redactions: Mapping[str, Redaction]) -> dict[int, Redaction]:
    """The keys that each erasure destroyed, as its own entry says: the first, by who decided it."""
    about = [identity for identity, row in redactions.items() if row.event is None]
    told = Event.objects.filter(subject_type="redaction", subject_id__in=about, event="redaction.executed")
    first: dict[str, bytes] = {}
    ordered = list(told.order_by("ticket"))
    for event, leaf in zip(ordered, entries.raw(ordered), strict=True):
        if event.actor == redactions[event.subject_id].decided_by:
            first.setdefault(event.subject_id, leaf)
    return {key: redactions[identity] for identity, leaf in first.items() for key in _named(leaf)}


def _named(leaf: bytes) -> list[int]:
    """The keys that an entry names; none where it has another shape, which the watch finds."""
    data = json.loads(leaf)["data"]
    keys = data.get("keys") if isinstance(data, dict) else None
    return [key for key in keys if type(key) is int] if isinstance(keys, list) else []


def _may_be_about(event: Event, name: str) -> set[str] | None:
    """Under whom a field of an event is sealed; None for some person, whom only the changed row knew."""
    if "/" not in name:
        return {event.actor}
    return {""} if name.partition("/")[0] not in _tables_about_people() else None


@functools.cache
def _tables_about_people() -> frozenset[str]:
    found = set()
    for model in apps.get_models():
        try:
            person = guard.of(model).person
        except LookupError:
            continue
        if person:
            found.add(model._meta.db_table)
    return frozenset(found)
