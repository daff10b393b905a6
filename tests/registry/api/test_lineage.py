"""Lineage over the API: as data, as a picture, as a table, and whose data a model learned from."""

import csv
import io

import pytest

from registry.api.spreadsheets import harmless
from registry.roles import Role
from tests import factories, houses
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


def test_up_from_a_version_gives_nodes_and_edges() -> None:
    version = factories.version()
    client = signed_in(factories.person(Role.AUDITOR))
    shown = client.get(f"/api/v1/lineage?of=model_version:{version.pk}&direction=up&depth=1").json()
    assert [(node["kind"], node["id"]) for node in shown["nodes"]] == [
        ("model_version", str(version.pk)),
        ("run", str(version.run_id)),
    ]
    assert shown["edges"] == [
        {"cause": f"run:{version.run_id}", "edge": "registered", "effect": f"model_version:{version.pk}"}
    ]
    assert (shown["complete"], shown["nodes"][0]["path"]) == (False, f"/api/v1/model-versions/{version.pk}")


def test_every_path_of_a_node_can_be_read() -> None:
    house = houses.build()
    houses.champion(house)
    client = signed_in(factories.person(Role.AUDITOR))
    nodes = client.get(f"/api/v1/lineage?of=dataset:{house.data.dataset_id}").json()["nodes"]
    nodes += client.get(f"/api/v1/lineage?of=slot:{house.slot.pk}").json()["nodes"]
    assert [node for node in nodes if node["path"] and client.get(node["path"]).status_code != 200] == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("of=horse:1", "?of"), ("of=run:1", "?of"), ("", "?of"), ("of=code:x&direction=left", "?direction")],
)
def test_a_question_that_cannot_be_read_names_its_parameter(query: str, pointer: str) -> None:
    answer = signed_in(factories.person(Role.AUDITOR)).get(f"/api/v1/lineage?{query}")
    assert (answer.status_code, [error["pointer"].strip("?/") for error in answer.json()["errors"]]) == (
        422,
        [pointer.strip("?")],
    )


@pytest.mark.parametrize("suffix", ["", ".svg", ".csv"])
def test_a_record_of_another_system_does_not_exist(suffix: str) -> None:
    version, outsider = factories.version(), factories.person(Role.OWNER, system=factories.system())
    answer = signed_in(outsider).get(f"/api/v1/lineage{suffix}?of=model_version:{version.pk}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_the_picture_runs_nothing() -> None:
    version = factories.version()
    path = f"/api/v1/lineage.svg?of=model_version:{version.pk}"
    answer = signed_in(factories.person(Role.AUDITOR)).get(path, headers={"Accept": "image/svg+xml"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")


def test_the_table_has_the_edges() -> None:
    version = factories.version()
    path = f"/api/v1/lineage.csv?of=model_version:{version.pk}&direction=up&depth=1"
    answer = signed_in(factories.person(Role.AUDITOR)).get(path, headers={"Accept": "text/csv"})
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["cause_kind"], row["edge"], row["effect"]) == ("run", "registered", str(version))


def test_learned_from_a_dataset_lists_its_versions_models() -> None:
    version = factories.version()
    factories.version()
    client = signed_in(factories.person(Role.AUDITOR))
    shown = client.get(f"/api/v1/lineage/learned-from?dataset={version.dataset_version.dataset_id}").json()
    assert [row["name"] for row in shown["model_versions"]] == [str(version)]


def test_learned_from_a_dataset_of_another_system_names_the_parameter() -> None:
    version, outsider = factories.version(), factories.person(Role.OWNER, system=factories.system())
    dataset = version.dataset_version.dataset_id
    assert signed_in(outsider).get(f"/api/v1/lineage/learned-from?dataset={dataset}").status_code == 422


def test_learned_from_a_person_is_for_who_handles_erasures() -> None:
    body = {"person": "ann"}
    answer = signed_in(factories.person(Role.DPO)).post("/api/v1/lineage/learned-from", body)
    assert (answer.status_code, answer.json(), answer["Cache-Control"]) == (200, {"model_versions": []}, "no-store")
    refused = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/lineage/learned-from", body)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-permitted")


def test_a_name_that_a_spreadsheet_would_run_is_quoted_in_the_table() -> None:
    assert harmless({"cause": "=1+1", "effect": "@SUM(A1)", "edge": "was learned by"}) == {
        "cause": "'=1+1",
        "effect": "'@SUM(A1)",
        "edge": "was learned by",
    }
