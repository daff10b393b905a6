"""Coverage over the API: one system, the table, and signed exemptions."""

import pytest

from registry.clauses import clause as clauses
from registry.models import AISystem
from registry.roles import Role
from registry.services import systems
from tests import factories
from tests.clients import count_queries, signed_in
from tests.factories import acting

pytestmark = pytest.mark.django_db


def held(*regimes: str) -> AISystem:
    """A system that is held to these."""
    made, officer = factories.system(), factories.person(Role.RISK_OFFICER)
    return systems.update(made, changes={"regimes": list(regimes)}, revision=1, actor=acting(officer))


def exempting(clause: str, by: object) -> dict[str, str]:
    proof = factories.credentials(by)  # type: ignore[arg-type]
    return {"clause": clause, "reason": "We only rehearse.", "password": proof.password, "code": proof.code}


def test_coverage_of_a_system_says_for_each_clause_what_is_there_and_what_to_do() -> None:
    system = held("gdpr")
    shown = signed_in(system.owner).get(f"/api/v1/systems/{system.pk}/coverage").json()
    found = {row["id"]: row for row in shown["clauses"]}
    assert "makes nobody compliant" in shown["notice"]
    assert len(found) == len(clauses.every()) == sum(shown["counts"].values())
    assert (found["gdpr.30"]["state"], found["gdpr.30"]["missing"][0]) == (
        "missing",
        f"Say purpose and legal basis in the inventory. {system.name}: legal basis.",
    )
    assert (found["nist.map"]["state"], found["nist.map"]["reason"]) == (
        "not_applicable",
        "The system is not held to the NIST AI RMF.",
    )


def test_coverage_names_the_records_that_show_it() -> None:
    system = held("21cfr11")
    factories.sequence()
    client = signed_in(factories.person(Role.AUDITOR))
    shown = client.get(f"/api/v1/systems/{system.pk}/coverage").json()
    (row,) = [row for row in shown["clauses"] if row["id"] == "21cfr11.11.10e"]
    (proof,) = row["proofs"]
    assert (row["state"], proof["kind"]) == ("missing", "event")
    assert client.get(proof["path"]).json()["event"] == "system.registered"


def test_coverage_of_another_system_is_not_found() -> None:
    system, outsider = held("gdpr"), factories.person(Role.OWNER, system=factories.system())
    assert signed_in(outsider).get(f"/api/v1/systems/{system.pk}/coverage").status_code == 404


def test_the_table_has_a_row_for_each_system_one_may_read() -> None:
    mine, _ = held("gdpr"), held("gdpr")
    shown = signed_in(factories.person(Role.OWNER, system=mine)).get("/api/v1/coverage").json()["results"]
    (row,) = shown["systems"]
    assert (row["name"], row["cells"]["gdpr.30"]["state"]) == (mine.name, "missing")
    assert [clause["id"] for clause in shown["clauses"]] == [clause.id for clause in clauses.every()]


def test_the_table_of_three_systems_takes_as_many_queries_as_of_one() -> None:
    client = signed_in(factories.person(Role.AUDITOR))
    held(*AISystem.Regime.values)
    first = count_queries(client, "/api/v1/coverage")
    held(*AISystem.Regime.values), held(*AISystem.Regime.values)
    assert count_queries(client, "/api/v1/coverage") == first


def test_an_exemption_is_signed_shown_and_withdrawn() -> None:
    system, officer = held("nist-ai-rmf"), factories.person(Role.RISK_OFFICER)
    client, path = signed_in(officer), f"/api/v1/systems/{system.pk}"
    made = client.post(f"{path}/exemptions", exempting("nist.map", officer))
    assert (made.status_code, made.json()["printed_name"]) == (201, officer.full_name)
    (row,) = [row for row in client.get(f"{path}/coverage").json()["clauses"] if row["id"] == "nist.map"]
    assert (row["state"], row["exemption"]) == ("not_applicable", made.json()["id"])
    ended = client.post(f"/api/v1/exemptions/{made.json()['id']}/withdraw", {"reason": "It grew."})
    assert (ended.status_code, ended.json()["withdrawn_at"] is None) == (200, False)


def test_an_exemption_by_an_engineer_is_refused() -> None:
    system = held("gdpr")
    answer = signed_in(system.owner).post(f"/api/v1/systems/{system.pk}/exemptions", exempting("gdpr.30", system.owner))
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_exemptions_of_another_system_are_not_listed() -> None:
    system, officer = held("gdpr"), factories.person(Role.RISK_OFFICER)
    signed_in(officer).post(f"/api/v1/systems/{system.pk}/exemptions", exempting("gdpr.30", officer))
    outsider = factories.person(Role.OWNER, system=factories.system())
    assert signed_in(outsider).get("/api/v1/exemptions").json()["results"] == []
