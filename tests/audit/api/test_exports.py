"""The log as a stream: for readers of everything, from any place, and always on record."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from audit.models import Event
from registry.models import AISystem
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

PATH = "/api/v1/audit/export"


@pytest.fixture
def client(db: None) -> APIClient:
    return signed_in(factories.person(Role.AUDITOR))


def lines(client: APIClient, **query: Any) -> list[Any]:
    answer = client.get(PATH, query)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/x-ndjson")
    return [json.loads(line) for line in answer.getvalue().splitlines()]


def test_export_has_every_sequenced_event_in_order(client: APIClient, sequenced: Event) -> None:
    identities = [str(identity) for identity in Event.objects.order_by("ticket").values_list("id", flat=True)]
    assert [line["entry"]["id"] for line in lines(client)] == identities


def test_export_leaves_an_event_of_who_took_what(client: APIClient, sequenced: Event) -> None:
    size = len(lines(client, format="ocsf", since=1))
    event = Event.objects.latest("ticket")
    assert (event.event, event.actor[:7]) == ("log.exported", "person:")
    assert json.loads(bytes(event.leaf or b""))["data"] == {"format": "ocsf", "first": 1, "end": size + 1}


def test_export_by_time_takes_only_what_is_within(client: APIClient, sequenced: Event) -> None:
    assert lines(client, until=sequenced.at.isoformat(), since="2020-01-01T00:00:00Z")[-1]["entry"]["id"] != str(
        sequenced.id
    )
    assert lines(client, since=sequenced.at.isoformat())[0]["entry"]["id"] == str(sequenced.id)


@pytest.mark.parametrize("form", ["jsonl", "ocsf", "cef"])
def test_export_comes_in_every_format(client: APIClient, sequenced: Event, form: str) -> None:
    size = Event.objects.count()
    assert client.get(PATH, {"format": form}).getvalue().count(b"\n") == size


@pytest.mark.parametrize("query", [{"format": "xml"}, {"since": "yesterday"}, {"since": "-1"}, {"until": "1" * 30}])
def test_export_that_cannot_be_read_is_refused_and_not_on_record(
    client: APIClient, sequenced: Event, query: dict[str, str]
) -> None:
    assert client.get(PATH, query).status_code in (404, 422)
    assert Event.objects.filter(event="log.exported").count() == 0


def test_export_beyond_the_newest_head_says_when_to_come_back(client: APIClient, sequenced: Event) -> None:
    answer = client.get(PATH, {"since": 10**6})
    assert (answer.status_code, answer["Retry-After"]) == (409, "1")


def test_export_for_a_reader_of_one_system_is_refused(system: AISystem) -> None:
    assert signed_in(factories.person(Role.AUDITOR, system=system)).get(PATH).status_code == 403
