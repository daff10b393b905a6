"""Model families and versions over the API."""

import pytest

from registry.roles import Role
from tests import factories, houses
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db


def test_register_by_the_systems_engineer_opens_a_family() -> None:
    system = factories.system()
    body = {"system": str(system.pk), "name": "employment"}
    answer = signed_in(factories.person(Role.ENGINEER, system=system)).post("/api/v1/models", body)
    assert (answer.status_code, {key: answer.json()[key] for key in body}) == (201, body)


def test_register_by_an_auditor_is_refused() -> None:
    body = {"system": str(factories.system().pk), "name": "employment"}
    answer = signed_in(factories.person(Role.AUDITOR)).post("/api/v1/models", body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_register_in_a_system_one_may_not_read_says_it_does_not_exist() -> None:
    stranger = factories.person(Role.ENGINEER, system=factories.system())
    body = {"system": str(factories.system().pk), "name": "employment"}
    answer = signed_in(stranger).post("/api/v1/models", body)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/system"])


def test_versions_filtered_by_family_show_artifact_and_name() -> None:
    version = factories.version()
    factories.version()
    answer = signed_in(factories.person(Role.VALIDATOR)).get(f"/api/v1/model-versions?model={version.model_id}")
    shown = [(row["name"], row["artifact_digest"]) for row in answer.json()["results"]]
    assert shown == [(str(version), version.artifact_digest)]


def test_version_shows_its_three_axes() -> None:
    house = houses.build()
    assignment = houses.champion(house)
    shown = signed_in(house.validator).get(f"/api/v1/model-versions/{assignment.champion_id}").json()
    (approval,), (deployment,) = shown["approval"], shown["deployment"]
    assert (shown["lifecycle"], approval["slot"], approval["status"]) == ("registered", house.slot.key, "approved")
    assert (deployment["slot"], deployment["status"], deployment["until"]) == (house.slot.key, "serving", None)


def test_versions_filtered_by_what_a_slot_serves_hold_champion_and_canary() -> None:
    house = houses.build()
    first, second = houses.champion(house), houses.executed(house)
    houses.measured(house)
    rows = signed_in(house.validator).get(f"/api/v1/model-versions?serving={house.slot.key}").json()["results"]
    assert [row["id"] for row in rows] == [str(second.canary_id), str(first.champion_id)]


def test_versions_that_serve_take_as_many_queries_for_three_as_for_one() -> None:
    house = houses.build()
    client = signed_in(house.validator)
    houses.champion(house)
    first = count_queries(client, "/api/v1/model-versions")
    houses.champion(house), houses.champion(house)
    assert count_queries(client, "/api/v1/model-versions") == first


def test_retire_and_purge_of_an_unused_version_end_its_artifact() -> None:
    house = houses.build()
    version = houses.measured(house)
    client, path = signed_in(house.engineer), f"/api/v1/model-versions/{version.pk}"
    retired = client.post(f"{path}/retire", {"reason": "Replaced."})
    purged = client.post(f"{path}/purge", {"reason": "Its time is over."})
    assert (retired.json()["lifecycle"], purged.json()["lifecycle"]) == ("retired", "purged")
    artifact = client.get(f"/api/v1/artifacts/{version.artifact_digest}").json()
    assert (artifact["purged_at"] is None, artifact["living_references"]) == (False, 0)


def test_retire_of_what_serves_is_a_conflict() -> None:
    house = houses.build()
    version = houses.champion(house).champion_id
    answer = signed_in(house.engineer).post(f"/api/v1/model-versions/{version}/retire", {"reason": "Why not."})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_retire_by_an_auditor_is_refused() -> None:
    version = factories.version()
    answer = signed_in(factories.person(Role.AUDITOR)).post(
        f"/api/v1/model-versions/{version.pk}/retire", {"reason": "I may not."}
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
