"""Erasing sealed values: who asks, who approves, what goes, what stays, and what the database itself refuses."""

import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import DatabaseError, IntegrityError, connection, connections, transaction

from audit import log, log_events
from audit.actors import Actor
from audit.database import grants
from audit.erasure import erasures, holds, redaction, rewrapping
from audit.errors import AlreadyDecided, HoldInForce, NeedsAnother, NotErasable, NotSignedYet
from audit.models import DataKey, Event, Redaction, Sealed
from audit.sealed import datakeys, installation_key, sealing
from audit.tlog import canonical, entry, seal
from registry.events import SystemUpdated
from registry.models import AISystem
from tests import databases, factories, recorded

GROUND = "GDPR Art. 17(1)(b)"
WORDS = "Grace from sales asked for it."


def officer() -> Actor:
    return factories.acting(factories.person())


def sealed_person() -> str:
    """Somebody about whom something is sealed."""
    return officer().id


def said(system: AISystem, by: Actor, words: str = WORDS) -> Event:
    """Something said about a system, in the log."""
    event = SystemUpdated(changed=[], revision=2)
    return Event.objects.get(id=log.record(event, subject=system, actor=by, reason=words))


def reads(event: Event) -> dict[str, Any]:
    return {one.field: one.value for one in sealing.opened([event])}


def requested(event: Event | None = None, *fields: str, person: str = "", by: Actor | None = None) -> Redaction:
    return redaction.request(
        event=event.id if event else None, fields=fields, person=person, ground=GROUND, actor=by or officer()
    )


def approved(request: Redaction, by: Actor | None = None) -> Redaction:
    """Decided by another, once the request is under a signed head."""
    recorded.sequence()
    return redaction.approve(request, actor=by or officer(), reason="It has no further use.")


def erased(person: str) -> Redaction:
    return approved(requested(person=person))


# Asking
@pytest.mark.django_db
def test_request_records_what_is_asked_and_changes_nothing() -> None:
    event = said(factories.system(), officer())
    request = requested(event, "reason")
    told = recorded.newest(request)
    assert (told["event"], told["data"]) == (
        "redaction.requested",
        {"event": str(event.id), "fields": ["reason"], "person": "", "ground": GROUND},
    )
    assert (request.state, reads(event)) == ("requested", {"reason": WORDS})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("scope", "message"),
    [
        ({"ground": "because she asked"}, "names no provision"),
        ({"ground": ""}, "names no provision"),
        ({"person": "person:1"}, "of one event's fields or of one person"),
        ({"event": None}, "of one event's fields or of one person"),
        ({"event": None, "fields": [], "person": "person:nobody"}, "Nothing is sealed under this person"),
        ({"event": uuid.uuid4()}, "no sealed value that can be read under: reason"),
        ({"fields": ["reason", "opinion"]}, "no sealed value that can be read under: opinion"),
        ({"fields": []}, "no sealed value that can be read under: no field"),
    ],
)
def test_request_that_says_too_little_is_refused(scope: dict[str, Any], message: str) -> None:
    event = said(factories.system(), officer())
    asked = {"event": event.id, "fields": ["reason"], "ground": GROUND, "actor": officer(), **scope}
    with pytest.raises(NotErasable, match=message):
        redaction.request(**asked)
    assert not Redaction.objects.exists()


# One field
@pytest.mark.django_db
def test_approval_erases_the_field_and_says_so() -> None:
    event = said(factories.system(), officer())
    request = approved(requested(event, "reason"))
    told = recorded.newest(request)
    assert (told["event"], told["data"]) == (
        "redaction.executed",
        {"event": str(event.id), "fields": ["reason"], "person": "", "ground": GROUND, "values": 1, "keys": []},
    )
    assert (request.state, request.decided_by, reads(event)) == ("executed", told["actor"], {})


@pytest.mark.django_db
def test_approval_leaves_the_other_fields() -> None:
    system = factories.system()
    event = Event.objects.get(event="system.registered", subject_id=str(system.pk))
    name, purpose = (f"registry_aisystem/{system.pk}.{column}.new" for column in ("name", "purpose"))
    before = reads(event)
    approved(requested(event, purpose))
    after = reads(event)
    assert (before.keys() - after.keys(), after[name]) == ({purpose}, system.name)


@pytest.mark.django_db
def test_entry_is_the_same_after_an_erasure_and_still_under_the_head() -> None:
    event = said(factories.system(), officer())
    recorded.sequence()
    before = bytes(event.leaf or b"")
    approved(requested(event, "reason"))
    recorded.sequence()
    event.refresh_from_db()
    assert bytes(event.leaf or b"") == before


@pytest.mark.django_db
def test_erased_value_cannot_be_guessed_from_its_commitment() -> None:
    """A dictionary that holds the value finds it with the salt, and not without."""
    event = said(factories.system(), officer(), "yes")
    (kept,) = sealing.opened([event])
    commitment = entry.parse(bytes(event.leaf or b""))["sealed"]["reason"]  # type: ignore[index,call-overload]
    words = ["no", "yes", "maybe"]
    assert [seal.commit("reason", word, kept.salt).hex() for word in words].index(commitment) == 1  # type: ignore[arg-type]
    approved(requested(event, "reason"))
    left = b"".join(bytes(row.content or b"") for row in Sealed.objects.all())
    assert kept.salt not in left
    without = [canonical.digest(word).hex() for word in words] + [
        seal.commit("reason", w, bytes(32)).hex() for w in words
    ]
    assert commitment not in without


# Everything of a person
@pytest.mark.django_db
def test_approval_for_a_person_destroys_the_key_and_everything_under_it() -> None:
    account = factories.person()
    event = said(factories.system(), factories.acting(account))
    made = Event.objects.get(event="account.created", subject_id=str(account.pk))
    key = datakeys.of(f"person:{account.pk}").id
    told = recorded.newest(erased(f"person:{account.pk}"))
    assert (told["data"]["person"], told["data"]["keys"]) == (f"person:{account.pk}", [key])
    assert (reads(event), reads(made), datakeys.by_id(key)) == ({}, {}, None)
    assert not Sealed.objects.filter(person=f"person:{account.pk}").exclude(content=None).exists()


@pytest.mark.django_db
def test_erasure_of_a_person_leaves_what_is_about_others() -> None:
    one, other = officer(), officer()
    system = factories.system()
    said(system, one)
    event = said(system, other)
    erased(one.id)
    assert reads(event) == {"reason": WORDS}


@pytest.mark.django_db
def test_person_who_is_erased_is_sealed_under_another_key_from_then_on() -> None:
    person, system = officer(), factories.system()
    before = datakeys.of(person.id).id
    erased(person.id)
    event = said(system, person)
    assert (reads(event), datakeys.of(person.id).id > before) == ({"reason": WORDS}, True)


# Who decides
@pytest.mark.django_db
def test_approval_of_an_own_request_is_refused_on_record() -> None:
    event, asker = said(factories.system(), officer()), officer()
    request = requested(event, "reason", by=asker)
    with pytest.raises(NeedsAnother, match=r"Nobody approves an own request\."):
        approved(request, by=asker)
    told = recorded.newest(request)
    assert (told["event"], told["data"]) == ("redaction.approval_refused", {"rule": "NeedsAnother"})
    assert (recorded.fresh(request).state, reads(event)) == ("requested", {"reason": WORDS})


@pytest.mark.django_db
def test_approval_by_the_person_who_is_erased_is_refused() -> None:
    person = officer()
    request = requested(person=person.id)
    with pytest.raises(NeedsAnother, match="about themselves"):
        approved(request, by=person)
    assert datakeys.living(person.id) != []


@pytest.mark.django_db
def test_approval_by_whose_own_words_go_is_refused() -> None:
    author = officer()
    event = said(factories.system(), author)
    request = requested(event, "reason")
    with pytest.raises(NeedsAnother, match="about themselves"):
        approved(request, by=author)
    assert (recorded.fresh(request).state, reads(event)) == ("requested", {"reason": WORDS})


@pytest.mark.django_db
def test_approval_before_the_request_is_under_a_signed_head_is_refused() -> None:
    event = said(factories.system(), officer())
    request = requested(event, "reason")
    with pytest.raises(NotSignedYet, match="not under a signed head yet"):
        redaction.approve(request, actor=officer(), reason="At once.")
    assert (recorded.fresh(request).state, reads(event)) == ("requested", {"reason": WORDS})
    assert approved(request).state == "executed"


@pytest.mark.django_db
def test_erasure_passes_over_a_row_that_does_not_open() -> None:
    event = said(factories.system(), officer())
    columns: list[Any] = [event.ticket, datakeys.of("").id]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_sealed (ticket, person, key, content) VALUES (%s, '', %s, 'xx')", columns)
    assert (approved(requested(event, "reason")).state, reads(event)) == ("executed", {})


@pytest.mark.django_db
def test_refusal_by_a_person_is_recorded_with_its_reason() -> None:
    event = said(factories.system(), officer())
    request = redaction.refuse(requested(event, "reason"), actor=officer(), reason="It is needed in a suit.")
    told = recorded.newest(request)
    assert (request.state, request.refusal, told["data"]) == (
        "refused",
        "It is needed in a suit.",
        {"rule": "Decision"},
    )
    assert reads(event) == {"reason": WORDS}


@pytest.mark.django_db
def test_withdrawal_is_the_asker_s_alone() -> None:
    asker = officer()
    request = requested(said(factories.system(), officer()), "reason", by=asker)
    with pytest.raises(NeedsAnother):
        redaction.withdraw(request, actor=officer())
    request = redaction.withdraw(request, actor=asker)
    assert (request.state, recorded.names(request)) == ("withdrawn", ["redaction.requested", "redaction.withdrawn"])


@pytest.mark.django_db
def test_decided_request_cannot_be_decided_again() -> None:
    request = approved(requested(said(factories.system(), officer()), "reason"))
    for decide in (approved, lambda row: redaction.refuse(row, actor=officer(), reason="No.")):
        with pytest.raises(AlreadyDecided):
            decide(request)
    assert recorded.fresh(request).state == "executed"


@pytest.mark.django_db
def test_refusal_of_a_further_rule_is_recorded_and_undoes_what_it_did() -> None:
    system = factories.system()
    request, by = requested(said(system, officer()), "reason"), officer()

    def rule(row: Redaction) -> None:
        said(system, by, "to be undone")
        raise NeedsAnother("The rule says no.")

    with pytest.raises(NeedsAnother, match="The rule says no"):
        redaction.approve(request, actor=by, reason="Yes.", also=rule)
    assert recorded.newest(request)["event"] == "redaction.approval_refused"
    assert recorded.names(system) == ["system.registered", "system.updated"]


# Holds
@pytest.mark.django_db
def test_request_under_a_hold_is_refused_with_its_ground_on_record() -> None:
    event = said(factories.system(), officer())
    holds.place(subject_type="system", ground="a suit", actor=officer())
    with pytest.raises(HoldInForce, match=r"It must be kept: Hold on system \(a suit\)\."):
        requested(event, "reason")
    request = Redaction.objects.get()
    assert (request.state, request.refusal) == ("refused", "It must be kept: Hold on system (a suit).")
    assert recorded.names(request) == ["redaction.requested", "redaction.refused"]
    assert recorded.newest(request)["data"] == {"rule": "HoldInForce"}


@pytest.mark.django_db
@pytest.mark.parametrize("scope", ["person", "subject", "everything"])
def test_approval_under_a_hold_is_refused_for_good(scope: str) -> None:
    person = officer()
    event = said(factories.system(), person)
    request = requested(person=person.id)
    about = {
        "person": {"person": person.id},
        "subject": {"subject_type": "system", "subject_id": event.subject_id},
        "everything": {},
    }
    holds.place(**about[scope], ground="a suit", actor=officer())
    with pytest.raises(HoldInForce):
        approved(request)
    request = recorded.fresh(request)
    assert (request.state, recorded.newest(request)["event"]) == ("refused", "redaction.refused")
    assert (reads(event), request.refusal[:20]) == ({"reason": WORDS}, "It must be kept: Hol")


@pytest.mark.django_db
def test_request_after_the_hold_s_release_is_accepted() -> None:
    event = said(factories.system(), officer())
    hold = holds.place(ground="a suit", actor=officer())
    holds.release(hold, actor=officer(), reason="Settled.")
    assert approved(requested(event, "reason")).state == "executed"


# What the database asks for itself
def erase(row: Redaction, *columns: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        given = columns or ([], [], [])
        cursor.execute("SELECT audit_erase(%s, %s::text[], %s::bytea[], %s::bytea[])", [row.pk, *given])


def ask(row: Redaction, *, by: str, sign: bool = True, **told: Any) -> None:
    """What a request says in the log."""
    data: dict[str, Any] = {"event": None, "fields": [], "person": row.person, "ground": GROUND, **told}
    log.record(log_events.RedactionRequested(**data), subject=row, actor=Actor(id=by))
    if sign:
        recorded.sequence()


def forged(person: str, *, by: str, decided_by: str, tell: bool = True, **told: Any) -> Redaction:
    """What a process could write that has the application's rights and none of its code."""
    row = Redaction(person=person, ground=GROUND, requested_by=by)
    row.save(force_insert=True)
    ask(row, by=by)
    row.state, row.decided_by = Redaction.State.EXECUTED, decided_by
    row.save()
    data: dict[str, Any] = {"event": None, "fields": [], "person": person, "ground": GROUND, "values": 1, **told}
    data.setdefault("keys", datakeys.living(person))
    name = log_events.ValuesRedacted(**data) if tell else log_events.RedactionWithdrawn()
    log.record(name, subject=row, actor=Actor(id=decided_by))
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("forgery", "message"),
    [
        ({"by": "person:a", "decided_by": "person:a"}, "requested by one person and approved by another"),
        ({"by": "person:a", "decided_by": ""}, "requested by one person and approved by another"),
        ({"tell": False}, "no event of this transaction that says what it erases"),
        ({"fields": ["reason"]}, "no event of this transaction that says what it erases"),
        ({"keys": []}, "does not name the living key"),
    ],
)
def test_database_refuses_an_erasure_that_is_not_told(forgery: dict[str, Any], message: str) -> None:
    person = sealed_person()
    row = forged(**{"person": person, "by": "person:a", "decided_by": "person:c", **forgery})
    with pytest.raises(IntegrityError, match=message):
        erase(row)
    assert datakeys.living(person) != []


def forged_of(event: Event, /, *, decided_by: str, **asked: Any) -> Redaction:
    """The same for a field of an event. asked: what the request says otherwise; none: there is no request."""
    row = Redaction(event=event.id, fields=["reason"], ground=GROUND, requested_by="person:a")
    row.save(force_insert=True)
    scope: dict[str, Any] = {"event": str(event.id), "fields": ["reason"], "person": "", "ground": GROUND}
    if asked:
        ask(row, **{"by": "person:a", **scope, **asked})
    row.state, row.decided_by = Redaction.State.EXECUTED, decided_by
    row.save()
    log.record(log_events.ValuesRedacted(**scope, values=1, keys=[]), subject=row, actor=Actor(id=decided_by))
    return row


@pytest.mark.django_db
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"sign": False},
        {"by": "person:b"},
        {"fields": ["reason", "opinion"]},
        {"fields": []},
        {"event": None},
        {"ground": "GDPR Art. 6"},
    ],
)
def test_database_refuses_an_erasure_whose_request_no_signed_head_holds(asked: dict[str, Any]) -> None:
    event = said(factories.system(), officer())
    row = forged_of(event, decided_by="person:c", **asked)
    (kept,) = Sealed.objects.filter(ticket=event.ticket)
    with pytest.raises(IntegrityError, match="No signed head holds the request of erasure"):
        erase(row, [kept.person], [kept.content], [b"x"])
    assert reads(event) == {"reason": WORDS}


@pytest.mark.django_db
def test_database_refuses_an_approval_by_whose_values_go() -> None:
    event = said(factories.system(), officer())
    row = forged_of(event, decided_by=event.actor, sign=True)
    (kept,) = Sealed.objects.filter(ticket=event.ticket)
    with pytest.raises(IntegrityError, match="requested by one person and approved by another"):
        erase(row, [kept.person], [kept.content], [b"x"])
    assert reads(event) == {"reason": WORDS}


@pytest.mark.django_db
def test_database_refuses_an_erasure_under_a_hold() -> None:
    person = sealed_person()
    row = forged(person, by="person:a", decided_by="person:c")
    holds.place(person=person, ground="a suit", actor=officer())
    with pytest.raises(IntegrityError, match="stands over what erasure"):
        erase(row)


@pytest.mark.django_db
def test_database_refuses_content_that_is_not_shorter() -> None:
    person = officer()
    event = said(factories.system(), person)
    request = requested(event, "reason")
    recorded.sequence()
    row = Sealed.objects.get(ticket=event.ticket)
    approve = "UPDATE audit_redaction SET state = 'executed', decided_by = 'person:c' WHERE id = %s"
    connection.cursor().execute(approve, [request.pk])
    data: dict[str, Any] = {
        "event": str(event.id),
        "fields": ["reason"],
        "person": "",
        "ground": GROUND,
        "values": 1,
        "keys": [],
    }
    log.record(log_events.ValuesRedacted(**data), subject=recorded.fresh(request), actor=Actor(id="person:c"))
    with pytest.raises(IntegrityError, match="A sealed value can only be erased"):
        erase(request, [person.id], [row.content], [bytes(row.content or b"")[::-1]])


def test_database_refuses_to_erase_again_in_a_later_transaction(live_database: str) -> None:
    person = officer()
    request = erased(person.id)
    said(factories.system(), person)
    with pytest.raises(IntegrityError, match="no event of this transaction"):
        erase(request)
    assert datakeys.living(person.id) != []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", ["state = 'requested'", "ground = 'none'", "fields = '{}'", "person = 'x'", "requested_by = 'x'"]
)
def test_executed_request_cannot_be_made_another(change: str) -> None:
    approved(requested(said(factories.system(), officer()), "reason"))
    with pytest.raises(IntegrityError, match="An erasure is requested, and decided once"), transaction.atomic():
        connection.cursor().execute(f"UPDATE audit_redaction SET {change}")


@pytest.mark.django_db
def test_value_is_not_stored_under_a_destroyed_key() -> None:
    person = officer()
    key = datakeys.of(person.id).id
    event = said(factories.system(), officer())
    erased(person.id)
    columns: list[Any] = [event.ticket, person.id, key]
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_sealed (ticket, person, key, content) VALUES (%s, %s, %s, 'x')", columns)
        assert cursor.rowcount == 0


@pytest.mark.django_db
@pytest.mark.parametrize("role", [grants.SEQUENCER, grants.READER])
@pytest.mark.parametrize("call", ["audit_erase(gen_random_uuid(), '{}', '{}', '{}')", "audit_rewrap('{}', '{}', '{}')"])
def test_only_the_application_may_ask_the_database_to_erase(role: str, call: str) -> None:
    denied = pytest.raises(DatabaseError, match="permission denied for function")
    with denied, transaction.atomic(), databases.acting_as(role), connection.cursor() as cursor:
        cursor.execute(f"SELECT {call}")


# At the same time
def alone(work: Callable[[], object]) -> Callable[[], None]:
    """Work for a thread, on a connection of its own."""

    def run() -> None:
        work()
        connections.close_all()

    return run


def test_record_during_the_destruction_of_the_key_makes_another(live_database: str) -> None:
    """The other process knows the key that is just being destroyed."""
    person, system = officer(), factories.system()
    with psycopg.connect(databases.url(live_database, role="postgres")) as eraser:
        eraser.execute(
            "SELECT pg_advisory_xact_lock(1835822960, id::int) FROM audit_data_key WHERE person = %s", [person.id]
        )
        eraser.execute("UPDATE audit_data_key SET wrapped = NULL WHERE person = %s", [person.id])
        writer = threading.Thread(target=alone(lambda: said(system, person)))
        writer.start()
        writer.join(0.3)
        assert writer.is_alive()
        eraser.commit()
        writer.join()
    event = Event.objects.latest("ticket")
    assert (reads(event), len(datakeys.living(person.id))) == ({"reason": WORDS}, 1)


def test_destruction_waits_for_whoever_writes_about_the_person(live_database: str) -> None:
    person, system = officer(), factories.system()
    request, by = requested(person=person.id), officer()
    with transaction.atomic():
        event = said(system, person)
        eraser = threading.Thread(target=alone(lambda: approved(request, by=by)))
        eraser.start()
        eraser.join(0.3)
        assert eraser.is_alive()
    eraser.join()
    row = Sealed.objects.get(ticket=event.ticket, person=person.id)
    assert (row.content, reads(event), recorded.fresh(request).state) == (None, {}, "executed")


def test_hold_that_is_being_placed_is_not_overlooked(live_database: str) -> None:
    person = officer()
    request, by, found = requested(person=person.id), officer(), list[str]()

    def approve() -> None:
        try:
            approved(request, by=by)
        except HoldInForce as error:
            found.append(error.detail)
        connections.close_all()

    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [holds.LOCK])
        eraser = threading.Thread(target=approve)
        eraser.start()
        _insert_hold(person.id)
    eraser.join()
    assert (len(found), recorded.fresh(request).state) == (1, "refused")


def _insert_hold(person: str) -> None:
    hold = holds.Hold(person=person, ground="a suit", placed_by="person:judge")
    hold.save(force_insert=True)
    event = log_events.HoldPlaced(subject_type="", subject_id="", person=person)
    log.record(event, subject=hold, actor=Actor(id="person:judge"))


# Old bytes
def test_copy_in_a_backup_opens_with_nothing_after_a_rotation(live_database: str, tmp_path: Any, settings: Any) -> None:
    settings.SIGNING_KEY_DIR = tmp_path
    datakeys._known.clear()
    person = officer()
    event = said(factories.system(), person)
    wrapped = bytes(DataKey.objects.get(person=person.id).wrapped or b"")
    content = bytes(Sealed.objects.get(ticket=event.ticket, person=person.id).content or b"")
    assert WORDS in str(sealing.decrypt(AESGCM(datakeys.unwrap(wrapped, person=person.id)), content, event.id))
    erased(person.id)
    databases.by_owner(rewrapping.rotate, actor=factories.bootstrap())
    with pytest.raises(datakeys.KeyUnusable):
        datakeys.unwrap(wrapped, person=person.id)
    for key in [*installation_key.known(), *(path.read_bytes() for path in tmp_path.glob("sealing.*"))]:
        with pytest.raises((InvalidTag, ValueError)):
            AESGCM(key).decrypt(wrapped[:12], wrapped[12:], person.id.encode())
    datakeys._known.clear()


# Which erasure it was
@pytest.mark.django_db
def test_erasures_explain_a_field_and_no_other() -> None:
    event = said(factories.system(), officer())
    request = approved(requested(event, "reason"))
    found = erasures.executed([event])
    assert (found.of(event, "reason", []), found.of(event, "opinion", [])) == (request, None)


@pytest.mark.django_db
def test_erasures_explain_what_a_person_s_key_opened() -> None:
    person, system = officer(), factories.system()
    before = said(system, person)
    request = erased(person.id)
    after = said(system, person)
    assert _explained([before, after], "reason") == [request, None]
    assert [erasures.covers(event.id, person.id, "reason") for event in (before, after)] == [True, False]


def _explained(events: Iterable[Event], name: str) -> list[Redaction | None]:
    known = erasures.executed(events)
    return [known.of(event, name, list(Sealed.objects.filter(ticket=event.ticket))) for event in events]


def test_value_removed_without_an_erasure_is_not_explained(live_database: str) -> None:
    person = officer()
    event = said(factories.system(), person)
    with databases.superuser(live_database) as superuser:
        superuser.execute("UPDATE audit_sealed SET content = NULL WHERE ticket = %s", [event.ticket])
    assert (reads(event), erasures.covers(event.id, person.id, "reason")) == ({}, False)


def test_refused_request_explains_nothing(live_database: str) -> None:
    event = said(factories.system(), officer())
    redaction.refuse(requested(event, "reason"), actor=officer(), reason="No.")
    assert erasures.executed([event]) == erasures.Erasures()


@pytest.mark.django_db
def test_later_entry_of_another_shape_explains_nothing() -> None:
    person = officer()
    event = said(factories.system(), person)
    request = erased(person.id)
    forged_entry = log_events.ValuesRedacted(event=None, fields=[], person="", ground="", values=0, keys="x")  # type: ignore[arg-type]
    log.record(forged_entry, subject=request, actor=Actor(id=request.decided_by))
    assert _explained([event], "reason") == [request]
