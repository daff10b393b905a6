"""Slots over the API: what serves, what served when and by whose signature, and the way back."""

from datetime import timedelta

import pytest

from registry.roles import Role
from tests import factories, houses, recorded
from tests.clients import count_queries, signed_in
from tests.houses import House

URL = "/api/v1/slots"


@pytest.mark.django_db
def test_create_opens_a_slot_under_its_key() -> None:
    system = factories.system()
    answer = signed_in(system.owner).post(URL, {"system": str(system.pk), "name": "production.champion"})
    shown = answer.json()
    assert (answer.status_code, shown["key"], shown["revision"], shown["current"]) == (
        201,
        f"{system.name}.production.champion",
        0,
        None,
    )


@pytest.mark.django_db
def test_create_by_somebody_who_only_reads_is_refused() -> None:
    system = factories.system()
    auditor = factories.person(Role.AUDITOR)
    answer = signed_in(auditor).post(URL, {"system": str(system.pk), "name": "shadow"})
    assert answer.status_code == 403


@pytest.mark.django_db
def test_create_in_a_system_that_one_may_not_read_is_refused() -> None:
    engineer = factories.person(Role.ENGINEER, system=factories.system())
    answer = signed_in(engineer).post(URL, {"system": str(factories.system().pk), "name": "shadow"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/system")


def test_detail_by_key_shows_what_serves_now(house: House) -> None:
    assignment = houses.champion(house)
    answer = signed_in(house.reviewer).get(f"{URL}/{house.slot.key}")
    current = answer.json()["current"]
    assert (answer.status_code, answer["ETag"], current["champion_name"], current["cause"]) == (
        200,
        '"1"',
        str(assignment.champion),
        "promoted",
    )


def test_history_tells_every_assignment_newest_first(house: House) -> None:
    houses.champion(house)
    houses.executed(house)
    client = signed_in(house.reviewer)
    first = client.get(f"{URL}/{house.slot.key}/history?page_size=1").json()
    second = client.get(first["next"]).json()
    shares = [(row["revision"], row["canary_percent"]) for row in first["results"] + second["results"]]
    assert (shares, second["next"]) == ([(2, 10), (1, 0)], None)


def test_history_of_three_takes_as_many_queries_as_of_one(house: House) -> None:
    client = signed_in(house.reviewer)
    houses.champion(house)
    first = count_queries(client, f"{URL}/{house.slot.key}/history")
    houses.champion(house)
    assert count_queries(client, f"{URL}/{house.slot.key}/history") == first


def test_at_tells_what_served_and_by_whose_signatures(house: House) -> None:
    first, second = houses.champion(house), houses.executed(house)
    client = signed_in(house.reviewer)
    then = client.get(f"{URL}/{house.slot.key}/at", {"time": first.since.isoformat()}).json()
    now = client.get(f"{URL}/{house.slot.key}/at").json()
    signers = [house.validator.full_name, house.reviewer.full_name]
    assert (then["champion"], then["canary"], then["canary_decisions"]) == (str(first.champion_id), None, [])
    assert [one["printed_name"] for one in then["champion_decisions"]] == signers
    assert (now["canary"], now["canary_percent"], now["cause"]) == (str(second.canary_id), 10, "canary_started")
    assert [one["printed_name"] for one in now["canary_decisions"]] == signers


def test_at_before_anything_served_is_not_found(house: House) -> None:
    before = houses.champion(house).since - timedelta(seconds=1)
    answer = signed_in(house.reviewer).get(f"{URL}/{house.slot.key}/at", {"time": before.isoformat()})
    assert (answer.status_code, answer.json()["detail"]) == (404, "The slot served nothing at that time.")


def test_at_a_time_that_is_none_is_refused(house: House) -> None:
    answer = signed_in(house.reviewer).get(f"{URL}/{house.slot.key}/at?time=yesterday")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?time")


def test_rollback_goes_to_the_champion_before(house: House) -> None:
    first = houses.champion(house)
    houses.champion(house)
    answer = signed_in(house.operator).post(f"{URL}/{house.slot.key}/rollback", {"reason": "It drifts."})
    assert (answer.status_code, answer.json()["champion"], answer.json()["cause"]) == (
        201,
        str(first.champion_id),
        "rolled_back",
    )


def test_rollback_with_nothing_to_go_back_to_is_refused_and_on_record(house: House) -> None:
    houses.champion(house)
    answer = signed_in(house.operator).post(f"{URL}/{house.slot.key}/rollback", {"reason": "It drifts."})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/nothing-serves")
    assert recorded.newest(house.slot)["event"] == "slot.rollback_refused"


def test_rollback_by_somebody_who_is_no_operator_is_refused(house: House) -> None:
    houses.champion(house)
    answer = signed_in(house.validator).post(f"{URL}/{house.slot.key}/rollback", {"reason": "No."})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["", "/history", "/at"])
def test_slot_of_another_system_is_not_found(house: House, path: str) -> None:
    stranger = factories.person(Role.AUDITOR, system=factories.system())
    assert signed_in(stranger).get(f"{URL}/{house.slot.key}{path}").status_code == 404


@pytest.mark.django_db
def test_list_of_three_takes_as_many_queries_as_of_one() -> None:
    reader = signed_in(factories.person(Role.AUDITOR))
    factories.slot()
    first = count_queries(reader, URL)
    factories.slot(), factories.slot()
    assert count_queries(reader, URL) == first
