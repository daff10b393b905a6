"""Files by digest over the API: what refers to them, and for whom they exist."""

import pytest

from registry.roles import Role
from tests import factories
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db


def test_detail_names_every_row_that_refers_to_the_file() -> None:
    version = factories.dataset_version()
    client = signed_in(factories.person(Role.AUDITOR))
    shown = client.get(f"/api/v1/artifacts/{version.digest}").json()
    assert (shown["digest"], shown["living_references"], shown["purged_at"]) == (version.digest, 1, None)
    assert shown["referrers"] == [
        {"kind": "dataset_version", "id": str(version.pk), "name": str(version), "living": True}
    ]


def test_a_file_of_two_systems_shows_each_only_its_own() -> None:
    mine, theirs = factories.dataset_version(), factories.dataset_version()
    assert mine.digest == theirs.digest
    reader = factories.person(Role.OWNER, system=mine.dataset.system)
    shown = signed_in(reader).get(f"/api/v1/artifacts/{mine.digest}").json()
    assert [row["id"] for row in shown["referrers"]] == [str(mine.pk)]


def test_a_file_of_another_system_does_not_exist() -> None:
    version, outsider = factories.dataset_version(), factories.person(Role.OWNER, system=factories.system())
    answer = signed_in(outsider).get(f"/api/v1/artifacts/{version.digest}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert signed_in(outsider).get("/api/v1/artifacts").json()["results"] == []


def test_list_of_three_files_takes_as_many_queries_as_of_one() -> None:
    client = signed_in(factories.person(Role.AUDITOR))
    factories.dataset_version(rows=10)
    first = count_queries(client, "/api/v1/artifacts")
    factories.dataset_version(rows=20), factories.dataset_version(rows=30)
    assert count_queries(client, "/api/v1/artifacts") == first
