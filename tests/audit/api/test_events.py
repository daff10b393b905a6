"""Events over the API: who may read them, what they say, and their proofs."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient

from audit import actors, log, log_events
from audit.database import grants
from audit.events import timestamp
from audit.models import Checkpoint, Cosignature, Event
from audit.signing import keys
from audit.tlog import canonical, merkle, note, proof
from audit.tree import search
from registry.models import AISystem
from registry.roles import Role
from registry.services import systems
from tests import databases, factories
from tests.audit.api.cosigning import cosign
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


def ids(client: APIClient, **query: Any) -> list[str]:
    return [row["id"] for row in client.get(PATH, query).json()["results"]]


def walk(client: APIClient, path: str | None, link: str = "next") -> list[list[str]]:
    """The ids on each page, by the links that the pages give."""
    pages = []
    while path:
        page = client.get(path).json()
        pages.append([row["id"] for row in page["results"]])
        path = page[link]
    return pages


def test_list_of_the_oldest_first_is_the_newest_first_turned_round(client: APIClient, event: Event) -> None:
    assert ids(client, order="oldest") == ids(client)[::-1]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_hold_every_event_once_on_the_way_there_and_back(client: APIClient, event: Event, order: str) -> None:
    whole = ids(client, order=order)
    there = walk(client, f"{PATH}?order={order}&page_size=3")
    last = client.get(f"{PATH}?order={order}&page_size=3").json()
    while last["next"]:
        last = client.get(last["next"]).json()
    back = walk(client, last["previous"], "previous")[::-1]
    assert [row for page in there for row in page] == whole
    assert [row for page in back for row in page] == whole[: -len(last["results"])]


def test_page_turned_back_and_forth_is_the_same_page(client: APIClient, event: Event) -> None:
    second = client.get(client.get(PATH, {"page_size": 2}).json()["next"]).json()
    again = client.get(client.get(second["previous"]).json()["next"]).json()
    assert again["results"] == second["results"]


def test_page_started_before_an_event_was_added_does_not_shift(client: APIClient, event: Event) -> None:
    first = client.get(PATH, {"page_size": 2}).json()
    rest = ids(client)[2:4]
    factories.system()
    assert [row["id"] for row in client.get(first["next"]).json()["results"]] == rest


def test_filters_together_hold_only_what_meets_all(client: APIClient, event: Event) -> None:
    factories.system()
    names = ("subject_type", "subject_id", "actor", "event", "request")
    every = {name: getattr(event, name) for name in names}
    assert ids(client, **every) == [str(event.id)]
    assert ids(client, **{**every, "event": "system.updated"}) == []


def test_look_that_ends_before_it_found_enough_goes_on_with_the_next_page(
    client: APIClient, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = {"actor": "system:bootstrap", "event": "account.role_granted"}
    wanted = ids(client, **query)
    monkeypatch.setattr(search, "LOOKS", 2)
    pages = walk(client, f"{PATH}?actor={query['actor']}&event={query['event']}")
    assert ([row for page in pages for row in page], len(pages) > 1, [] in pages) == (wanted, True, True)


def test_list_by_the_id_of_subjects_of_two_types_asks_for_the_type(client: APIClient, event: Event) -> None:
    subject = log.Subject("other", event.subject_id)
    log.record(log_events.LogExported(format="jsonl", first=0, end=1), subject=subject, actor=actors.system("test"))
    answer = client.get(PATH, {"subject_id": event.subject_id})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?subject_id")
    assert len(ids(client, subject_id=event.subject_id, subject_type="other")) == 1


def test_list_by_an_unknown_subject_is_empty(client: APIClient, event: Event) -> None:
    assert ids(client, subject_id="nobody") == []


@pytest.mark.parametrize("query", [{"since": "yesterday"}, {"order": "sideways"}, {"until": "2026-13-01"}])
def test_list_with_a_filter_that_cannot_be_read_is_refused(client: APIClient, query: dict[str, str]) -> None:
    answer = client.get(PATH, query)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"?{next(iter(query))}")


def test_list_over_a_range_of_time_finds_what_clocks_put_out_of_order(client: APIClient, event: Event) -> None:
    late = event.at + timedelta(minutes=9)
    told = canonical.decode(bytes(event.leaf or b""))
    assert isinstance(told, dict)
    for at in (late, event.at, late, event.at):
        mine: dict[str, Any] = {
            **told,
            "id": str(uuid4()),
            "at": timestamp(at),
            "subject": {"type": event.subject_type, "id": "mine"},
        }
        Event.objects.create(
            id=mine["id"], leaf=canonical.encode(mine), event=event.event, subject_type=event.subject_type,
            subject_id="mine", actor=event.actor, at=at, request=event.request,
        )  # fmt: skip
    found = ids(client, since=late.isoformat(), until=(late + timedelta(seconds=1)).isoformat())
    assert (len(found), set(found) <= set(ids(client, subject_id="mine"))) == (2, True)


def test_list_of_more_events_takes_no_more_queries(client: APIClient) -> None:
    first = count_queries(client, PATH)
    factories.system(), factories.system()
    assert count_queries(client, PATH) == first


def test_detail_decodes_the_entry_that_the_leaf_hash_is_of(client: APIClient, event: Event) -> None:
    shown = client.get(f"{PATH}/{event.id}").json()
    assert (shown["index"], shown["leaf_hash"]) == (None, merkle.leaf_hash(bytes(event.leaf or b"")).hex())
    assert (shown["entry"]["id"], shown["entry"]["subject"]["id"]) == (str(event.id), event.subject_id)


def test_detail_of_a_sequenced_event_has_its_index(client: APIClient, sequenced: Event) -> None:
    expected = Event.objects.filter(ticket__lt=sequenced.ticket).count()
    assert client.get(f"{PATH}/{sequenced.id}").json()["index"] == expected


def test_detail_shows_what_the_event_changed_column_by_column(client: APIClient, system: AISystem) -> None:
    owner = system.owner
    changes = {"purpose": "Plan capacity only."}
    systems.update(system, changes=changes, revision=1, actor=factories.acting(owner))
    changed = Event.objects.get(event="system.updated")
    shown = client.get(f"{PATH}/{changed.id}").json()["changes"]
    before = AISystem.objects.get(pk=system.pk)
    assert {
        "row": f"registry_aisystem/{system.pk}",
        "column": "revision",
        "old": 1,
        "new": 2,
        "redacted": False,
    } in shown
    (purpose,) = [one for one in shown if one["column"] == "purpose"]
    assert (purpose["new"], purpose["redacted"]) == (before.purpose, False)


def test_detail_after_erasure_says_redacted_where_a_value_stood(client: APIClient, event: Event) -> None:
    with databases.acting_as(grants.ERASER), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_sealed SET content = NULL")
    shown = client.get(f"{PATH}/{event.id}").json()
    assert shown["changes"] != []
    assert {(one["old"], one["new"], one["redacted"]) for one in shown["changes"]} == {(None, None, True)}


def test_detail_leads_to_its_proof(client: APIClient, sequenced: Event) -> None:
    shown = client.get(f"{PATH}/{sequenced.id}").json()
    assert client.get(shown["proof"], headers={"Accept": "text/plain"}).status_code == 200


def test_proof_of_a_sequenced_event_verifies_with_the_key_alone(client: APIClient, sequenced: Event) -> None:
    answer = client.get(f"{PATH}/{sequenced.id}/proof", headers={"Accept": "text/plain"})
    known = note.Verifier(settings.LOG_ORIGIN, note.ED25519, keys.public(keys.LOG))
    signed = proof.parse(answer.content).verify(bytes(sequenced.leaf or b""), [known])
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
    assert shown["root"] == merkle.root([merkle.leaf_hash(bytes(leaf or b"")) for leaf in leaves]).hex()


def test_checkpoint_of_an_empty_log_is_not_found(client: APIClient) -> None:
    assert client.get("/api/v1/audit/checkpoint").status_code == 404


def test_checkpoint_moves_when_more_is_sequenced(client: APIClient, sequenced: Event) -> None:
    before = client.get("/api/v1/audit/checkpoint").json()["size"]
    factories.system()
    factories.sequence()
    assert client.get("/api/v1/audit/checkpoint").json()["size"] > before


def test_checkpoint_shows_who_cosigned_it(client: APIClient, sequenced: Event) -> None:
    size = Event.objects.count()
    with databases.acting_as(grants.SEQUENCER):
        Cosignature.objects.create(size=size, witness="b", line="— b BBBB\n")
        Cosignature.objects.create(size=size, witness="a", line="— a AAAA\n")
    assert client.get("/api/v1/audit/checkpoint").json()["cosignatures"] == ["— a AAAA\n", "— b BBBB\n"]


def test_proof_under_a_cosigned_head_carries_the_witnesses_lines(
    client: APIClient, sequenced: Event, witnesses: list[note.Cosigner]
) -> None:
    path, headers = f"{PATH}/{sequenced.id}/proof?cosigned=true", {"Accept": "text/plain"}
    assert client.get(path, headers=headers).status_code == 409
    signed = cosign(*witnesses)
    factories.system()
    factories.sequence()
    answer = proof.parse(client.get(path, headers=headers).content)
    known = note.Verifier(settings.LOG_ORIGIN, note.ED25519, keys.public(keys.LOG))
    shown = answer.verify(bytes(sequenced.leaf or b""), [known, *(one.verifier for one in witnesses)])
    assert (answer.checkpoint.decode(), len(shown.signers)) == (signed, 3)


def test_consistency_is_proven_between_any_two_sizes(client: APIClient, sequenced: Event) -> None:
    leaves = [bytes(leaf or b"") for leaf in Event.objects.order_by("ticket").values_list("leaf", flat=True)]
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    for old in range(1, len(leaves)):
        shown = client.get("/api/v1/audit/consistency", {"old": old}).json()
        proven = [bytes.fromhex(value) for value in shown["hashes"]]
        merkle.verify_consistency(old, shown["new"], proven, merkle.root(hashes[:old]), merkle.root(hashes))
    assert (shown["new"], shown["checkpoint"]) == (len(leaves), Checkpoint.objects.get().note)


@pytest.mark.parametrize("query", [{}, {"old": -1}, {"old": 2, "new": 1}, {"old": 0, "new": 10**9}, {"old": 10**9}])
def test_consistency_of_sizes_that_are_none_is_refused(
    client: APIClient, sequenced: Event, query: dict[str, int]
) -> None:
    assert client.get("/api/v1/audit/consistency", query).status_code == 422
