"""Retire and purge: what is needed stays, what goes is on record, and a crash between row and file is mended."""

import io

import pytest

from audit.actors import system as system_actor
from registry import artifacts
from registry.errors import Conflict, NotPermitted
from registry.gates import durations
from registry.models import Artifact, Emergency, ModelVersion, PeriodicReview
from registry.roles import Role
from registry.services import artifacts as files
from registry.services import lifecycle, privacy
from registry.services.slots import emergencies
from tests import factories, houses, recorded
from tests.factories import acting

SWEEPER = system_actor("worker")


def retired(version: ModelVersion) -> ModelVersion:
    return lifecycle.retire(version, actor=acting(version.trained_by), reason="Nobody needs it.")


def purged(version: ModelVersion) -> ModelVersion:
    return lifecycle.purge(version, actor=acting(version.trained_by), reason="Its time is over.")


def broken(house: houses.House) -> tuple[ModelVersion, Emergency]:
    """A version that serves by a break-glass."""
    version = houses.measured(house)
    emergency = emergencies.open(
        house.slot,
        version=version,
        reason="Nothing answers.",
        credentials=factories.credentials(house.operator),
        actor=acting(house.operator),
    )
    return version, emergency


def test_retire_keeps_the_record_and_makes_open_requests_stale(house: houses.House) -> None:
    request = houses.submitted(house)
    version = retired(request.model_version)
    assert recorded.fresh(version).lifecycle == "retired"
    assert recorded.names(version)[-1] == "model_version.retired"
    assert (recorded.fresh(request).state, recorded.names(request)[-1]) == ("stale", "promotion.went_stale")


def test_retire_of_what_serves_is_refused_on_record(house: houses.House) -> None:
    version = houses.champion(house).champion
    assert version is not None
    with pytest.raises(Conflict, match="serves in"):
        retired(version)
    told = recorded.newest(version)
    assert (told["event"], told["data"], recorded.fresh(version).lifecycle) == (
        "model_version.retire_refused",
        {"rule": "Conflict"},
        "registered",
    )


def test_retire_of_a_canary_is_refused(house: houses.House) -> None:
    houses.champion(house)
    canary = houses.executed(house).canary
    assert canary is not None
    with pytest.raises(Conflict, match="is the canary of"):
        retired(canary)


def test_retire_of_a_superseded_version_passes(house: houses.House) -> None:
    first = houses.champion(house).champion
    houses.champion(house)
    assert first is not None
    assert retired(first).lifecycle == "retired"


def test_retire_by_a_validator_is_refused_on_record(house: houses.House) -> None:
    version = houses.measured(house)
    with pytest.raises(NotPermitted):
        lifecycle.retire(version, actor=acting(house.validator), reason="I do not like it.")
    assert recorded.newest(version)["data"] == {"rule": "NotPermitted"}


def test_retire_twice_is_refused(house: houses.House) -> None:
    version = retired(houses.measured(house))
    with pytest.raises(Conflict, match="is retired already"):
        retired(version)


def test_purge_of_a_version_that_is_not_retired_is_refused(house: houses.House) -> None:
    with pytest.raises(Conflict, match="not retired"):
        purged(houses.measured(house))


def test_purge_removes_the_bytes_and_keeps_both_records(house: houses.House) -> None:
    version = purged(retired(houses.measured(house)))
    artifact = Artifact.objects.get(digest=version.artifact_digest)
    assert (recorded.fresh(version).lifecycle, artifact.purged_at is None) == ("purged", False)
    assert not artifacts.exists(version.artifact_digest)
    assert recorded.newest(version)["data"] == {"artifact": version.artifact_digest, "freed": True}
    assert recorded.names(artifact) == ["artifact.stored", "artifact.purged"]


def test_purge_of_a_shared_artifact_keeps_its_bytes_for_the_other_version(house: houses.House) -> None:
    first, second = (factories.version(house.model, data=house.data, bias=-77.0) for _ in range(2))
    purged(retired(first))
    assert artifacts.exists(second.artifact_digest)
    assert recorded.newest(first)["data"]["freed"] is False
    purged(retired(second))
    assert not artifacts.exists(second.artifact_digest)


@pytest.mark.parametrize("about", ["everything", "version", "system", "artifact"])
def test_purge_under_a_legal_hold_is_refused_with_its_ground(house: houses.House, about: str) -> None:
    version = retired(houses.measured(house))
    scope = {
        "everything": {},
        "version": {"subject_type": "model_version", "subject_id": str(version.pk)},
        "system": {"subject_type": "system"},
        "artifact": {"subject_type": "artifact", "subject_id": str(version.artifact_id)},
    }[about]
    officer = factories.person(Role.RISK_OFFICER)
    hold = privacy.place_hold(ground="Case 12/26", actor=acting(officer), **scope)
    with pytest.raises(Conflict, match="Case 12/26"):
        purged(version)
    privacy.release_hold(hold, actor=acting(officer), reason="Settled.")
    assert purged(version).lifecycle == "purged"


def test_purge_within_a_policys_retention_is_refused_with_its_end(house: houses.House) -> None:
    version = houses.submitted(house).model_version
    until = lifecycle.kept_until(version)
    assert until is not None
    with pytest.raises(Conflict, match=f"A policy, or that it served, keeps it until {until:%d %B %Y}"):
        purged(retired(version))


def test_purge_within_six_months_after_it_served_is_refused(house: houses.House) -> None:
    version, emergency = broken(house)
    ended = emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    PeriodicReview.objects.update(state=PeriodicReview.State.COMPLETED)
    until = durations.after(ended.since, lifecycle.AFTER_SERVING)
    assert lifecycle.kept_until(version) == until
    with pytest.raises(Conflict, match=f"that it served, keeps it until {until:%d %B %Y}"):
        purged(retired(version))


@pytest.mark.parametrize("state", ["due", "lapsed"])
def test_purge_before_its_break_glass_was_reviewed_is_refused(house: houses.House, state: str) -> None:
    version, emergency = broken(house)
    emergencies.end(emergency, reason="Mended.", revision=1, actor=acting(house.operator))
    PeriodicReview.objects.update(state=state)
    with pytest.raises(Conflict, match="Nobody has reviewed its break-glass"):
        purged(retired(version))
    assert artifacts.exists(version.artifact_digest)


def test_sweep_removes_the_file_that_a_crash_left_behind(house: houses.House) -> None:
    version = houses.measured(house)
    data = artifacts.read(version.artifact_digest)
    purged(retired(version))
    artifacts.put(io.BytesIO(data), limit_bytes=10**6)  # as if the process had died before it removed the file
    assert (lifecycle.sweep(actor=SWEEPER), artifacts.exists(version.artifact_digest)) == (1, False)
    assert lifecycle.sweep(actor=SWEEPER) == 0


def test_store_of_purged_bytes_brings_them_back(house: houses.House) -> None:
    version = houses.measured(house)
    data = artifacts.read(version.artifact_digest)
    purged(retired(version))
    artifact = files.store(data, media_type="application/onnx", actor=SWEEPER)
    assert (artifact.purged_at, artifacts.read(version.artifact_digest) == data) == (None, True)
    assert recorded.names(artifact) == ["artifact.stored", "artifact.purged", "artifact.stored"]


def test_bring_back_after_the_remover_was_quicker_stores_the_bytes_again(house: houses.House) -> None:
    version = purged(retired(houses.measured(house)))
    artifact = Artifact.objects.get(digest=version.artifact_digest)
    stream = io.BytesIO(b"whatever came")
    stream.read()
    files._bring_back(artifact, stream, 100)
    assert artifacts.exists(files._put(io.BytesIO(b"whatever came"), 100)[0])
