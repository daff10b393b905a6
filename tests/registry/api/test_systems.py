"""Systems over the API: registering, and changing under a revision."""

import pytest

from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db
BODY = {"name": "credit", "purpose": "Score applicants.", "risk_tier": "high"}


def test_register_by_an_engineer_creates_the_system() -> None:
    engineer = factories.person(Role.ENGINEER)
    answer = signed_in(engineer).post("/api/v1/systems", BODY)
    shown = {key: answer.json()[key] for key in (*BODY, "owner", "revision")}
    assert (answer.status_code, answer["ETag"], shown) == (
        201,
        '"1"',
        {**BODY, "owner": str(engineer.pk), "revision": 1},
    )


def test_register_by_an_auditor_is_refused_with_the_roles_that_would_do() -> None:
    answer = signed_in(factories.person(Role.AUDITOR)).post("/api/v1/systems", BODY)
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (403, "/problems/not-permitted")
    assert problem["remedy"] == "Ask a platform admin for one of the roles: ML engineer or Model owner."


def test_register_under_a_name_that_is_taken_is_a_conflict() -> None:
    client = signed_in(factories.person(Role.ENGINEER))
    client.post("/api/v1/systems", BODY)
    assert client.post("/api/v1/systems", BODY).json()["type"] == "/problems/already-exists"


def test_register_with_two_wrong_fields_names_both() -> None:
    client = signed_in(factories.person(Role.ENGINEER))
    answer = client.post("/api/v1/systems", {"name": "credit", "risk_tier": "enormous"})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (
        422,
        ["/purpose", "/risk_tier"],
    )


def test_register_with_a_name_the_service_refuses_points_at_it() -> None:
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/systems", {**BODY, "name": "Credit!"})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/name"])


def test_update_of_the_revision_that_was_read_changes_it() -> None:
    system = factories.system()
    client = signed_in(system.owner)
    etag = client.get(f"/api/v1/systems/{system.pk}")["ETag"]
    answer = client.patch(f"/api/v1/systems/{system.pk}", {"purpose": "Plan."}, headers={"If-Match": etag})
    assert (answer.status_code, answer["ETag"], answer.json()["purpose"]) == (200, '"2"', "Plan.")


def test_update_of_an_older_revision_is_refused() -> None:
    system = factories.system()
    client, path = signed_in(system.owner), f"/api/v1/systems/{system.pk}"
    client.patch(path, {"purpose": "Plan."}, headers={"If-Match": '"1"'})
    answer = client.patch(path, {"purpose": "Score."}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/revision-mismatch")


def test_update_without_a_revision_is_refused() -> None:
    system = factories.system()
    answer = signed_in(system.owner).patch(f"/api/v1/systems/{system.pk}", {"purpose": "Plan."})
    assert (answer.status_code, answer.json()["type"]) == (428, "/problems/precondition-required")


def test_list_filtered_by_risk_tier_holds_only_that_tier() -> None:
    high = factories.system(risk_tier="high")
    factories.system(risk_tier="minimal")
    rows = signed_in(factories.person(Role.AUDITOR)).get("/api/v1/systems?risk_tier=high").json()["results"]
    assert [row["id"] for row in rows] == [str(high.pk)]


def test_list_filtered_by_a_tier_that_does_not_exist_names_the_parameter() -> None:
    answer = signed_in(factories.person(Role.AUDITOR)).get("/api/v1/systems?risk_tier=enormous")
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["?risk_tier"])


def test_register_with_stakes_shows_the_materiality() -> None:
    body = {**BODY, "exposure": "high", "reliance": "decides", "personal_data": False, "regimes": ["gdpr"]}
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/systems", body).json()
    assert {key: answer[key] for key in body} == body
    assert (answer["materiality"], answer["position"]) == ("high", "both")


def test_list_filtered_by_materiality_and_regime_holds_only_those() -> None:
    client = signed_in(factories.person(Role.ENGINEER))
    high = client.post("/api/v1/systems", {**BODY, "exposure": "high", "regimes": ["gdpr"]}).json()
    client.post("/api/v1/systems", {**BODY, "name": "other", "exposure": "high"})
    client.post("/api/v1/systems", {**BODY, "name": "third", "exposure": "low", "regimes": ["gdpr"]})
    rows = client.get("/api/v1/systems?materiality=high&regime=gdpr").json()["results"]
    assert [row["id"] for row in rows] == [high["id"]]
