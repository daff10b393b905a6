"""What an entry says, and what it keeps to itself."""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from audit import events, log, rows
from audit.models import Event, Sealed
from audit.sealed import datakeys, sealing
from audit.tlog import canonical, entry, seal
from audit.tlog.errors import CanonicalError
from registry.events import SystemUpdated
from registry.services import systems
from tests import factories, recorded

pytestmark = pytest.mark.django_db


def test_record_writes_one_canonical_entry_about_its_subject() -> None:
    system = factories.system()
    written = recorded.newest(system)
    assert written["event"] == "system.registered"
    assert written["subject"] == {"type": "system", "id": str(system.pk)}
    assert written["row"] == rows.digest(recorded.fresh(system))
    assert written["data"] == {
        "name": system.name,
        "risk_tier": system.risk_tier,
        "materiality": "moderate",
        "regimes": [],
    }
    assert written["request"] == "test-request"


def test_record_seals_what_people_write() -> None:
    system, actor = factories.system(), factories.bootstrap()
    identity = log.record(
        SystemUpdated(changed=[], revision=2), subject=system, actor=actor, reason="Because Ann said so"
    )
    event = Event.objects.get(id=identity)
    (kept,) = sealing.opened([event])
    assert (kept.field, kept.value, kept.person) == ("reason", "Because Ann said so", actor.id)
    assert entry.parse(bytes(event.leaf or b""))["sealed"] == {
        "reason": seal.commit("reason", kept.value, kept.salt).hex()
    }


def test_nothing_sealed_stands_in_the_database_in_clear() -> None:
    engineer = factories.person(factories.Role.ENGINEER)
    change = {"purpose": "Quite unmistakable"}
    systems.update(factories.system(engineer), changes=change, revision=1, actor=factories.acting(engineer))
    stored = [bytes(row.content or b"") for row in Sealed.objects.all()]
    events_ = [bytes(event.leaf or b"") + bytes(event.changes or b"") for event in Event.objects.all()]
    assert stored
    assert not any(b"unmistakable" in raw for raw in stored + events_)


def test_changed_row_is_recorded_column_by_column_with_old_and_new() -> None:
    engineer = factories.person(factories.Role.ENGINEER)
    system = factories.system(engineer)
    before = system.purpose
    systems.update(system, changes={"purpose": "new"}, revision=1, actor=factories.acting(engineer))
    assert recorded.changes(system) == {
        "purpose": {"old": before, "new": "new"},
        "revision": {"old": 1, "new": 2},
    }


def test_new_row_is_recorded_with_every_value_that_is_not_withheld() -> None:
    account = factories.person()
    values = {column: sides["new"] for column, sides in recorded.changes(account, first=True).items()}
    kept = rows.content(recorded.fresh(account))
    del kept["password"]
    assert values == kept


def test_changes_document_is_what_the_entry_commits_to() -> None:
    system = factories.system()
    (event,) = Event.objects.filter(subject_id=str(system.pk))
    told = canonical.decode(bytes(event.changes or b""))
    opened = {one.field: one for one in sealing.opened([event])}
    assert entry.parse(bytes(event.leaf or b""))["changes"] == canonical.digest(told).hex()
    label = rows.label(system)
    assert told == {
        label: {
            column: {"new": seal.commit(f"{label}.{column}.new", value, opened[f"{label}.{column}.new"].salt).hex()}
            for column, value in rows.content(recorded.fresh(system)).items()
        }
    }


def test_list_changed_in_place_is_a_change() -> None:
    dataset = recorded.fresh(factories.dataset())
    dataset.sensitive_columns.append("RAC1P")
    assert [change[:3] for change in rows.changes(dataset)] == [("sensitive_columns", ["SEX"], ["SEX", "RAC1P"])]


def test_values_about_a_person_are_sealed_under_that_person() -> None:
    account = factories.person()
    event = Event.objects.get(event="account.created", subject_id=str(account.pk))
    assert {one.person for one in sealing.opened([event])} == {f"person:{account.pk}"}


def test_sealed_value_moved_to_another_event_does_not_open() -> None:
    first, second = (factories.system() for _ in range(2))
    event, other = (Event.objects.get(subject_id=str(system.pk)) for system in (first, second))
    row = Sealed.objects.filter(ticket=event.ticket).latest("id")
    cipher = datakeys.by_id(row.key)
    assert cipher is not None
    with pytest.raises(InvalidTag):
        sealing.decrypt(cipher, bytes(row.content or b""), other.id)


def test_seal_finds_a_new_key_where_the_one_it_knew_is_gone() -> None:
    """A transaction that is rolled back takes with it the key that it made; the process still remembers it."""
    actor = factories.bootstrap()
    datakeys._known[actor.id] = datakeys.DataKey(id=-1, wrapped=b"", cipher=AESGCM(bytes(32)))
    system = factories.system()
    identity = log.record(SystemUpdated(changed=[], revision=2), subject=system, actor=actor, reason="why")
    assert [one.value for one in sealing.opened(Event.objects.filter(id=identity))] == ["why"]


def test_seal_does_not_take_another_key_of_the_same_number_for_its_own() -> None:
    """A restored database gives the same numbers to other keys; what a process remembers must not go under them."""
    actor, other = factories.bootstrap(), factories.acting(factories.person())
    number = datakeys.of(other.id).id
    datakeys._known[actor.id] = datakeys.DataKey(id=number, wrapped=b"of another day", cipher=AESGCM(bytes(32)))
    system = factories.system()
    identity = log.record(SystemUpdated(changed=[], revision=2), subject=system, actor=actor, reason="why")
    assert [one.value for one in sealing.opened(Event.objects.filter(id=identity))] == ["why"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
        max_leaves=12,
    )
)
def test_encode_writes_the_bytes_of_the_canonical_encoder(value: object) -> None:
    try:
        expected = canonical.encode(value)
    except CanonicalError:
        return
    assert log.encode(value) == expected


def test_record_over_the_size_limit_is_refused() -> None:
    system = factories.system()
    huge = SystemUpdated(changed=["x" * 70_000], revision=2)
    with pytest.raises(log.EntryTooLarge, match="the log takes 65535"):
        log.record(huge, subject=system, actor=factories.bootstrap())


def test_row_digest_ignores_operational_columns_only() -> None:
    account = factories.person()
    before = rows.digest(account)
    account.last_login = "2026-01-01T00:00Z"
    same = rows.digest(account)
    account.team = "another"
    assert (before == same, before == rows.digest(account)) == (True, False)


def test_update_is_recorded_with_its_new_row() -> None:
    engineer = factories.person(factories.Role.ENGINEER)
    system = factories.system(engineer)
    changed = systems.update(system, changes={"purpose": "new"}, revision=1, actor=factories.acting(engineer))
    assert recorded.newest(changed)["row"] == rows.digest(recorded.fresh(changed))
    assert recorded.names(changed) == ["system.registered", "system.updated"]


def test_event_name_taken_is_refused() -> None:
    with pytest.raises(TypeError, match="is taken by SystemUpdated"):

        class Another(events.Event, name="system.updated"):
            """A clash."""


@pytest.mark.parametrize("value", [object(), 1 + 2j])
def test_plain_refuses_what_has_no_one_spelling(value: object) -> None:
    with pytest.raises(TypeError, match="An event cannot hold"):
        events.plain(value)
