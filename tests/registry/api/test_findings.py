"""Findings over the API: raised, mended, closed, accepted; who sees them, and what the answers say."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import Finding, User
from registry.roles import Role
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.factories import acting
from tests.houses import House

URL = "/api/v1/findings"


@pytest.fixture
def finding(house: House) -> Finding:
    wrong = Wrong("high", "People over sixty are misjudged", "AUC is 0.6 over 60.")
    return findings.raise_(houses.measured(house), wrong, actor=acting(house.validator))


def post(by: User, finding: Finding, step: str, body: dict[str, Any] | None = None) -> Any:
    stored = recorded.fresh(finding)
    headers = {"If-Match": f'"{stored.revision}"'}
    return signed_in(by).post(f"{URL}/{finding.pk}/{step}", body or {}, headers=headers)


def test_raise_answers_with_the_finding(house: House) -> None:
    request = houses.submitted(house)
    body = {
        "model_version": str(request.model_version_id),
        "promotion": str(request.pk),
        "severity": "critical",
        "title": "It learned from the answers",
        "detail": "The label is among the features.",
        "owner": str(house.engineer.pk),
    }
    answer = signed_in(house.validator).post(URL, body)
    shown = answer.json()
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    assert {name: shown[name] for name in body} == body
    assert (shown["state"], shown["blocking"], shown["raised_by_name"], shown["signatures"]) == (
        "open",
        True,
        house.validator.full_name,
        [],
    )


@pytest.mark.parametrize("who", ["engineer", "operator"])
def test_raise_without_the_role_is_refused(house: House, who: str) -> None:
    version = houses.measured(house)
    body = {"model_version": str(version.pk), "severity": "low", "title": "x", "detail": "y"}
    answer = signed_in(getattr(house, who)).post(URL, body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_raise_about_a_version_that_one_may_not_read_is_refused(house: House) -> None:
    body = {"model_version": str(factories.version().pk), "severity": "low", "title": "x", "detail": "y"}
    answer = signed_in(house.validator).post(URL, body)
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, ["/model_version"])


def test_finding_goes_from_remedy_to_closed(house: House, finding: Finding) -> None:
    steps = [
        post(house.engineer, finding, "remedy", {"text": "Trained anew."}),
        post(house.engineer, finding, "ready"),
    ]
    newer = factories.evidence_set(finding.model_version)
    steps.append(post(house.reviewer, finding, "retest", {"evidence_set": str(newer.pk), "reason": "0.8 now."}))
    assert [(answer.status_code, answer.json()["state"]) for answer in steps] == [
        (200, "in_remediation"),
        (200, "ready_for_retest"),
        (200, "closed"),
    ]
    assert (steps[-1].json()["retest"], steps[-1]["ETag"]) == (str(newer.pk), '"4"')


def test_retest_on_old_evidence_says_where_and_how_to_mend(house: House, finding: Finding) -> None:
    post(house.engineer, finding, "remedy", {"text": "Trained anew."})
    post(house.engineer, finding, "ready")
    old = finding.model_version.evidence_sets.get()
    answer = post(house.reviewer, finding, "retest", {"evidence_set": str(old.pk), "reason": "x"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["detail"]) == (
        422,
        "/evidence_set",
        "is older than the mending",
    )


def test_reopen_starts_again(house: House, finding: Finding) -> None:
    post(house.engineer, finding, "remedy", {"text": "Trained anew."})
    post(house.engineer, finding, "ready")
    answer = post(house.validator, finding, "reopen", {"reason": "0.61 again."})
    assert (answer.status_code, answer.json()["state"]) == (200, "open")


def test_accept_risk_shows_the_signature(house: House, finding: Finding) -> None:
    officer = factories.person(Role.RISK_OFFICER, system=house.system, team="risk")
    body = {
        "until": (timezone.now() + timedelta(days=30)).isoformat(),
        "reason": "Few are concerned.",
        "password": factories.PASSWORD,
        "code": factories.code(officer),
    }
    answer = post(officer, finding, "accept-risk", body)
    shown = answer.json()
    assert (answer.status_code, shown["state"]) == (200, "risk_accepted")
    assert [(one["printed_name"], one["verdict"], one["meaning"]) for one in shown["signatures"]] == [
        (officer.full_name, "accept", "risk_acceptance")
    ]


def test_accept_risk_with_a_wrong_password_is_on_record(house: House, finding: Finding) -> None:
    officer = factories.person(Role.RISK_OFFICER, system=house.system, team="risk")
    until = (timezone.now() + timedelta(days=30)).isoformat()
    body = {"until": until, "reason": "x", "password": "guess", "code": "000000"}
    answer = post(officer, finding, "accept-risk", body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/signature-rejected")
    assert recorded.newest(finding)["event"] == "finding.refused"


def test_step_without_the_revision_that_was_read_is_refused(house: House, finding: Finding) -> None:
    answer = signed_in(house.engineer).post(f"{URL}/{finding.pk}/remedy", {"text": "x"})
    assert (answer.status_code, recorded.fresh(finding).state) == (428, "open")


def test_finding_of_another_system_is_not_found(finding: Finding) -> None:
    stranger = factories.person(Role.VALIDATOR, system=factories.system())
    read = signed_in(stranger).get(f"{URL}/{finding.pk}")
    moved = post(stranger, finding, "remedy", {"text": "x"})
    assert (read.status_code, moved.status_code) == (404, 404)


def test_list_filters_by_state_severity_version_and_system(house: House, finding: Finding) -> None:
    other = findings.raise_(houses.measured(house), Wrong("low", "x", "y"), actor=acting(house.validator))
    client = signed_in(house.reviewer)

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{URL}?{query}").json()["results"]]

    assert found("severity=low") == [str(other.pk)]
    assert found(f"model_version={finding.model_version_id}") == [str(finding.pk)]
    assert found(f"system={house.system.pk}&state=open") == [str(other.pk), str(finding.pk)]
    assert found(f"owner={house.engineer.pk}") == []


def test_list_of_three_takes_as_many_queries_as_of_one(house: House, finding: Finding) -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    first = count_queries(reader, URL)
    for severity in ("low", "critical"):
        findings.raise_(houses.measured(house), Wrong(severity, "x", "y"), actor=acting(house.validator))
    assert count_queries(reader, URL) == first
