"""Incidents: reported once, with a deadline where the law sets one, and forward only."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit import rows
from registry.errors import AlreadyExists, Conflict, Invalid, NotPermitted, RevisionMismatch
from registry.models import Incident
from registry.services.slots import incidents
from tests import factories, recorded
from tests.factories import acting
from tests.houses import House


def reported(house: House, **changes: Any) -> Incident:
    said = {"title": "Wrong unit", "detail": "Months, not years.", "severity": "serious", "slot": house.slot}
    return incidents.report(house.system, **{**said, **changes}, actor=acting(house.operator))


def moved(house: House, incident: Incident, to: str, **changes: Any) -> Incident:
    said = {"reason": "As it was done.", "revision": incident.revision}
    return incidents.move(incident, to=to, **{**said, **changes}, actor=acting(house.operator))


def test_report_is_on_record_and_owned_by_who_reported_it(house: House) -> None:
    incident = reported(house)
    told = recorded.newest(incident)
    assert (incident.state, incident.owner, incident.source) == ("reported", house.operator, "person")
    assert (told["event"], told["data"]["severity"], told["data"]["slot"]) == (
        "incident.reported",
        "serious",
        house.slot.key,
    )
    assert told["row"] == rows.digest(recorded.fresh(incident))


@pytest.mark.parametrize(("led_to", "days"), [("other", 15), ("death", 10), ("widespread", 2)])
def test_serious_incident_has_the_deadline_of_what_it_led_to(house: House, led_to: str, days: int) -> None:
    noticed = timezone.now() - timedelta(days=1)
    assert reported(house, led_to=led_to, detected_at=noticed).authority_deadline == noticed + timedelta(days=days)


def test_minor_incident_has_no_deadline(house: House) -> None:
    assert reported(house, severity="minor").authority_deadline is None


def test_same_incident_twice_is_refused_while_it_is_open(house: House) -> None:
    reported(house)
    with pytest.raises(AlreadyExists):
        reported(house)
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"led_to": "nothing"}, {"severity": "grave"}, {"title": "x" * 201}, {"detected_at": "tomorrow"}]
)
def test_report_that_cannot_be_used_is_refused(house: House, change: dict[str, Any]) -> None:
    if "detected_at" in change:
        change = {"detected_at": timezone.now() + timedelta(days=1)}
    with pytest.raises(Invalid):
        reported(house, **change)


def test_report_about_another_systems_slot_is_refused(house: House) -> None:
    with pytest.raises(Invalid, match="another system"):
        reported(house, slot=factories.slot())


def test_report_without_the_role_is_refused(house: House) -> None:
    with pytest.raises(NotPermitted):
        incidents.report(house.system, title="x", detail="x", severity="minor", actor=acting(house.validator))


def test_incident_goes_through_every_step_to_its_end(house: House) -> None:
    incident = reported(house)
    for to in ("contained", "analysed", "corrected", "closed"):
        incident = moved(house, incident, to)
    assert (incident.state, incident.closed_at is not None, incident.revision) == ("closed", True, 5)
    assert recorded.names(incident) == ["incident.reported", *["incident.moved"] * 4]
    assert recorded.sealed(incident) == {"reason": "As it was done."}


@pytest.mark.parametrize("to", ["reported", "analysed", "closed"])
def test_step_out_of_order_is_refused(house: House, to: str) -> None:
    with pytest.raises(Conflict, match="cannot be"):
        moved(house, reported(house), to)


def test_step_after_the_end_is_refused(house: House) -> None:
    incident = reported(house)
    for to in incidents.STEPS[1:]:
        incident = moved(house, incident, to)
    with pytest.raises(Conflict):
        moved(house, incident, "contained")


def test_step_of_an_old_revision_is_refused(house: House) -> None:
    with pytest.raises(RevisionMismatch):
        moved(house, reported(house), "contained", revision=7)


def test_who_takes_an_unowned_incident_owns_it(house: House) -> None:
    finding = incidents.Finding("slot check", "x", "x", "major")
    incident = incidents.found(house.slot, finding, actor=factories.bootstrap())
    assert incident.owner is None
    assert moved(house, incident, "contained").owner == house.operator


def test_found_twice_is_one_incident_until_it_is_closed(house: House) -> None:
    finding = incidents.Finding("slot check", "x", "x", "major")
    first = incidents.found(house.slot, finding, actor=factories.bootstrap())
    assert incidents.found(house.slot, finding, actor=factories.bootstrap()) == first
    Incident.objects.filter(pk=first.pk).update(state="closed")
    assert incidents.found(house.slot, finding, actor=factories.bootstrap()) != first
