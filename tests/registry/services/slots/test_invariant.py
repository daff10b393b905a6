"""The nightly look at what serves: everything that was tampered with is found, stopped, and an incident."""

from collections.abc import Callable

import pytest
from django.core.management import call_command

from registry import artifacts
from registry.models import DatasetVersion, Decision, Incident, ModelVersion, PromotionRequest, SlotAssignment
from registry.services import sweeping
from registry.services.slots import assigning, invariant
from tests import factories, houses, recorded
from tests.houses import House

ACTOR = factories.bootstrap()


def signature_changed(row: SlotAssignment) -> None:
    Decision.objects.filter(promotion=row.champion_promotion).update(reason="Somebody else's words.")


def artifact_changed(row: SlotAssignment) -> None:
    ModelVersion.objects.filter(pk=row.champion.pk).update(artifact_digest="0" * 64)  # type: ignore[union-attr]


def data_changed(row: SlotAssignment) -> None:
    assert row.champion is not None
    DatasetVersion.objects.filter(pk=row.champion.dataset_version_id).update(digest="0" * 64)


def validity_stretched(row: SlotAssignment) -> None:
    promotion = row.champion_promotion
    assert promotion is not None
    assert promotion.valid_until is not None
    longer = promotion.valid_until.replace(year=promotion.valid_until.year + 9)
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=longer)


def bytes_changed(row: SlotAssignment) -> None:
    store, root = artifacts._store()
    store.pipe_file(artifacts._path(root, row.champion.artifact_digest), b"another model")  # type: ignore[union-attr]


def bytes_gone(row: SlotAssignment) -> None:
    store, root = artifacts._store()
    store.rm(artifacts._path(root, row.champion.artifact_digest))  # type: ignore[union-attr]


def version_swapped(row: SlotAssignment) -> None:
    other = factories.version(row.champion.model)  # type: ignore[union-attr]
    with houses.tampering():
        SlotAssignment.objects.filter(pk=row.pk).update(champion=other)


TAMPERING = [signature_changed, artifact_changed, data_changed, validity_stretched, bytes_changed, bytes_gone]


def test_check_of_a_sound_house_finds_nothing(house: House) -> None:
    houses.champion(house)
    houses.executed(house)
    assert invariant.check(actor=ACTOR) == sweeping.Swept()
    assert not Incident.objects.exists()


@pytest.mark.parametrize("tamper", TAMPERING, ids=lambda tamper: tamper.__name__)
def test_check_stops_what_was_tampered_with(house: House, tamper: Callable[[SlotAssignment], None]) -> None:
    row = houses.champion(house)
    tamper(row)
    assert invariant.check(actor=ACTOR) == sweeping.Swept(done=1)
    now = assigning.current(house.slot)
    assert now is not None
    assert (now.champion, now.cause) == (None, "withdrawn")
    assert "slot.invariant_breached" in recorded.names(house.slot)


def test_version_that_was_swapped_gives_way_to_the_one_that_was_approved(house: House) -> None:
    row = houses.champion(house)
    version_swapped(row)
    assert invariant.check(actor=ACTOR) == sweeping.Swept(done=1)
    now = assigning.current(house.slot)
    assert now is not None
    assert (now.champion, now.champion_promotion) == (row.champion, row.champion_promotion)


def test_breach_in_a_high_risk_system_is_a_serious_incident_with_a_deadline(house: House) -> None:
    signature_changed(houses.champion(house))
    invariant.check(actor=ACTOR)
    incident = Incident.objects.get()
    assert (incident.severity, incident.source, incident.slot) == ("serious", "slot check", house.slot)
    assert incident.authority_deadline is not None
    assert (incident.authority_deadline - incident.detected_at).days == 15
    assert incident.detail == "Champion: A signature on the request does not verify."


def test_breach_falls_back_to_the_last_sound_champion(house: House) -> None:
    first, second = houses.champion(house), houses.champion(house)
    signature_changed(second)
    invariant.check(actor=ACTOR)
    now = assigning.current(house.slot)
    assert now is not None
    assert now.champion == first.champion


def test_second_check_finds_a_stopped_slot_sound(house: House) -> None:
    signature_changed(houses.champion(house))
    assert [invariant.check(actor=ACTOR).done for _ in range(2)] == [1, 0]
    assert Incident.objects.count() == 1


@pytest.mark.parametrize(("tampered", "status"), [(False, 0), (True, 1)])
def test_command_ends_with_1_on_a_breach(
    house: House, capsys: pytest.CaptureFixture[str], tampered: bool, status: int
) -> None:
    row = houses.champion(house)
    if tampered:
        signature_changed(row)
    with pytest.raises(SystemExit) as ended:
        call_command("check_slots")
    lines = capsys.readouterr().out.splitlines()
    said = [f"{house.slot} champion: A signature on the request does not verify."] if tampered else []
    assert (ended.value.code, lines[:-1]) == (status, said)
