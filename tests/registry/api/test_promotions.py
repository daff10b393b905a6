"""Promotions over the API: what a reviewer reads, and submitting, signing, executing and exporting."""

import io
import logging
import zipfile
from typing import Any

import pytest

from registry.models import PromotionRequest, User
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/promotions"
SIGNING = {
    "verdict": "approve",
    "meaning": "independent_validation",
    "reason": "The figures hold.",
    "password": factories.PASSWORD,
}


def sign(account: User, request: PromotionRequest, **changes: str) -> Any:
    headers, given = {"If-Match": f'"{request.revision}"'}, {**SIGNING, "code": factories.code(account), **changes}
    return signed_in(account).post(f"{URL}/{request.pk}/decisions", given, headers=headers)


def test_submit_answers_with_the_gates(house: House) -> None:
    version = houses.measured(house)
    body = {
        "model_version": str(version.pk),
        "slot": house.slot.key,
        "policy": str(house.policy.pk),
        "reason": "Better.",
    }
    answer = signed_in(house.engineer).post(URL, body)
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], shown["state"]) == (201, '"1"', "in_review")
    assert [(gate["gate"], gate["verdict"]) for gate in shown["gates"]] == [
        ("data.contract", "pass"),
        ("perf.auc.floor", "pass"),
    ]


def test_submit_to_a_slot_that_one_may_not_read_is_refused(house: House) -> None:
    foreign = factories.slot()
    engineer = factories.person(Role.ENGINEER, system=house.system)
    body = {"model_version": str(houses.measured(house).pk), "slot": foreign.key, "policy": str(house.policy.pk)}
    answer = signed_in(engineer).post(URL, {**body, "reason": "x"})
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/slot"])


def test_submit_without_the_role_is_refused(house: House) -> None:
    body = {
        "model_version": str(houses.measured(house).pk),
        "slot": house.slot.key,
        "policy": str(house.policy.pk),
        "reason": "x",
    }
    answer = signed_in(house.validator).post(URL, body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_detail_shows_the_figure_that_decided_each_gate(house: House) -> None:
    request = houses.submitted(house)
    shown = signed_in(house.reviewer).get(f"{URL}/{request.pk}").json()
    (item,) = request.model_version.evidence_sets.get().items.filter(metric="roc_auc")
    assert shown["gates"][1] == {
        "gate": "perf.auc.floor",
        "verdict": "pass",
        "effect": "none",
        "reason": "ROC AUC on holdout is 0.85 [0.83, 0.87], n = 2,000; the whole interval is at or above 0.80.",
        "value": 0.85,
        "low": 0.83,
        "high": 0.87,
        "n": 2000,
        "threshold": "95 % lower bound >= 0.80",
        "group": "",
        "details": [],
        "evidence": [str(item.pk)],
        "clauses": ["eu-ai-act:15(1)"],
    }


def test_detail_shows_digests_and_what_is_missing_next(house: House) -> None:
    request = houses.submitted(house)
    answer = signed_in(house.reviewer).get(f"{URL}/{request.pk}")
    shown = answer.json()
    assert answer["ETag"] == '"1"'
    assert shown["next_step"]["role"] == "validator"
    assert shown["next_step"]["meaning"] == "independent_validation"
    assert shown["next_step"]["due_at"] == shown["due_at"] is not None
    assert shown["missing"] == [
        {"role": "validator", "signatures": 1},
        {"role": "compliance_reviewer", "signatures": 1},
    ]
    digests = ("artifact_digest", "dataset_digest", "policy_digest", "evidence_root", "record_digest")
    assert {name: shown[name] for name in digests} == {name: getattr(request, name) for name in digests}


def test_detail_of_a_decided_request_shows_printed_names_and_meanings(house: House) -> None:
    request = houses.approved(house)
    shown = signed_in(house.reviewer).get(f"{URL}/{request.pk}").json()
    assert [(one["printed_name"], one["role"], one["meaning"], one["reason"]) for one in shown["decisions"]] == [
        (house.validator.full_name, "validator", "independent_validation", "The figures hold."),
        (house.reviewer.full_name, "compliance_reviewer", "review", "The figures hold."),
    ]
    assert (shown["state"], shown["next_step"], shown["missing"]) == ("approved", None, [])


def test_decide_signs_and_gives_the_next_revision(house: House) -> None:
    answer = sign(house.validator, houses.submitted(house))
    shown = answer.json()
    assert (answer.status_code, answer["ETag"]) == (201, '"2"')
    assert shown["next_step"]["role"] == "compliance_reviewer"


def test_decide_without_the_revision_that_was_read_is_refused(house: House) -> None:
    request = houses.submitted(house)
    given = {**SIGNING, "code": factories.code(house.validator)}
    answer = signed_in(house.validator).post(f"{URL}/{request.pk}/decisions", given)
    assert (answer.status_code, request.decisions.count()) == (428, 0)


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"password": "guess"}, 403, "signature-rejected"),
        ({"meaning": "review"}, 422, "invalid"),
        ({"verdict": "perhaps"}, 422, "invalid"),
        ({"reason": " "}, 422, "invalid"),
    ],
)
def test_decide_that_is_refused_says_why(house: House, changes: dict[str, str], status: int, kind: str) -> None:
    request = houses.submitted(house)
    answer = sign(house.validator, request, **changes)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert request.decisions.count() == 0


def test_decide_by_the_author_is_a_duty_conflict_on_record(house: House) -> None:
    request = houses.submitted(house)
    answer = sign(house.engineer, request)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")
    assert recorded.newest(request)["event"] == "promotion.decision_refused"


def test_decide_of_an_old_revision_is_refused(house: House) -> None:
    request = houses.validated(house)
    request.revision = 1
    answer = sign(house.reviewer, request, meaning="review")
    assert answer.status_code == 412


def test_decide_never_shows_or_logs_the_password(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request = houses.submitted(house)
    answers = [
        sign(house.validator, request, password="guess-0123456789"),
        sign(house.validator, request),
    ]
    told = " ".join([caplog.text, str(recorded.entries(request)), *(one.content.decode() for one in answers)])
    assert factories.PASSWORD not in told
    assert "guess-0123456789" not in told


def test_withdraw_by_its_author_ends_the_request(house: House) -> None:
    request = houses.submitted(house)
    answer = signed_in(house.engineer).post(f"{URL}/{request.pk}/withdraw", {"reason": "Not yet."})
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")


def test_withdraw_by_another_is_refused(house: House) -> None:
    request = houses.submitted(house)
    colleague = factories.person(Role.ENGINEER)
    answer = signed_in(colleague).post(f"{URL}/{request.pk}/withdraw", {"reason": "No."})
    assert (answer.status_code, recorded.fresh(request).state) == (403, "in_review")


def test_execute_answers_with_what_the_slot_serves(house: House) -> None:
    request = houses.approved(house)
    answer = signed_in(house.operator).post(f"{URL}/{request.pk}/execute", {"reason": "Due."})
    shown = answer.json()
    assert (answer.status_code, shown["slot"], shown["champion"], shown["champion_promotion"]) == (
        201,
        house.slot.key,
        str(request.model_version_id),
        str(request.pk),
    )


def test_execute_by_the_engineer_is_refused_and_on_record(house: House) -> None:
    request = houses.approved(house)
    answer = signed_in(house.engineer).post(f"{URL}/{request.pk}/execute", {"reason": "Now."})
    assert (answer.status_code, recorded.newest(request)["event"]) == (403, "rollout.refused")


def test_evidence_pack_is_a_zip(house: House) -> None:
    request = houses.approved(house)
    recorded.sequence()
    client = signed_in(house.reviewer)
    answer = client.get(f"{URL}/{request.pk}/evidence-pack", headers={"Accept": "application/zip"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


def test_evidence_pack_before_the_events_are_sequenced_is_a_conflict(house: House) -> None:
    request = houses.approved(house)
    answer = signed_in(house.reviewer).get(f"{URL}/{request.pk}/evidence-pack")
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")


@pytest.mark.parametrize("path", ["", "/evidence-pack"])
def test_request_of_another_system_is_not_found(house: House, path: str) -> None:
    request = houses.submitted(house)
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{request.pk}{path}").status_code == 404


def test_list_shows_only_what_one_may_read(house: House) -> None:
    request = houses.submitted(house)
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    lists = [signed_in(reader).get(URL).json()["results"] for reader in (house.reviewer, stranger)]
    assert [[row["id"] for row in rows] for rows in lists] == [[str(request.pk)], []]


def test_list_filters_by_state_slot_version_and_author(house: House) -> None:
    request, blocked = houses.submitted(house), houses.submitted(house, auc=0.7)
    client = signed_in(house.reviewer)

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{URL}?{query}").json()["results"]]

    assert found("state=blocked") == [str(blocked.pk)]
    assert found(f"slot={house.slot.key}") == [str(blocked.pk), str(request.pk)]
    assert found(f"model_version={request.model_version_id}") == [str(request.pk)]
    assert found(f"author={house.reviewer.pk}") == []


def test_list_of_three_takes_as_many_queries_as_of_one(db: None) -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    factories.promotion()
    first = count_queries(reader, URL)
    factories.promotion(), factories.promotion()
    assert count_queries(reader, URL) == first
