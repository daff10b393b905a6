"""Waivers over the API: asked for, signed twice, refused, revoked; who sees them, and what the answers say."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import PromotionRequest, User, Waiver
from registry.roles import Role
from registry.services.decisions import waivers
from registry.services.decisions.waivers import Asked
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.factories import acting
from tests.houses import House

URL = "/api/v1/waivers"
GATE = "perf.auc.floor"


@pytest.fixture
def house(db: None) -> House:
    return houses.build(gates=houses.waivable_gates())


@pytest.fixture
def officer(house: House) -> User:
    return factories.person(Role.RISK_OFFICER, system=house.system, team="risk")


@pytest.fixture
def waiver(house: House) -> Waiver:
    return asked(house, houses.submitted(house, auc=0.81))


def asked(house: House, request: PromotionRequest) -> Waiver:
    words = Asked("By a hair.", "A person decides below 0.6.", timezone.now() + timedelta(days=30))
    return waivers.request(request, gate=GATE, asked=words, actor=acting(house.engineer))


def post(by: User, waiver: Waiver, step: str, **body: Any) -> Any:
    headers = {"If-Match": f'"{recorded.fresh(waiver).revision}"'}
    return signed_in(by).post(
        f"{URL}/{waiver.pk}/{step}", {"reason": "The control covers it.", **body}, headers=headers
    )


def sign(by: User, waiver: Waiver, step: str = "sign", **body: Any) -> Any:
    return post(by, waiver, step, **{"password": factories.PASSWORD, "code": factories.code(by), **body})


def test_request_answers_with_the_waiver(house: House) -> None:
    request = houses.submitted(house, auc=0.81)
    body = {
        "promotion": str(request.pk),
        "gate": GATE,
        "rationale": "By a hair.",
        "compensating_control": "A person decides below 0.6.",
    }
    until = (timezone.now() + timedelta(days=30)).isoformat()
    answer = signed_in(house.engineer).post(URL, {**body, "expires_at": until})
    shown = answer.json()
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    assert {name: shown[name] for name in body} == body
    assert (shown["state"], shown["policy_digest"], shown["signatures"]) == ("requested", request.policy_digest, [])


def test_request_that_cannot_be_granted_says_why(house: House) -> None:
    body = {
        "promotion": str(houses.submitted(house, auc=0.81).pk),
        "gate": GATE,
        "rationale": "x",
        "compensating_control": "y",
        "expires_at": (timezone.now() + timedelta(days=365)).isoformat(),
    }
    answer = signed_in(house.engineer).post(URL, body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["detail"]) == (
        422,
        "/expires_at",
        "it lasts longer than 90 days",
    )


@pytest.mark.parametrize("who", ["reviewer", "operator"])
def test_request_without_the_role_is_refused(house: House, who: str) -> None:
    body = {
        "promotion": str(houses.submitted(house, auc=0.81).pk),
        "gate": GATE,
        "rationale": "x",
        "compensating_control": "y",
        "expires_at": (timezone.now() + timedelta(days=30)).isoformat(),
    }
    answer = signed_in(getattr(house, who)).post(URL, body)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_two_signatures_put_it_in_force_and_the_request_in_review(house: House, waiver: Waiver, officer: User) -> None:
    answers = [sign(officer, waiver), sign(house.reviewer, waiver)]
    assert [(answer.status_code, answer.json()["state"]) for answer in answers] == [
        (200, "countersign"),
        (200, "active"),
    ]
    assert [(one["printed_name"], one["role"], one["meaning"]) for one in answers[1].json()["signatures"]] == [
        (officer.full_name, "risk_officer", "waiver"),
        (house.reviewer.full_name, "compliance_reviewer", "waiver_countersignature"),
    ]
    assert recorded.fresh(waiver.promotion).state == "in_review"


def test_second_signature_of_the_same_person_is_a_duty_conflict_on_record(waiver: Waiver, officer: User) -> None:
    sign(officer, waiver)
    answer = sign(officer, waiver)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")
    assert recorded.newest(waiver)["event"] == "waiver.signature_refused"


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [({"password": "guess"}, 403, "signature-rejected"), ({"reason": " "}, 422, "invalid")],
)
def test_sign_that_is_refused_says_why(
    waiver: Waiver, officer: User, changes: dict[str, str], status: int, kind: str
) -> None:
    answer = sign(officer, waiver, **changes)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert recorded.fresh(waiver).state == "requested"


def test_sign_without_the_revision_that_was_read_is_refused(waiver: Waiver, officer: User) -> None:
    body = {"reason": "x", "password": factories.PASSWORD, "code": factories.code(officer)}
    assert signed_in(officer).post(f"{URL}/{waiver.pk}/sign", body).status_code == 428


def test_refuse_ends_it(house: House, waiver: Waiver) -> None:
    answer = post(house.reviewer, waiver, "refuse")
    assert (answer.status_code, answer.json()["state"]) == (200, "refused")


def test_revoke_is_signed(house: House, waiver: Waiver, officer: User) -> None:
    sign(officer, waiver), sign(house.reviewer, waiver)
    answer = sign(house.validator, waiver, "revoke")
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["signatures"][2]["verdict"]) == (200, "revoked", "revoke")


def test_waiver_of_another_system_is_not_found(waiver: Waiver) -> None:
    stranger = factories.person(Role.RISK_OFFICER, system=factories.system(), team="risk")
    assert signed_in(stranger).get(f"{URL}/{waiver.pk}").status_code == 404
    assert sign(stranger, waiver).status_code == 404


def test_list_filters_by_state_gate_and_promotion(house: House, waiver: Waiver) -> None:
    client = signed_in(house.reviewer)

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{URL}?{query}").json()["results"]]

    assert found(f"state=requested&promotion={waiver.promotion_id}") == [str(waiver.pk)]
    assert found(f"gate=other&system={house.system.pk}") == []


def test_list_of_three_takes_as_many_queries_as_of_one(house: House, waiver: Waiver) -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    first = count_queries(reader, URL)
    for _ in range(2):
        asked(house, houses.submitted(house, auc=0.81))
    assert count_queries(reader, URL) == first
