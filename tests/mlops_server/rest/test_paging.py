"""Pages: every row once, in order, whatever the size; a made-up cursor is refused."""

from base64 import b64encode

import pytest
from rest_framework.test import APIClient

from audit import actors, log
from audit.log_events import LogExported
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> APIClient:
    return signed_in(factories.person(Role.AUDITOR))


def walk(client: APIClient, path: str | None) -> list[list[str]]:
    """The ids on each page."""
    pages = []
    while path:
        page = client.get(path).json()
        pages.append([row["id"] for row in page["results"]])
        path = page["next"]
    return pages


def test_pages_of_two_hold_every_row_once_newest_first(client: APIClient) -> None:
    ids = [str(factories.system().pk) for _ in range(5)][::-1]
    assert walk(client, "/api/v1/systems?page_size=2") == [ids[:2], ids[2:4], ids[4:]]


def test_pages_of_events_follow_the_order_of_commitment(client: APIClient) -> None:
    factories.system()
    one, (whole,) = walk(client, "/api/v1/audit/events?page_size=3"), walk(client, "/api/v1/audit/events")
    assert [row for page in one for row in page] == whole


def test_page_started_before_a_row_was_added_does_not_shift(client: APIClient) -> None:
    ids = [str(factories.system().pk) for _ in range(3)][::-1]
    first = client.get("/api/v1/systems?page_size=2").json()
    factories.system()
    assert [row["id"] for row in client.get(first["next"]).json()["results"]] == ids[2:]


def test_page_size_beyond_the_limit_is_the_limit(client: APIClient) -> None:
    for number in range(501):
        exported = LogExported(format="jsonl", first=number, end=number + 1)
        log.record(exported, subject=log.Subject("log", "test"), actor=actors.system("test"))
    page = client.get("/api/v1/audit/events?page_size=100000").json()
    assert (len(page["results"]), page["next"] is None) == (500, False)


@pytest.mark.parametrize("path", ["/api/v1/systems", "/api/v1/audit/events"])
@pytest.mark.parametrize("cursor", ["nonsense", b64encode(b"p=nonsense").decode(), b64encode(b"o=-1").decode()])
def test_cursor_that_was_made_up_is_not_found(client: APIClient, path: str, cursor: str) -> None:
    answer = client.get(path, {"cursor": cursor})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
