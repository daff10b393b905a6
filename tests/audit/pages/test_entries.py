"""Pages of the log: the entry decoded, its sealed words while they are kept, its place under a head."""

import json

import pytest

from audit.database import grants
from audit.models import Checkpoint, Event, Sealed
from tests import databases, desks, factories

pytestmark = pytest.mark.django_db
WORDS = "The thresholds fit the risk."


def approval() -> Event:
    """An event with a reason in it."""
    factories.policy()
    return Event.objects.get(event="policy.approved")


def read(event: Event) -> str:
    return desks.reader().get(desks.page(event)).content.decode()


def test_event_shows_who_what_and_why() -> None:
    event = approval()
    shown = read(event)
    entry = json.loads(bytes(event.leaf or b""))
    assert "A second person made a policy effective" in shown or event.event in shown
    assert entry["data"]["policy"] in shown
    assert "The thresholds fit the risk." in shown


def test_event_without_its_words_says_that_no_erasure_took_them() -> None:
    event = approval()
    with databases.acting_as(grants.ERASER):
        Sealed.objects.filter(ticket=event.ticket).update(content=None)
    shown = read(event)
    assert "The thresholds fit the risk." not in shown
    assert "gone, and no erasure says so</span>" in shown


def test_event_tells_its_place_once_it_is_under_a_head() -> None:
    event = approval()
    before = read(event)
    factories.sequence()
    after = read(event)
    assert "committed, not yet under a signed head" in before
    assert ", under a signed head" in after
    assert "c2sp.org/tlog-proof" in after


def test_checkpoint_shows_the_signed_note() -> None:
    approval()
    factories.sequence()
    head = Checkpoint.objects.get()
    shown = desks.reader().get(desks.page(head)).content.decode()
    assert head.note.splitlines()[2] in shown


def test_list_names_the_people_in_one_query() -> None:
    account = factories.person()
    factories.system()
    shown = desks.reader().get("/admin/audit/event/", {"subject_type": "account", "subject_id": str(account.pk)})
    assert shown.context["cl"].result_list[0].actor_name == "the server: bootstrap"
