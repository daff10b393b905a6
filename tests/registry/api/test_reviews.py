"""Reviews over the API: what is to be looked at, and the answers."""

import pytest

from registry.models import PeriodicReview
from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/reviews"


@pytest.fixture
def review(house: House) -> PeriodicReview:
    """What serves has new evidence."""
    serving = houses.champion(house)
    assert serving.champion is not None
    factories.evidence_set(serving.champion)
    return PeriodicReview.objects.get(cause="stale")


def answer(house: House, outcome: str) -> dict[str, str]:
    return {
        "outcome": outcome,
        "reason": "I looked.",
        "password": factories.PASSWORD,
        "code": factories.code(house.reviewer),
    }


def test_detail_shows_what_it_is_about(house: House, review: PeriodicReview) -> None:
    told = signed_in(house.reviewer).get(f"{URL}/{review.pk}")
    shown = told.json()
    assert (told["ETag"], shown["about"], shown["cause"], shown["detail"], shown["state"]) == (
        '"1"',
        str(review.promotion),
        "stale",
        "new evidence",
        "due",
    )


def test_revoke_with_the_etag_ends_the_approval(house: House, review: PeriodicReview) -> None:
    path, headers = f"{URL}/{review.pk}/complete", {"If-Match": '"1"'}
    told = signed_in(house.reviewer).post(path, answer(house, "revoke"), headers=headers)
    assert (told.status_code, told.json()["state"], told.json()["outcome"]) == (200, "completed", "revoke")
    assert recorded.fresh(review.promotion).approval == "revoked"  # type: ignore[arg-type]


def test_continue_of_moved_grounds_is_refused_with_the_remedy(house: House, review: PeriodicReview) -> None:
    path, headers = f"{URL}/{review.pk}/complete", {"If-Match": '"1"'}
    told = signed_in(house.reviewer).post(path, answer(house, "continue"), headers=headers)
    assert (told.status_code, told.json()["type"]) == (409, "/problems/stale")
    assert "Submit a promotion request" in told.json()["remedy"]


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
def test_answer_without_the_current_etag_is_refused(
    house: House, review: PeriodicReview, headers: dict[str, str], status: int
) -> None:
    told = signed_in(house.reviewer).post(f"{URL}/{review.pk}/complete", answer(house, "revoke"), headers=headers)
    assert told.status_code == status


def test_extend_gives_some_days_more(house: House, review: PeriodicReview) -> None:
    said, headers = {"days": 7, "reason": "The labels come on Friday."}, {"If-Match": '"1"'}
    told = signed_in(house.reviewer).post(f"{URL}/{review.pk}/extend", said, headers=headers)
    assert (told.status_code, told.json()["extended"], told["ETag"]) == (200, True, '"2"')


def test_extend_by_the_engineer_is_refused(house: House, review: PeriodicReview) -> None:
    said, headers = {"days": 7, "reason": "Later."}, {"If-Match": '"1"'}
    told = signed_in(house.engineer).post(f"{URL}/{review.pk}/extend", said, headers=headers)
    assert (told.status_code, recorded.newest(review)["event"]) == (403, "review.refused")


def test_review_of_another_system_is_not_found(review: PeriodicReview) -> None:
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{review.pk}").status_code == 404


def test_list_filters_by_slot_cause_and_whether_it_is_open(house: House, review: PeriodicReview) -> None:
    client = signed_in(house.reviewer)
    asked = (f"?slot={house.slot.key}&cause=stale", "?open=true", "?open=false", "?slot=elsewhere")
    assert [len(client.get(f"{URL}{query}").json()["results"]) for query in asked] == [1, 2, 0, 0]


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    houses.champion(houses.build())
    first = count_queries(reader, URL)
    houses.champion(houses.build()), houses.champion(houses.build())
    assert count_queries(reader, URL) == first
