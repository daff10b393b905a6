"""What stands beside an entry: encrypted for the person it is about, and for this one event."""

import os

import pytest
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import log
from audit.models import Event, Sealed
from audit.sealed import datakeys, sealing
from audit.tlog import entry, seal
from registry.events import SystemUpdated
from registry.models import AISystem
from tests import desks, factories

pytestmark = pytest.mark.django_db
API = "/api/v1/audit/events"
CIPHER = AESGCM(bytes(32))


def said(system: AISystem, words: str = "Because.") -> Event:
    """Something that a person of their own says about a system."""
    actor = factories.acting(factories.person())
    return Event.objects.get(
        id=log.record(SystemUpdated(changed=[], revision=2), subject=system, actor=actor, reason=words)
    )


def content(event: Event) -> bytes:
    return bytes(Sealed.objects.get(ticket=event.ticket).content or b"")


def test_sealed_words_open_the_entry_s_commitment() -> None:
    event = said(factories.system(), "Because it is so.")
    (kept,) = sealing.opened([event])
    committed = entry.parse(bytes(event.leaf or b""))["sealed"]
    assert committed == {"reason": seal.commit("reason", "Because it is so.", kept.salt).hex()}
    assert (kept.field, kept.value, kept.person) == ("reason", "Because it is so.", event.actor)


def test_same_words_twice_are_committed_to_differently() -> None:
    system = factories.system()
    first, second = (entry.parse(bytes(said(system).leaf or b""))["sealed"] for _ in range(2))
    assert first != second


def test_stored_bytes_show_neither_the_words_nor_the_salt() -> None:
    event = said(factories.system(), "A plain word.")
    (kept,) = sealing.opened([event])
    stored = content(event)
    assert [found in stored for found in (b"plain", kept.salt, kept.salt.hex().encode())] == [False] * 3


@pytest.mark.parametrize("place", [0, 11, 12, 40, -1])
def test_stored_bytes_that_were_changed_do_not_open(place: int) -> None:
    event = said(factories.system())
    changed = bytearray(sealing.encrypt(CIPHER, {"reason": ["00", "x"]}, event.id))
    changed[place] ^= 1
    with pytest.raises(InvalidTag):
        sealing.decrypt(CIPHER, bytes(changed), event.id)


def test_stored_bytes_of_another_event_do_not_open() -> None:
    first, second = said(factories.system()), said(factories.system())
    stored = sealing.encrypt(CIPHER, {"reason": ["00", "x"]}, first.id)
    with pytest.raises(InvalidTag):
        sealing.decrypt(CIPHER, stored, second.id)


def test_another_person_s_key_does_not_open() -> None:
    event = said(factories.system())
    with pytest.raises(InvalidTag):
        sealing.decrypt(AESGCM(os.urandom(32)), content(event), event.id)


def test_one_event_has_a_row_for_each_person_it_speaks_of() -> None:
    account = factories.person()
    actor = factories.acting(factories.person())
    event = Event.objects.get(
        id=log.record(
            SystemUpdated(changed=[], revision=2), subject=account, actor=actor, reason="Why.", also=[account]
        )
    )
    assert set(Sealed.objects.filter(ticket=event.ticket).values_list("person", flat=True)) == {actor.id}
    made = Event.objects.get(event="account.created", subject_id=str(account.pk))
    assert {one.person for one in sealing.opened([made])} == {f"person:{account.pk}"}


def test_many_events_open_in_as_many_queries_as_one() -> None:
    system = factories.system()
    events = [said(system) for _ in range(3)]
    counted = []
    for some in (events[:1], events):
        with CaptureQueriesContext(connection) as captured:
            assert len(list(sealing.opened(some))) == len(some)
        counted.append(len(captured))
    assert counted == [2, 2]


@pytest.mark.parametrize("length", [1, 12, 60])
def test_row_that_does_not_open_is_logged_and_hides_no_other(length: int) -> None:
    event = said(factories.system())
    key = datakeys.of("").id
    with connection.cursor() as cursor:
        words = "INSERT INTO audit_sealed (ticket, person, key, content) VALUES (%s, '', %s, %s)"
        cursor.execute(words, [event.ticket, key, os.urandom(length)])
    with structlog.testing.capture_logs() as logged:
        assert [one.value for one in sealing.opened([event])] == ["Because."]
    expected = ("a sealed value does not open", event.ticket, key)
    assert [(line["event"], line["ticket"], line["key"]) for line in logged] == [expected]


def test_row_under_a_key_that_does_not_open_hides_no_other() -> None:
    event = said(factories.system())
    with connection.cursor() as cursor:
        words = "INSERT INTO audit_data_key (person, wrapped) VALUES ('person:zz', %s) RETURNING id"
        cursor.execute(words, [bytes(60)])
        (key,) = cursor.fetchone()
        words = "INSERT INTO audit_sealed (ticket, person, key, content) VALUES (%s, 'person:zz', %s, 'x')"
        cursor.execute(words, [event.ticket, key])
    assert [one.value for one in sealing.opened([event])] == ["Because."]
    assert [desks.reader().get(path).status_code for path in (desks.page(event), f"{API}/{event.id}")] == [200, 200]
