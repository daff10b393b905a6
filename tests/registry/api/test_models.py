"""Model families and versions over the API."""

import pytest

from registry.roles import Role
from tests import factories
from tests.clients import signed_in

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
