"""What an entry says, and what it keeps to itself."""

import pytest

from audit import events, log, rows
from audit.models import Event, Sealed
from audit.tlog import entry, seal
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
    assert written["data"] == {"name": system.name, "risk_tier": system.risk_tier}
    assert written["request"] == "test-request"


def test_record_seals_what_people_write() -> None:
    system, actor = factories.system(), factories.bootstrap()
    identity = log.record(
        SystemUpdated(changed=[], revision=2), subject=system, actor=actor, reason="Because Ann said so"
    )
    event = Event.objects.get(id=identity)
    kept = Sealed.objects.get(ticket=event.ticket)
    assert b"Ann" not in bytes(event.leaf)
    assert entry.parse(bytes(event.leaf))["sealed"] == {"reason": bytes(kept.commitment).hex()}
    assert seal.matches(bytes(kept.commitment), "reason", kept.value, bytes(kept.salt or b""))


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
