"""Conditions over the API: listed, checked, settled; who sees them, and what the answers say."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.models import Condition, User
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/conditions"
RULE = {
    "id": "auc.after.launch",
    "evidence": {"kind": "evaluation", "split": "holdout", "metric": "roc_auc"},
    "require": {"bound": "lower", "confidence": 0.95, "op": ">=", "value": 0.82},
    "on_fail": "warn",
}


def attached(house: House, *rules: Any) -> list[Condition]:
    """The conditions of an approval, one for each rule; None is one that a person settles."""
    due = timezone.now() + timedelta(days=30)
    asked = [{"text": "Look again.", "rule": rule, "due_at": due} for rule in rules]
    request = houses.signed(
        houses.validated(house), house.reviewer, meaning="review", verdict="approve_with_conditions", conditions=asked
    )
    return list(request.conditions.all())


def settle(by: User, condition: Condition, **changes: Any) -> Any:
    body = {"met": True, "reason": "I saw it.", "password": factories.PASSWORD, "code": factories.code(by), **changes}
    headers = {"If-Match": f'"{recorded.fresh(condition).revision}"'}
    return signed_in(by).post(f"{URL}/{condition.pk}/settle", body, headers=headers)


def test_detail_shows_rule_and_state(house: House) -> None:
    (condition,) = attached(house, RULE)
    answer = signed_in(house.reviewer).get(f"{URL}/{condition.pk}")
    shown = answer.json()
    assert (answer.status_code, answer["ETag"], shown["rule"], shown["state"]) == (200, '"1"', RULE, "open")
    assert (shown["decision"], shown["signatures"]) == (str(condition.decision_id), [])


def test_check_says_what_was_found(house: House) -> None:
    (condition,) = attached(house, RULE)
    answer = signed_in(house.validator).post(f"{URL}/{condition.pk}/check")
    shown = answer.json()
    assert (answer.status_code, shown["state"]) == (200, "open")
    assert shown["finding"].startswith("ROC AUC on holdout was tested at")


def test_check_without_the_role_is_refused(house: House) -> None:
    (condition,) = attached(house, RULE)
    dpo = factories.person(Role.DPO, system=house.system)
    answer = signed_in(dpo).post(f"{URL}/{condition.pk}/check")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_settle_shows_the_signature_and_completes_the_approval(house: House) -> None:
    (condition,) = attached(house, None)
    answer = settle(house.validator, condition)
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["signatures"][0]["verdict"]) == (200, "met", "met")
    assert recorded.fresh(condition.promotion).approval == "approved"


def test_settle_as_not_met_suspends_the_approval(house: House) -> None:
    (condition,) = attached(house, None)
    answer = settle(house.validator, condition, met=False)
    assert (answer.status_code, answer.json()["state"]) == (200, "breached")
    assert recorded.fresh(condition.promotion).approval == "suspended"


@pytest.mark.parametrize(
    ("who", "changes", "status", "kind"),
    [
        ("operator", {}, 403, "not-permitted"),
        ("engineer", {}, 403, "not-permitted"),
        ("validator", {"password": "guess"}, 403, "signature-rejected"),
        ("validator", {"reason": ""}, 422, "invalid"),
    ],
)
def test_settle_that_is_refused_says_why(
    house: House, who: str, changes: dict[str, str], status: int, kind: str
) -> None:
    (condition,) = attached(house, None)
    answer = settle(getattr(house, who), condition, **changes)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}")
    assert recorded.fresh(condition).state == "open"


def test_settle_without_the_revision_that_was_read_is_refused(house: House) -> None:
    (condition,) = attached(house, None)
    body = {"met": True, "reason": "x", "password": factories.PASSWORD, "code": factories.code(house.validator)}
    assert signed_in(house.validator).post(f"{URL}/{condition.pk}/settle", body).status_code == 428


def test_condition_of_another_system_is_not_found(house: House) -> None:
    (condition,) = attached(house, None)
    stranger = factories.person(Role.VALIDATOR, system=factories.system(), team="x")
    assert signed_in(stranger).get(f"{URL}/{condition.pk}").status_code == 404
    assert signed_in(stranger).post(f"{URL}/{condition.pk}/check").status_code == 404
    assert settle(stranger, condition).status_code == 404


def test_list_filters_by_state_promotion_and_date(house: House) -> None:
    (condition,) = attached(house, None)
    client = signed_in(house.reviewer)

    def found(query: str) -> list[str]:
        return [row["id"] for row in client.get(f"{URL}?{query}").json()["results"]]

    soon = timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found(f"state=open&promotion={condition.promotion_id}") == [str(condition.pk)]
    assert found(f"due_before={soon}") == []


def test_list_of_three_takes_as_many_queries_as_of_one(house: House) -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    attached(house, None)
    first = count_queries(reader, URL)
    attached(house, None, RULE)
    assert count_queries(reader, URL) == first
