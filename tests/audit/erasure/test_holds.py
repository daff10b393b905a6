"""Legal holds: what they stand over, that they are placed and released once, and who waits for whom."""

from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from audit.erasure import holds
from audit.errors import AlreadyDecided, HoldInForce, NotErasable
from audit.models import Event, Hold
from audit.sealed import sealing
from tests import factories, recorded

pytestmark = pytest.mark.django_db
GROUND = "Art. 18(1) Regulation (EU) 2024/1689: kept for ten years"


def placed(**scope: str) -> Hold:
    return holds.place(ground=GROUND, actor=factories.acting(factories.person()), **scope)


def registration() -> Event:
    system = factories.system()
    return Event.objects.get(event="system.registered", subject_id=str(system.pk))


def stand_over(event: UUID | None, *people: str) -> bool:
    return bool(holds.over(event=event, people=people))


def test_place_records_the_scope_and_seals_the_ground() -> None:
    hold = placed(subject_type="system")
    told = recorded.newest(hold)
    assert (told["event"], told["data"]) == (
        "hold.placed",
        {"subject_type": "system", "subject_id": "", "person": ""},
    )
    event = Event.objects.get(event="hold.placed")
    kept = {one.field: one.value for one in sealing.opened([event])}
    assert kept[f"audit_hold/{hold.pk}.ground.new"] == GROUND


@pytest.mark.parametrize(
    "scope",
    [{"subject_id": "1"}, {"subject_type": "system", "person": "person:1"}, {"ground": " "}],
)
def test_place_without_a_clear_scope_or_a_ground_is_refused(scope: dict[str, str]) -> None:
    actor = factories.bootstrap()
    with pytest.raises(NotErasable):
        holds.place(**{"ground": GROUND, "actor": actor, **scope})  # type: ignore[arg-type]
    assert not Hold.objects.exists()


def test_hold_on_a_subject_stands_over_its_events_alone() -> None:
    event, other = registration(), registration()
    placed(subject_type="system", subject_id=event.subject_id)
    assert (stand_over(event.id), stand_over(other.id), stand_over(None, event.actor)) == (True, False, False)


def test_hold_on_a_type_stands_over_every_subject_of_it() -> None:
    event, account = registration(), factories.person()
    placed(subject_type="system")
    made = Event.objects.get(event="account.created", subject_id=str(account.pk))
    assert (stand_over(event.id), stand_over(made.id)) == (True, False)


def test_hold_on_a_person_stands_over_what_is_about_them_and_what_they_did() -> None:
    event = registration()
    placed(person=event.actor)
    other = registration()
    found = (stand_over(event.id), stand_over(None, event.actor), stand_over(other.id), stand_over(None, other.actor))
    assert found == (True, True, False, False)


def test_hold_on_a_subject_stands_over_whoever_has_something_sealed_there() -> None:
    account = factories.person()
    placed(subject_type="account", subject_id=str(account.pk))
    other = f"person:{factories.person().pk}"
    assert (stand_over(None, f"person:{account.pk}"), stand_over(None, other)) == (True, False)


def test_hold_on_nothing_in_particular_stands_over_everything() -> None:
    placed()
    assert (stand_over(registration().id), stand_over(None, "person:1")) == (True, True)


def test_check_names_the_ground() -> None:
    event = registration()
    placed(subject_type="system")
    with pytest.raises(HoldInForce, match=r"It must be kept: Hold on system \(Art. 18\(1\) Regulation"):
        holds.check(event=event.id, people=[""])


def test_release_records_the_reason_and_ends_it() -> None:
    hold, event = placed(), registration()
    hold = holds.release(hold, actor=factories.acting(factories.person()), reason="The suit is settled.")
    assert (recorded.names(hold), recorded.sealed(hold)) == (
        ["hold.placed", "hold.released"],
        {"reason": "The suit is settled."},
    )
    assert (hold.released_at is not None, stand_over(event.id)) == (True, False)


def test_release_of_a_released_hold_is_refused() -> None:
    hold = holds.release(placed(), actor=factories.bootstrap(), reason="Settled.")
    with pytest.raises(AlreadyDecided):
        holds.release(hold, actor=factories.bootstrap(), reason="Again.")
    assert recorded.names(hold) == ["hold.placed", "hold.released"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_hold SET subject_type = 'slot'",
        "UPDATE audit_hold SET ground = ''",
        "UPDATE audit_hold SET placed_by = 'system:nobody'",
    ],
)
def test_hold_cannot_be_made_another(change: str) -> None:
    placed(subject_type="system")
    with pytest.raises(IntegrityError, match="A hold is placed, and released once"), transaction.atomic():
        connection.cursor().execute(change)


def test_released_hold_cannot_be_put_back() -> None:
    holds.release(placed(), actor=factories.bootstrap(), reason="Settled.")
    with pytest.raises(IntegrityError, match="A hold is placed, and released once"), transaction.atomic():
        connection.cursor().execute("UPDATE audit_hold SET released_at = NULL, released_by = ''")
