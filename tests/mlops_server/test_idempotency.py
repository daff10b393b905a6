"""A keyed POST happens once, whoever repeats it, whenever."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.test import APIClient

from mlops_server import idempotency
from mlops_server.models import IdempotentAnswer
from registry.models import AISystem, Ingestion
from registry.roles import Role
from registry.services import people
from tests import factories
from tests.clients import signed_in

BODY = {"name": "credit", "purpose": "Score applicants.", "risk_tier": "high"}
KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
def client(db: None) -> APIClient:
    return signed_in(factories.person(Role.ENGINEER))


def abandon(**age: int) -> None:
    """Make the kept row one that a dead process left unfinished this long ago."""
    IdempotentAnswer.objects.update(status=None, body=b"", created_at=timezone.now() - timedelta(**age))


def test_repeat_gets_the_first_answer_byte_for_byte(client: APIClient) -> None:
    first = client.post("/api/v1/systems", BODY, headers=KEY)
    again = client.post("/api/v1/systems", BODY, headers=KEY)
    assert (again.status_code, again.content, again["ETag"]) == (201, first.content, first["ETag"])
    assert (again["Idempotent-Replayed"], "Idempotent-Replayed" in first) == ("true", False)
    assert again["Idempotent-Request-ID"] == first["X-Request-ID"]
    assert AISystem.objects.count() == 1


def test_repeat_with_another_body_is_refused(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    answer = client.post("/api/v1/systems", {**BODY, "name": "other"}, headers=KEY)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/key-reused")


def test_repeat_at_another_address_is_refused(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    assert client.post("/api/v1/models", BODY, headers=KEY).json()["type"] == "/problems/key-reused"


def test_same_key_of_another_caller_is_another_key(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/systems", {**BODY, "name": "b"}, headers=KEY)
    assert answer.status_code == 201


def test_repeat_with_a_revoked_token_gets_nothing(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    client.delete("/api/v1/tokens/current")
    answer = client.post("/api/v1/systems", BODY, headers=KEY)
    assert (answer.status_code, "Idempotent-Replayed" in answer) == (401, False)


def test_repeat_of_an_account_that_was_deactivated_gets_nothing(db: None) -> None:
    engineer, admin = factories.person(Role.ENGINEER), factories.person(Role.PLATFORM_ADMIN)
    browser = APIClient()
    browser.force_login(engineer)
    first = browser.post("/api/v1/systems", BODY, headers=KEY)
    again = browser.post("/api/v1/systems", BODY, headers=KEY)
    people.deactivate(engineer, actor=factories.acting(admin))
    after = browser.post("/api/v1/systems", BODY, headers=KEY)
    assert (first.status_code, again["Idempotent-Replayed"], after.status_code) == (201, "true", 401)


def test_repeat_of_a_session_from_a_foreign_page_gets_nothing(db: None) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(factories.person(Role.ENGINEER))
    assert browser.post("/api/v1/systems", BODY, headers=KEY).status_code == 403
    assert IdempotentAnswer.objects.count() == 0


def test_repeat_with_a_new_token_of_the_same_account_gets_the_first_answer(db: None) -> None:
    engineer = factories.person(Role.ENGINEER)
    answers = [signed_in(engineer).post("/api/v1/systems", BODY, headers=KEY) for _ in range(2)]
    assert answers[0].content == answers[1].content


def test_repeat_with_another_if_match_is_refused(db: None, rf: RequestFactory) -> None:
    token = factories.token(factories.person())
    statuses = [
        answered(rf, lambda _: HttpResponse(), token, **{"If-Match": tag}).status_code for tag in ("1", "1", "2")
    ]
    assert statuses == [200, 200, 422]


@pytest.mark.parametrize("token", [None, "Bearer wrong", "Bearer \xff"])
def test_request_of_nobody_leaves_no_row(db: None, token: str | None) -> None:
    headers = KEY if token is None else {**KEY, "Authorization": token}
    kept: list[int] = []
    for path in ("/api/v1/systems", "/api/v1/tokens", "/api/v1/nothing"):
        APIClient().post(path, BODY, headers=headers)
        kept.append(IdempotentAnswer.objects.count())
    assert kept == [0, 0, 0]


def test_repeat_of_an_input_error_gets_the_same_error(client: APIClient) -> None:
    first = client.post("/api/v1/systems", {}, headers=KEY)
    again = client.post("/api/v1/systems", {}, headers=KEY)
    assert (again.status_code, again.content, again["Content-Type"]) == (422, first.content, "application/problem+json")


def test_answer_that_the_credentials_caused_is_not_kept(db: None) -> None:
    auditor = factories.person(Role.AUDITOR)
    client = signed_in(auditor)
    refused = client.post("/api/v1/systems", BODY, headers=KEY)
    factories.people.grant(auditor, Role.ENGINEER, actor=factories.bootstrap())
    assert (refused.status_code, client.post("/api/v1/systems", BODY, headers=KEY).status_code) == (403, 201)


def test_answer_that_holds_a_secret_is_not_kept(db: None) -> None:
    body = {"username": factories.person().username, "password": factories.PASSWORD}
    answer = APIClient().post("/api/v1/tokens", body, headers=KEY)
    assert (answer.status_code, IdempotentAnswer.objects.count()) == (201, 0)


@pytest.mark.parametrize(("status", "headers"), [(500, {}), (503, {}), (409, {"Retry-After": "1"})])
def test_answer_that_may_be_another_next_time_is_not_kept(
    db: None, rf: RequestFactory, status: int, headers: dict[str, str]
) -> None:
    token = factories.token(factories.person())
    kept: list[int] = []

    def view(request: HttpRequest) -> HttpResponse:
        kept.append(IdempotentAnswer.objects.count())
        return HttpResponse(status=status, headers=headers)

    assert answered(rf, view, token).status_code == status
    assert (kept, IdempotentAnswer.objects.count()) == ([1], 0)


def test_repeat_while_the_first_runs_is_told_to_wait(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    abandon(minutes=4)
    answer = client.post("/api/v1/systems", BODY, headers=KEY)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/still-running")
    assert answer["Retry-After"] == "1"


def test_repeat_after_the_first_died_is_done_afresh(client: APIClient) -> None:
    client.post("/api/v1/systems", {**BODY, "name": ""}, headers=KEY)
    abandon(minutes=6)
    answer = client.post("/api/v1/systems", {**BODY, "name": ""}, headers=KEY)
    assert (answer.status_code, "Idempotent-Replayed" in answer) == (422, False)
    assert IdempotentAnswer.objects.get().status == 422


def test_process_given_up_for_dead_that_comes_back_changes_nothing(db: None, rf: RequestFactory) -> None:
    token = factories.token(factories.person())

    def view(request: HttpRequest) -> HttpResponse:
        abandon(minutes=6)
        answered(rf, lambda _: HttpResponse(b"second"), token)
        return HttpResponse(b"first")

    assert answered(rf, view, token).content == b"first"
    assert bytes(IdempotentAnswer.objects.get().body) == b"second"


def test_upload_repeated_under_another_boundary_is_the_same_request(client: APIClient) -> None:
    dataset = factories.dataset()
    path = f"/api/v1/datasets/{dataset.pk}/ingestions"
    bodies = [form(boundary, b"AGEP\n40\n") for boundary in ("one", "two")]
    answers = [
        client.generic("POST", path, body, content_type=f"multipart/form-data; boundary={name}", headers=KEY)
        for name, body in zip(("one", "two"), bodies, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert (answers[0].content == answers[1].content, Ingestion.objects.count()) == (True, 1)


def test_upload_of_another_file_under_the_same_key_is_refused(client: APIClient) -> None:
    path = f"/api/v1/datasets/{factories.dataset().pk}/ingestions"
    files = [SimpleUploadedFile("a.csv", content) for content in (b"AGEP\n40\n", b"AGEP\n41\n")]
    answers = [client.post(path, {"file": file, "format": "csv"}, format="multipart", headers=KEY) for file in files]
    assert [answer.status_code for answer in answers] == [202, 422]


def test_upload_with_a_key_reaches_the_store_whole(client: APIClient) -> None:
    path = f"/api/v1/datasets/{factories.dataset().pk}/ingestions"
    content = b"AGEP\n" + b"40\n" * 2_000_000  # more than Django keeps in memory
    body = {"file": SimpleUploadedFile("a.csv", content), "format": "csv"}
    client.post(path, body, format="multipart", headers=KEY)
    delivered = Ingestion.objects.get().source
    assert delivered is not None
    assert delivered.size_bytes == len(content)


def test_key_that_is_no_key_is_refused(client: APIClient) -> None:
    answer = client.post("/api/v1/systems", BODY, headers={"Idempotency-Key": "k" * 201})
    assert (answer.status_code, AISystem.objects.count()) == (422, 0)


def test_passwords_and_tokens_leave_no_plain_hash(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    row = IdempotentAnswer.objects.get()
    plain = idempotency.hashlib.sha256(json.dumps(BODY, separators=(",", ":")).encode()).hexdigest()
    assert plain not in (row.fingerprint, row.caller)


def test_forget_old_deletes_what_is_past_a_day(client: APIClient) -> None:
    client.post("/api/v1/systems", BODY, headers=KEY)
    kept = idempotency.forget_old()
    IdempotentAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert (kept, idempotency.forget_old(), IdempotentAnswer.objects.count()) == (0, 1, 0)


def test_two_requests_at_once_run_the_work_once(live_database: str, rf: RequestFactory) -> None:
    """The second arrives while the first is inside its view, on a connection of its own."""
    statuses: list[int] = []
    token = factories.token(factories.person())

    def view(request: HttpRequest) -> HttpResponse:
        other = threading.Thread(target=second)
        other.start()
        other.join(timeout=10)
        return HttpResponse(status=201)

    def second() -> None:
        statuses.append(answered(rf, lambda _: HttpResponse(status=500), token).status_code)
        connection.close()

    statuses.append(answered(rf, view, token).status_code)
    assert statuses == [409, 201]


def form(boundary: str, content: bytes) -> Any:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="format"\r\n\r\ncsv\r\n--{boundary}\r\n'
    file = 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\nContent-Type: text/csv\r\n\r\n'
    return head.encode() + file.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def answered(rf: RequestFactory, view: Callable[[HttpRequest], HttpResponse], token: str, **headers: str) -> Any:
    """What the middleware answers where the view is this one."""
    sent = {**KEY, "Authorization": token, **headers}
    request = rf.post("/api/v1/x", b"{}", content_type="application/json", headers=sent)
    request.session = SessionStore()
    request.user = AnonymousUser()
    return idempotency.IdempotencyMiddleware(view)(request)
