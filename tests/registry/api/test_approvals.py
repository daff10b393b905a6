"""Approvals over the API: what stands, and the ways to stop it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from registry.models import PromotionRequest, User
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/approvals"


def body(by: User) -> dict[str, str]:
    return {"reason": "It harms.", "password": factories.PASSWORD, "code": factories.code(by)}


@pytest.fixture
def promotion(house: House) -> PromotionRequest:
    found = houses.champion(house).champion_promotion
    assert found is not None
    found.refresh_from_db()
    return found


def test_detail_shows_what_stands_and_until_when(house: House, promotion: PromotionRequest) -> None:
    answer = signed_in(house.reviewer).get(f"{URL}/{promotion.pk}")
    shown = answer.json()
    assert (answer["ETag"], shown["approval"], shown["slot"], shown["expiring"], shown["stale_since"]) == (
        f'"{promotion.revision}"',
        "approved",
        house.slot.key,
        False,
        None,
    )


def test_detail_says_that_an_approval_ends_soon(house: House, promotion: PromotionRequest) -> None:
    soon = timezone.now() + timedelta(days=29)
    PromotionRequest.objects.filter(pk=promotion.pk).update(valid_until=soon)
    assert signed_in(house.reviewer).get(f"{URL}/{promotion.pk}").json()["expiring"] is True


def test_suspend_resume_and_revoke_with_the_etag(house: House, promotion: PromotionRequest) -> None:
    etag, seen = f'"{promotion.revision}"', []
    for step, person in (("suspend", house.operator), ("resume", house.reviewer), ("revoke", house.operator)):
        answer = signed_in(person).post(f"{URL}/{promotion.pk}/{step}", body(person), headers={"If-Match": etag})
        etag = answer["ETag"]
        seen.append((answer.status_code, answer.json()["approval"]))
    assert seen == [(200, "suspended"), (200, "approved"), (200, "revoked")]


def test_suspend_answers_nothing_of_the_credentials(house: House, promotion: PromotionRequest) -> None:
    headers = {"If-Match": f'"{promotion.revision}"'}
    answer = signed_in(house.operator).post(f"{URL}/{promotion.pk}/suspend", body(house.operator), headers=headers)
    assert not {"password", "code"} & answer.json().keys()


@pytest.mark.parametrize(("step", "who"), [("suspend", "validator"), ("revoke", "validator"), ("resume", "operator")])
def test_change_without_the_role_is_refused_and_on_record(
    house: House, promotion: PromotionRequest, step: str, who: str
) -> None:
    person, headers = getattr(house, who), {"If-Match": f'"{promotion.revision}"'}
    answer = signed_in(person).post(f"{URL}/{promotion.pk}/{step}", body(person), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
    assert recorded.newest(promotion)["event"] == "approval.change_refused"


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"99"'}, 412)])
def test_suspend_without_the_current_etag_is_refused(
    house: House, promotion: PromotionRequest, headers: dict[str, str], status: int
) -> None:
    answer = signed_in(house.operator).post(f"{URL}/{promotion.pk}/suspend", body(house.operator), headers=headers)
    assert answer.status_code == status


def test_approval_of_another_system_is_not_found(promotion: PromotionRequest) -> None:
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{promotion.pk}").status_code == 404


def test_list_holds_what_was_decided_and_filters(house: House, promotion: PromotionRequest) -> None:
    houses.submitted(house)
    client = signed_in(house.reviewer)
    asked = ("", "?approval=approved", "?approval=revoked", "?stale=true", "?expiring_within_days=400")
    found = [[row["promotion"] for row in client.get(f"{URL}{query}").json()["results"]] for query in asked]
    mine = [str(promotion.pk)]
    assert found == [mine, mine, [], [], mine]


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    houses.approved(houses.build())
    first = count_queries(reader, URL)
    houses.approved(houses.build()), houses.approved(houses.build())
    assert count_queries(reader, URL) == first
