"""An entry that tells of an erasure explains what is gone only with its request and a second person behind it."""

import uuid
from typing import Any

import pytest
from django.db import transaction

from audit import log, log_events
from audit.actors import Actor
from audit.erasure import redaction
from audit.models import Event, Redaction
from audit.sealed import datakeys
from audit.watch import keys, selfcheck
from tests import databases, factories
from tests.audit.watch import worlds

pytestmark = pytest.mark.usefixtures("live_database")


def tell(event: Event, /, *, subject: str = "", actor: str = "person:c", **told: Any) -> int:
    """An entry of an erasure, by whoever has the application's rights; its ticket."""
    data: dict[str, Any] = {"event": str(event.id), "fields": ["reason"], "person": "", "ground": worlds.GROUND}
    words = log_events.ValuesRedacted(**{**data, "values": 1, "keys": [], **told})
    about = log.Subject("redaction", subject or str(uuid.uuid4()))
    return Event.objects.get(id=log.record(words, subject=about, actor=Actor(id=actor))).ticket


def executed(row: Redaction, event: Event, /, **told: Any) -> None:
    """The row and its entry, as an approval leaves them, without any of its rules."""
    with transaction.atomic():
        Redaction.objects.filter(pk=row.pk).update(state=Redaction.State.EXECUTED, decided_by="person:c")
        tell(event, subject=str(row.pk), **told)


def asked(event: Event) -> Redaction:
    by = factories.acting(factories.person())
    return redaction.request(event=event.id, fields=["reason"], ground=worlds.GROUND, actor=by)


def found() -> list[tuple[str, str, str]]:
    return [(one.table, one.key, one.column) for one in selfcheck.run().findings]


def test_erasure_by_the_book_explains_what_is_gone() -> None:
    event = worlds.said("Grace from sales asked for it.")
    worlds.erase(event=event.id, fields=["reason"])
    worlds.erase(person=worlds.said("I go.").actor)
    known = keys.erased()
    assert (known.events, len(known.keys), known.unfounded) == ({str(event.id): frozenset({"reason"})}, 1, ())


def test_forged_entry_explains_nothing_and_is_found(live_database: str) -> None:
    event = worlds.said("the words that must not be found")
    with databases.superuser(live_database) as superuser:
        superuser.execute("UPDATE audit_sealed SET content = NULL WHERE ticket = %s", [event.ticket])
    ticket = tell(event)
    worlds.place()
    place = ("audit_event", str(ticket), "leaf")
    assert found() == [
        ("audit_sealed", f"{event.ticket}/{event.actor}", "content, field reason"),
        place,
    ]


def test_entry_for_an_open_request_explains_nothing() -> None:
    event = worlds.said("Words.")
    tell(event, subject=str(asked(event).pk))
    known = keys.erased()
    assert (known.events, len(known.unfounded)) == ({}, 1)


def test_second_entry_for_one_erasure_explains_nothing() -> None:
    event, other = worlds.said("Words."), worlds.said("Others.")
    worlds.erase(event=event.id, fields=["reason"])
    row = Redaction.objects.get()
    tell(other, subject=str(row.pk), actor=row.decided_by)
    known = keys.erased()
    assert (list(known.events), len(known.unfounded)) == ([str(event.id)], 1)


@pytest.mark.parametrize(
    "told",
    [{"keys": "all"}, {"keys": ["1"]}, {"keys": None}, {"fields": []}, {"event": 7}, {"event": None}, {"fields": None}],
)
def test_entry_of_another_shape_is_found_and_breaks_nothing(told: dict[str, Any]) -> None:
    event = worlds.said("Words.")
    executed(asked(event), event, **told)
    known = keys.erased()
    assert (known.events, known.keys, len(known.unfounded)) == ({}, frozenset(), 1)


def test_entry_that_names_another_person_s_key_explains_nothing() -> None:
    one, other = (worlds.said("Words.").actor for _ in range(2))
    row = redaction.request(person=one, ground=worlds.GROUND, actor=factories.acting(factories.person()))
    event = Event.objects.latest("ticket")
    executed(row, event, event=None, fields=[], person=one, keys=datakeys.living(other))
    assert (keys.erased().keys, len(keys.erased().unfounded)) == (frozenset(), 1)


def test_executed_request_that_nobody_asked_for_in_the_log_explains_nothing() -> None:
    event = worlds.said("Words.")
    row = Redaction(event=event.id, fields=["reason"], ground=worlds.GROUND, requested_by="person:a")
    with transaction.atomic():
        row.save(force_insert=True)
        executed(row, event)
    assert (keys.erased().events, len(keys.erased().unfounded)) == ({}, 1)
