"""Events over the API: who may read them, what they say, and their proofs."""

from datetime import timedelta

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from audit import keys
from audit.models import Event
from audit.tlog import merkle, note, proof
from registry.models import AISystem
from registry.roles import Role
from tests import factories
from tests.clients import count_queries, signed_in

PATH = "/api/v1/audit/events"


@pytest.fixture
def client(db: None) -> APIClient:
    return signed_in(factories.person(Role.AUDITOR))


def test_list_for_an_auditor_begins_with_the_newest(client: APIClient, event: Event) -> None:
    newest = client.get(PATH).json()["results"][0]
    shown = (newest["id"], newest["event"], newest["subject_type"], newest["actor"], newest["request"])
    assert shown == (str(event.id), "system.registered", "system", event.actor, "test-request")


@pytest.mark.parametrize("role", [Role.PLATFORM_ADMIN, Role.CALLER, None])
def test_list_for_who_reads_nothing_is_refused(db: None, role: Role | None) -> None:
    answer = signed_in(factories.person(*([role] if role else []))).get(PATH)
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_list_for_a_reader_of_one_system_is_refused(system: AISystem) -> None:
    answer = signed_in(factories.person(Role.AUDITOR, system=system)).get(PATH)
    assert answer.status_code == 403


def test_list_without_a_token_is_refused(db: None) -> None:
    assert APIClient().get(PATH).status_code == 401


@pytest.mark.parametrize("name", ["subject_id", "subject_type", "actor", "event", "request"])
def test_list_filtered_holds_only_what_was_asked(client: APIClient, event: Event, name: str) -> None:
    value = getattr(event, name)
    rows = client.get(PATH, {name: value}).json()["results"]
    assert ({row[name] for row in rows}, str(event.id) in {row["id"] for row in rows}) == ({value}, True)


def test_list_filtered_by_time_takes_the_start_and_leaves_the_end(client: APIClient, event: Event) -> None:
    def found(since: timedelta, until: timedelta) -> list[str]:
        query = {"since": (event.at + since).isoformat(), "until": (event.at + until).isoformat()}
        return [row["id"] for row in client.get(PATH, {**query, "event": event.event}).json()["results"]]

    step = timedelta(microseconds=1)
    assert (found(timedelta(), step), found(-step, timedelta())) == ([str(event.id)], [])


def test_list_of_more_events_takes_no_more_queries(client: APIClient) -> None:
    first = count_queries(client, PATH)
    factories.system(), factories.system()
    assert count_queries(client, PATH) == first


def test_detail_decodes_the_entry_that_the_leaf_hash_is_of(client: APIClient, event: Event) -> None:
    shown = client.get(f"{PATH}/{event.id}").json()
    assert (shown["index"], shown["leaf_hash"]) == (None, merkle.leaf_hash(bytes(event.leaf)).hex())
    assert (shown["entry"]["id"], shown["entry"]["subject"]["id"]) == (str(event.id), event.subject_id)


def test_detail_of_a_sequenced_event_has_its_index(client: APIClient, sequenced: Event) -> None:
    expected = Event.objects.filter(ticket__lt=sequenced.ticket).count()
    assert client.get(f"{PATH}/{sequenced.id}").json()["index"] == expected


def test_proof_of_a_sequenced_event_verifies_with_the_key_alone(client: APIClient, sequenced: Event) -> None:
    answer = client.get(f"{PATH}/{sequenced.id}/proof", headers={"Accept": "text/plain"})
    known = note.Verifier(settings.LOG_ORIGIN, note.ED25519, keys.public(keys.LOG))
    signed = proof.parse(answer.content).verify(bytes(sequenced.leaf), [known])
    assert (signed.head.origin, answer["Content-Type"]) == (settings.LOG_ORIGIN, "text/plain; charset=utf-8")


def test_proof_of_an_event_that_waits_says_when_to_come_back(client: APIClient, event: Event) -> None:
    answer = client.get(f"{PATH}/{event.id}/proof", headers={"Accept": "text/plain"})
    shown = (answer.status_code, answer.json()["type"], answer["Retry-After"])
    assert shown == (409, "/problems/not-sequenced", "1")


def test_proof_of_an_event_that_does_not_exist_is_not_found(client: APIClient, system: AISystem) -> None:
    assert client.get(f"{PATH}/{system.pk}/proof").status_code == 404


def test_checkpoint_shows_the_signed_head(client: APIClient, sequenced: Event) -> None:
    size = Event.objects.count()
    shown = client.get("/api/v1/audit/checkpoint").json()
    assert (shown["origin"], shown["size"]) == (settings.LOG_ORIGIN, size)
    leaves = Event.objects.order_by("ticket").values_list("leaf", flat=True)
    assert shown["root"] == merkle.root([merkle.leaf_hash(bytes(leaf)) for leaf in leaves]).hex()


def test_checkpoint_of_an_empty_log_is_not_found(client: APIClient) -> None:
    assert client.get("/api/v1/audit/checkpoint").status_code == 404


def test_checkpoint_moves_when_more_is_sequenced(client: APIClient, sequenced: Event) -> None:
    before = client.get("/api/v1/audit/checkpoint").json()["size"]
    factories.system()
    factories.sequence()
    assert client.get("/api/v1/audit/checkpoint").json()["size"] > before
