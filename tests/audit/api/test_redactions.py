"""Erasures and holds over the API: who may ask, who decides, what they answer."""

import pytest
from django.test import Client

from audit.models import Event, Hold, Redaction
from registry.models import AISystem
from registry.roles import Role
from tests import desks, factories, houses, recorded
from tests.clients import count_queries, signed_in

pytestmark = pytest.mark.django_db
PATH, HOLDS = "/api/v1/audit/redactions", "/api/v1/audit/holds"
REASON = {"reason": "Asked for and due."}


def asked(event: Event) -> dict[str, object]:
    return {
        "event": str(event.id),
        "fields": [field(event)],
        "ground": "GDPR Art. 17(1)(d)",
        "reason": "A name is in it.",
    }


def field(event: Event) -> str:
    return f"registry_aisystem/{event.subject_id}.purpose.new"


def requested(event: Event) -> str:
    answer = signed_in(factories.person(Role.DPO)).post(PATH, asked(event), format="json")
    recorded.sequence()
    return f"{PATH}/{answer.json()['id']}"


def test_erasure_is_asked_for_by_one_and_approved_by_another(event: Event) -> None:
    path = requested(event)
    officer = factories.person(Role.DPO)
    answer = signed_in(officer).post(f"{path}/approve", REASON, format="json")
    shown = answer.json()
    assert (answer.status_code, shown["state"], shown["decided_by"]) == (200, "executed", f"person:{officer.pk}")
    assert (shown["fields"], shown["ground"], answer["ETag"]) == ([field(event)], "GDPR Art. 17(1)(d)", '"2"')


def test_approval_before_the_request_is_under_a_signed_head_is_a_conflict(event: Event) -> None:
    asking = signed_in(factories.person(Role.DPO))
    path = f"{PATH}/{asking.post(PATH, asked(event), format='json').json()['id']}"
    answer = signed_in(factories.person(Role.DPO)).post(f"{path}/approve", REASON, format="json")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
    assert answer.json()["detail"].startswith("The request is not under a signed head yet.")


def test_event_says_which_erasure_took_its_values(event: Event) -> None:
    path, officer = requested(event), factories.person(Role.DPO)
    done = signed_in(officer).post(f"{path}/approve", REASON, format="json").json()
    (shown,) = signed_in(officer).get(f"/api/v1/audit/events/{event.id}").json()["erasures"]
    assert shown == {
        "redaction": done["id"],
        "ground": "GDPR Art. 17(1)(d)",
        "decided_by": f"person:{officer.pk}",
        "decided_at": done["decided_at"],
        "taken": [field(event)],
    }


def test_own_request_cannot_be_approved(event: Event) -> None:
    client = signed_in(factories.person(Role.DPO))
    path = f"{PATH}/{client.post(PATH, asked(event), format='json').json()['id']}"
    answer = client.post(f"{path}/approve", REASON, format="json")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/duty-conflict")
    assert client.post(f"{path}/withdraw", REASON, format="json").json()["state"] == "withdrawn"


def test_decided_request_is_a_conflict(event: Event) -> None:
    path, client = requested(event), signed_in(factories.person(Role.DPO))
    assert client.post(f"{path}/refuse", REASON, format="json").json()["refusal"] == REASON["reason"]
    answer = client.post(f"{path}/approve", REASON, format="json")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_what_a_hold_covers_must_be_kept(event: Event) -> None:
    hold = {"subject_type": "system", "ground": "a suit", "reason": "It began."}
    officer = signed_in(factories.person(Role.RISK_OFFICER))
    placed = officer.post(HOLDS, hold, format="json")
    answer = signed_in(factories.person(Role.DPO)).post(PATH, asked(event), format="json")
    problem = answer.json()
    assert (placed.status_code, answer.status_code, problem["type"]) == (201, 409, "/problems/must-be-kept")
    assert "Hold on system (a suit)" in problem["detail"]
    released = officer.post(f"{HOLDS}/{placed.json()['id']}/release", REASON, format="json").json()
    assert (released["released_by"] != "", Redaction.objects.get().state) == (True, "refused")


def test_input_that_cannot_be_used_is_named(event: Event) -> None:
    client = signed_in(factories.person(Role.DPO))
    changes: list[dict[str, object]] = [{"ground": "no law"}, {"fields": ["opinion"]}, {"fields": []}, {"person": "x"}]
    for change in changes:
        answer = client.post(PATH, {**asked(event), **change}, format="json")
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert not Redaction.objects.exists()


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.AUDITOR, Role.RISK_OFFICER])
def test_asking_takes_the_role(event: Event, role: Role) -> None:
    answer = signed_in(factories.person(role)).post(PATH, asked(event), format="json")
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")


def test_placing_a_hold_takes_the_role(system: AISystem) -> None:
    answer = signed_in(factories.person(Role.DPO)).post(HOLDS, {"ground": "a suit", "reason": "x"}, format="json")
    assert (answer.status_code, Hold.objects.count()) == (403, 0)


@pytest.mark.parametrize("path", [PATH, HOLDS])
def test_lists_are_for_readers_of_the_log(system: AISystem, path: str) -> None:
    reader, stranger = factories.person(Role.AUDITOR), factories.person(Role.AUDITOR, system=system)
    found = [signed_in(one).get(path).status_code for one in (reader, stranger, factories.person())]
    assert found == [200, 403, 403]


def test_list_of_more_takes_no_more_queries(event: Event) -> None:
    client = signed_in(factories.person(Role.AUDITOR))
    requested(event)
    first = count_queries(client, PATH)
    requested(event), requested(event)
    assert count_queries(client, PATH) == first
    assert len(client.get(PATH, {"state": "requested"}).json()["results"]) == 3


# The same on the pages
def officer() -> Client:
    return desks.at(factories.person(Role.DPO))


def test_page_asks_and_another_person_s_page_erases(event: Event) -> None:
    asking = "/admin/audit/redaction/add/"
    shown = officer().get(asking, {"event": str(event.id)}).content.decode()
    answer = officer().post(asking, asked(event))
    row = Redaction.objects.get()
    page = officer().get(desks.page(row)).content.decode()
    recorded.sequence()
    done = officer().post(desks.page(row, "approve"), REASON)
    assert ("To be tested." in shown, "To be tested." in page) == (True, True)
    assert (answer["Location"], done.status_code) == (f"{desks.page(row)}#main", 302)
    row.refresh_from_db()
    told = desks.reader().get(desks.page(event)).content.decode()
    assert (row.state, "To be tested." in told, "GDPR Art. 17(1)(d)" in told) == ("executed", False, True)


def test_page_shows_a_refusal_and_keeps_what_was_typed(event: Event) -> None:
    answer = officer().post("/admin/audit/redaction/add/", {**asked(event), "ground": ""})
    assert (answer.status_code, "names no provision" in answer.content.decode()) == (422, True)
    assert "A name is in it." in answer.content.decode()


@pytest.mark.parametrize("query", ["event=nonsense", "event=0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a07", "person=person:x"])
def test_page_about_nothing_is_not_found(query: str) -> None:
    assert officer().get(f"/admin/audit/redaction/add/?{query}").status_code == 404


def test_page_without_a_subject_says_where_to_begin() -> None:
    assert "open <a" in officer().get("/admin/audit/redaction/add/").content.decode()


def test_page_of_a_person_says_what_stays() -> None:
    request = houses.validated(houses.build())
    signer = request.decisions.get().signer
    shown = {"person": f"person:{signer.pk}", "ground": "GDPR Art. 17(1)(b)", "reason": "They left."}
    assert officer().post("/admin/audit/redaction/add/", shown).status_code == 302
    page = officer().get(desks.page(Redaction.objects.get())).content.decode()
    assert "1 signed decision with their printed name" in page


def test_hold_is_placed_and_released_on_pages(event: Event) -> None:
    client = desks.at(factories.person(Role.RISK_OFFICER))
    typed = {"subject_type": "system", "subject_id": "", "person": "", "ground": "a suit", "reason": "It began."}
    assert client.post("/admin/audit/hold/add/", typed).status_code == 302
    hold = Hold.objects.get()
    assert "In force" in client.get(desks.page(hold)).content.decode()
    assert client.post(desks.page(hold, "release"), REASON).status_code == 302
    assert "Released." in client.get(desks.page(hold)).content.decode()


def test_pages_to_ask_on_are_for_those_who_may() -> None:
    found = [desks.reader().get(f"/admin/audit/{noun}/add/").status_code for noun in ("redaction", "hold")]
    auditor = desks.at(factories.person(Role.AUDITOR))
    refused = [auditor.get(f"/admin/audit/{noun}/add/").status_code for noun in ("redaction", "hold")]
    assert (found, refused) == ([200, 200], [403, 403])
