"""Histories on the server: fixed bit by bit as the log grows, always what the whole log gives, and guarded."""

from typing import Any

import pytest
from django.db import ProgrammingError

from audit import actors
from audit.database import grants
from audit.disclosure import histories
from audit.models import Event, History, Leaf
from audit.tlog import entry, note
from audit.tlog.histories import Histories, State
from audit.tree import proofs
from tests import databases, factories, recorded
from tests.audit.conftest import ORIGIN

pytestmark = pytest.mark.usefixtures("grown")


@pytest.fixture(name="grown")
def _grown(live_database: str, signer: note.Signer) -> None:
    """Two dozen events about a few subjects, placed in two rounds."""
    for _ in range(2):
        for account in (factories.person(), factories.person()):
            for _ in range(5):
                factories.token(account)
        place(signer)


def fix() -> histories.Fixed | None:
    """As the sequencer's process does it."""
    with databases.acting_as(grants.SEQUENCER):
        return histories.fix(actor=actors.system("sequencer"))


def place(signer: note.Signer) -> None:
    recorded.place(signer, origin=ORIGIN)


def counted(size: int) -> list[State]:
    """The map over the first entries, from their bytes."""
    known = Histories()
    events = {event.ticket: event for event in Event.objects.all()}
    for leaf in Leaf.objects.filter(index__lt=size).order_by("index"):
        subject: Any = entry.parse(bytes(events[leaf.ticket].leaf or b""))["subject"]
        known.add(subject["type"], subject["id"], leaf.index, bytes(leaf.hash))
    return known.states()


def stored() -> list[State]:
    rows = [
        State(row.subject_type, row.subject_id, row.count, row.last_index, bytes(row.digest))
        for row in History.objects.all()
    ]
    return sorted(rows, key=lambda state: state.key)


def test_fix_stores_and_records_what_the_log_itself_gives() -> None:
    head = proofs.latest()
    fixed = fix()
    assert head is not None
    assert fixed is not None
    assert (fixed.size, fixed.root) == (head.size, Histories(counted(head.size)).root())
    assert stored() == counted(head.size)
    told = entry.parse(bytes(Event.objects.latest("ticket").leaf or b""))
    assert (told["event"], told["subject"], told["actor"], told["data"]) == (
        "log.histories_fixed",
        {"type": "log", "id": ORIGIN},
        "system:sequencer",
        {"size": fixed.size, "root": fixed.root.hex(), "subjects": fixed.subjects},
    )


def test_fix_goes_on_where_it_was(signer: note.Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histories, "_BATCH", 7)
    fix()
    account = factories.person()
    factories.token(account)
    place(signer)
    again = fix()
    head = proofs.latest()
    assert head is not None
    assert again is not None
    assert (again.size, stored()) == (head.size, counted(head.size))


def test_fix_of_an_idle_log_records_nothing(signer: note.Signer) -> None:
    assert fix() is not None
    place(signer)
    before = Event.objects.count()
    assert (fix(), Event.objects.count()) == (None, before)


def test_due_says_when_enough_has_come(signer: note.Signer) -> None:
    assert histories.due(entries=20)
    assert not histories.due(entries=100_000)
    fix()
    place(signer)
    assert not histories.due(entries=2)
    assert histories.due(entries=1)


def test_fix_over_a_table_that_somebody_changed_is_refused(live_database: str, signer: note.Signer) -> None:
    fix()
    factories.person()
    place(signer)
    with databases.superuser(live_database) as superuser:
        superuser.execute("UPDATE audit_history SET count = count - 1 WHERE subject_type = 'account'")
    with pytest.raises(histories.HistoriesMismatch, match="audit_history is not what the log fixed at size"):
        fix()


def test_fix_after_the_table_was_emptied_counts_from_the_first_entry(live_database: str, signer: note.Signer) -> None:
    fix()
    factories.person()
    place(signer)
    with databases.superuser(live_database) as superuser:
        superuser.execute("TRUNCATE audit_history")
    fixed = fix()
    assert fixed is not None
    assert stored() == counted(fixed.size)


def test_fix_by_the_application_is_refused_by_the_database() -> None:
    with databases.acting_as(grants.APPLICATION), pytest.raises(ProgrammingError, match="permission denied"):
        histories.fix(actor=actors.system("web"))


def test_prove_while_a_newer_fixing_awaits_its_place_is_refused(signer: note.Signer) -> None:
    fix()
    factories.person()
    place(signer)
    fix()
    head = proofs.latest()
    assert head is not None
    older = histories.newest(head)
    assert older is not None
    with pytest.raises(proofs.NotSequenced, match="fixed a moment ago"):
        histories.prove([("account", "nobody")], older)
