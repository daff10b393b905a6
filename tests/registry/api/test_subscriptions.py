"""Webhooks and notices over the API."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from registry.models import Subscription
from registry.roles import Role
from tests import factories
from tests.clients import count_queries, signed_in
from tests.receivers import Receiver, receiving
from tests.registry.services.subscriptions import make

pytestmark = pytest.mark.django_db
PATH = "/api/v1/subscriptions"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with receiving() as one:
        yield one


@pytest.fixture
def client(db: None) -> APIClient:
    return signed_in(factories.person(Role.OPERATOR))


def create(client: APIClient, receiver: Receiver, **changes: Any) -> Any:
    body = {
        "name": factories.name("hook"),
        "kind": "webhook",
        "target": receiver.url,
        "events": ["system.*"],
        **changes,
    }
    return client.post(PATH, body)


def test_create_shows_the_secret_once_and_the_target_never(client: APIClient, receiver: Receiver) -> None:
    answer = create(client, receiver)
    shown = client.get(f"{PATH}/{answer.json()['id']}").json()
    assert (answer.status_code, answer["Cache-Control"], answer["ETag"]) == (201, "no-store", '"1"')
    assert (answer.json()["secret"][:6], "secret" in shown) == ("whsec_", False)
    assert {**shown, "secret": answer.json()["secret"]} == answer.json()
    assert (shown["target"], shown["state"], shown["failures"]) == (f"http://127.0.0.1:{receiver.port}/…", "active", 0)


def test_create_to_a_private_address_names_the_field(client: APIClient) -> None:
    with receiving() as receiver:
        answer = create(client, receiver)
    problem = answer.json()
    assert (answer.status_code, problem["type"], [error["pointer"] for error in problem["errors"]]) == (
        422,
        "/problems/invalid",
        ["/target"],
    )
    assert "127.0.0.1 is no public address" in problem["errors"][0]["detail"]


def test_create_for_events_that_do_not_exist_names_the_place(client: APIClient, receiver: Receiver) -> None:
    answer = create(client, receiver, events=["system.*", "no.such"])
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/events/1"])


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AUDITOR, Role.VALIDATOR, Role.PLATFORM_ADMIN])
def test_create_without_the_role_is_refused(receiver: Receiver, role: Role) -> None:
    assert create(signed_in(factories.person(role)), receiver).status_code == 403


@pytest.mark.parametrize(
    ("role", "everywhere", "status"),
    [
        (Role.OPERATOR, True, 200),
        (Role.PLATFORM_ADMIN, True, 403),
        (Role.AUDITOR, True, 200),
        (Role.AUDITOR, False, 403),
        (Role.OPERATOR, False, 403),
        (Role.CALLER, True, 403),
    ],
)
def test_subscriptions_are_shown_to_who_subscribes_or_reads_everything(
    role: Role, everywhere: bool, status: int
) -> None:
    account = factories.person(role, system=None if everywhere else factories.system())
    assert signed_in(account).get(PATH).status_code == status


def test_subscriptions_of_three_more_take_no_more_queries(client: APIClient, receiver: Receiver) -> None:
    create(client, receiver)
    first = count_queries(client, PATH)
    [create(client, receiver) for _ in range(3)]
    assert count_queries(client, PATH) == first


def test_change_needs_the_revision_that_was_read(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    body = {"events": ["slot.*"]}
    statuses = [
        client.patch(path, body, headers=headers).status_code
        for headers in ({}, {"If-Match": '"7"'}, {"If-Match": '"1"'})
    ]
    assert (statuses, client.get(path).json()["events"]) == ([428, 412, 200], ["slot.*"])


def test_change_of_nothing_is_refused(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    assert client.patch(path, {}, headers={"If-Match": '"1"'}).status_code == 422


def test_pause_and_resume_change_the_state(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    answers = [client.post(f"{path}/{step}") for step in ("pause", "pause", "resume")]
    assert [answer.status_code for answer in answers] == [200, 409, 200]
    assert [answers[0].json()["state"], answers[2].json()["state"]] == ["paused", "active"]


def test_rotated_secret_is_another_one(client: APIClient, receiver: Receiver) -> None:
    made = create(client, receiver).json()
    answer = client.post(f"{PATH}/{made['id']}/rotate-secret", {"overlap_hours": 1})
    assert (answer.status_code, answer["Cache-Control"], answer["ETag"]) == (200, "no-store", '"2"')
    assert answer.json()["secret"] not in ("", made["secret"])


def test_delete_ends_it_and_the_row_stays(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    assert (client.delete(path).status_code, client.delete(path).status_code) == (204, 409)
    assert client.get(path).json()["state"] == "ended"


def test_ping_answers_with_its_outcome(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}/test"
    good = client.post(path).json()
    receiver.status = 500
    assert (good, client.post(path).json()) == (
        {"delivered": True, "status_code": 204, "failure": ""},
        {"delivered": False, "status_code": 500, "failure": "It answered 500 Internal Server Error."},
    )


def test_deliveries_show_what_was_sent_and_are_sent_again(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    factories.system()
    make.dispatched(), make.delivered()
    (row,) = client.get(f"{path}/deliveries").json()["results"]
    assert (row["event"], row["state"], row["attempts"], row["status_code"], row["replay"]) == (
        "system.registered",
        "delivered",
        1,
        204,
        False,
    )
    again = client.post(f"{path}/replay", {"deliveries": [row["id"]]})
    waiting = client.get(f"{path}/deliveries", {"state": "pending"}).json()["results"]
    assert (again.status_code, again.json(), [one["event_id"] for one in waiting]) == (
        202,
        {"count": 1},
        [row["event_id"]],
    )


def test_deliveries_of_three_more_take_no_more_queries(client: APIClient, receiver: Receiver) -> None:
    path, counts = f"{PATH}/{create(client, receiver).json()['id']}/deliveries", []
    for systems in (1, 3):
        [factories.system() for _ in range(systems)]
        make.dispatched()
        counts.append(count_queries(client, path))
    assert counts[0] == counts[1]


def test_deliveries_in_no_such_state_are_refused(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}/deliveries"
    assert client.get(path, {"state": "lost"}).status_code == 422


@pytest.mark.parametrize("body", [{}, {"from_index": 1}, {"from_index": 1, "to_index": 2, "deliveries": []}])
def test_replay_of_nothing_said_clearly_is_refused(client: APIClient, receiver: Receiver, body: Any) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}/replay"
    assert client.post(path, body).status_code == 422


def test_replay_of_a_range_says_how_many(client: APIClient, receiver: Receiver) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    factories.system(), factories.system()
    make.dispatched()
    body = {"from_index": 0, "to_index": Subscription.objects.get().position - 1}
    assert client.post(f"{path}/replay", body).json() == {"count": 2}


@pytest.mark.parametrize("step", ["pause", "resume", "rotate-secret", "replay", "test"])
def test_steps_of_an_auditor_are_refused(client: APIClient, receiver: Receiver, step: str) -> None:
    path = f"{PATH}/{create(client, receiver).json()['id']}"
    assert signed_in(factories.person(Role.AUDITOR)).post(f"{path}/{step}").status_code == 403
