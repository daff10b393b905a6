"""Rounds, claims, recusals and the thread of a promotion over the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import PromotionRequest, User
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import signed_in
from tests.houses import House

URL = "/api/v1/promotions"


def post(account: User, request: PromotionRequest, act: str, body: dict[str, Any] | None = None) -> Any:
    return signed_in(account).post(f"{URL}/{request.pk}/{act}", body or {}, format="json")


def decide(account: User, request: PromotionRequest, **changes: Any) -> Any:
    given = {
        "verdict": "approve",
        "meaning": "independent_validation",
        "reason": "The figures hold.",
        "password": factories.PASSWORD,
        "code": factories.code(account),
    }
    headers, address = {"If-Match": f'"{request.revision}"'}, f"{URL}/{request.pk}/decisions"
    return signed_in(account).post(address, {**given, **changes}, headers=headers, format="json")


def test_draft_is_written_and_put_forward(house: House) -> None:
    version, client = houses.measured(house), signed_in(house.engineer)
    body = {"model_version": str(version.pk), "slot": house.slot.key, "policy": str(house.policy.pk), "reason": "x"}
    drafted = client.post(URL, {**body, "draft": True}, format="json")
    submitted = client.post(f"{URL}/{drafted.json()['id']}/submit")
    assert (drafted.status_code, drafted.json()["state"], drafted.json()["gates"]) == (201, "draft", [])
    assert (submitted.status_code, submitted.json()["state"], submitted["ETag"]) == (200, "in_review", '"2"')


def test_submit_of_somebody_elses_draft_is_refused(house: House) -> None:
    request = houses.submitted(house)
    assert post(factories.person(Role.ENGINEER), request, "submit").status_code == 403
    assert post(house.engineer, request, "submit").status_code == 409


def test_request_that_was_sent_back_is_put_forward_again(house: House) -> None:
    answer = post(house.engineer, houses.sent_back(house), "resubmit", {"reason": "Measured again."})
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["round"], shown["next_step"]["role"]) == (
        200,
        "in_review",
        2,
        "validator",
    )
    assert [(made["verdict"], made["void"]) for made in shown["decisions"]] == [("request_changes", True)]


def test_rounds_show_what_the_gates_and_people_said_in_each(house: House) -> None:
    request = houses.sent_back(house)
    post(house.engineer, request, "resubmit", {"reason": "Measured again."})
    shown = signed_in(house.reviewer).get(f"{URL}/{request.pk}/rounds").json()
    assert [(one["round"], len(one["gates"]), [made["verdict"] for made in one["decisions"]]) for one in shown] == [
        (1, 2, ["request_changes"]),
        (2, 2, []),
    ]


def test_blocked_request_is_judged_again(house: House) -> None:
    request = houses.submitted(house, auc=0.7)
    factories.evidence_set(request.model_version, auc=0.9)
    answer = post(house.validator, request, "rerun")
    assert (answer.status_code, answer.json()["state"], answer.json()["round"]) == (200, "in_review", 2)
    assert post(house.validator, request, "rerun").status_code == 409


def test_approval_with_conditions_shows_them(house: House) -> None:
    due_at = (timezone.now() + timedelta(days=30)).isoformat()
    terms = [{"text": "Measure again.", "due_at": due_at, "on_breach": "alert"}]
    answer = decide(house.validator, houses.submitted(house), verdict="approve_with_conditions", conditions=terms)
    (condition,) = answer.json()["decisions"][0]["conditions"]
    assert (answer.status_code, condition["text"], condition["on_breach"], condition["state"]) == (
        201,
        "Measure again.",
        "alert",
        "open",
    )


@pytest.mark.parametrize(
    "changes",
    [{"verdict": "approve_with_conditions"}, {"conditions": [{"text": "x", "due_at": "2040-01-01T00:00:00Z"}]}],
)
def test_conditions_that_do_not_fit_are_invalid(house: House, changes: dict[str, Any]) -> None:
    request = houses.submitted(house)
    assert decide(house.validator, request, **changes).status_code == 422
    assert request.decisions.count() == 0


def test_claim_shows_who_looks_at_it_until_it_is_given_back(house: House) -> None:
    request = houses.submitted(house)
    claimed = post(house.validator, request, "claim").json()["next_step"]["assignee"]
    given_back = post(house.validator, request, "unclaim").json()["next_step"]["assignee"]
    assert (claimed, given_back) == (str(house.validator.pk), None)
    assert post(house.reviewer, request, "claim").status_code == 403


def test_recusal_is_shown_and_counts(house: House) -> None:
    request = houses.submitted(house)
    answer = post(house.validator, request, "recuse", {"reason": "A relative trained it."})
    assert (answer.status_code, answer.json()["person"]) == (201, str(house.validator.pk))
    assert decide(house.validator, request).json()["type"] == "/problems/duty-conflict"
    assert post(house.operator, request, "recuse", {"reason": "x"}).status_code == 403


def test_thread_is_written_and_read(house: House) -> None:
    request = houses.submitted(house)
    answer = post(house.operator, request, "comments", {"text": "When is it due?"})
    shown = signed_in(house.reviewer).get(f"{URL}/{request.pk}/comments").json()
    assert (answer.status_code, [(one["author_name"], one["text"]) for one in shown]) == (
        201,
        [(house.operator.full_name, "When is it due?")],
    )
    assert recorded.newest(request)["event"] == "promotion.commented"


@pytest.mark.parametrize("act", ["submit", "resubmit", "rerun", "claim", "unclaim", "recuse", "comments", "decisions"])
def test_act_on_a_request_of_another_system_is_not_found(house: House, act: str) -> None:
    request = houses.submitted(house)
    stranger = factories.person(Role.VALIDATOR, Role.ENGINEER, system=factories.system())
    body = {"reason": "x", "text": "x", "verdict": "approve", "meaning": "x", "password": "x", "code": "1"}
    answer = signed_in(stranger).post(f"{URL}/{request.pk}/{act}", body, headers={"If-Match": '"1"'}, format="json")
    assert answer.status_code == 404
