"""Every error leaves as one shape, and every kind of it is documented."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest
from django.test import Client, RequestFactory
from rest_framework import exceptions as rest
from rest_framework.test import APIClient

from audit import errors as log_errors
from audit.log import EntryTooLarge
from audit.tlog.errors import CanonicalError
from audit.tree.entries import ArchiveUnreadable
from audit.tree.proofs import NotSequenced
from mlops_server.rest import kinds, problems
from registry import errors
from registry.api.base import PreconditionRequired
from registry.roles import Role
from tests import factories
from tests.clients import signed_in

DOCS = Path(__file__).parents[3] / "docs" / "problems.md"


@pytest.fixture
def request_(rf: RequestFactory) -> HttpRequest:
    request = rf.post("/api/v1/systems")
    request.request_id = "r-1"  # type: ignore[attr-defined]
    return request


def handled(error: Any, request: HttpRequest) -> Any:
    answer = problems.handle(error, {"request": request})
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (errors.Invalid("x"), 422, "invalid"),
        (errors.NotPermitted("x"), 403, "not-permitted"),
        (errors.DutyConflict("x"), 403, "duty-conflict"),
        (errors.SignatureRejected("x"), 403, "signature-rejected"),
        (errors.Conflict("x"), 409, "conflict"),
        (errors.AlreadyExists("x"), 409, "already-exists"),
        (errors.Stale("x"), 409, "stale"),
        (errors.OnHold("x"), 409, "on-hold"),
        (errors.RevisionMismatch("x"), 412, "revision-mismatch"),
        (errors.NothingServes("x"), 409, "nothing-serves"),
        (NotSequenced("x"), 409, "not-sequenced"),
        (ArchiveUnreadable("x"), 503, "archive-unreadable"),
        (CanonicalError("x"), 422, "invalid"),
        (EntryTooLarge("x"), 422, "invalid"),
        (PreconditionRequired(), 428, "precondition-required"),
        (rest.ValidationError("x"), 422, "invalid"),
        (rest.ParseError("x"), 400, "malformed"),
        (rest.NotAuthenticated(), 401, "not-authenticated"),
        (rest.AuthenticationFailed(), 401, "not-authenticated"),
        (rest.PermissionDenied(), 403, "not-permitted"),
        (rest.NotFound(), 404, "not-found"),
        (rest.MethodNotAllowed("PUT"), 405, "method-not-allowed"),
        (rest.NotAcceptable(), 406, "not-acceptable"),
        (rest.UnsupportedMediaType("text/csv"), 415, "unsupported-media-type"),
        (rest.Throttled(wait=3), 429, "throttled"),
        (Http404(), 404, "not-found"),
        (PermissionDenied(), 403, "not-permitted"),
        (DjangoValidationError("x"), 422, "invalid"),
        (RequestDataTooBig("x"), 413, "too-large"),
        (SuspiciousOperation("x"), 400, "malformed"),
    ],
)
def test_handle_of_each_error_gives_its_kind(error: Exception, status: int, slug: str, request_: HttpRequest) -> None:
    answer = handled(error, request_)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert f'"type": "/problems/{slug}"' in answer.content.decode()


def test_handle_of_every_refusal_is_foreseen() -> None:
    known = [*vars(log_errors).values(), *vars(errors).values()]
    family = {error for error in known if isinstance(error, type) and issubclass(error, Exception)}
    assert {error for error in family if kinds.of(error("x")) is None} == {log_errors.Refusal, errors.RegistryError}


def test_handle_of_an_unforeseen_error_leaves_it_to_the_500(request_: HttpRequest) -> None:
    assert problems.handle(RuntimeError("bug"), {"request": request_}) is None


def test_answer_with_places_and_remedy_has_the_whole_shape(request_: HttpRequest) -> None:
    error = errors.Invalid("Bad.", remedy="Mend.", problems=[errors.Problem("/name", "is wrong", "Write it right.")])
    assert handled(error, request_).content.decode() == (
        '{"type": "/problems/invalid", "title": "Some of the input cannot be used", "status": 422, "detail": "Bad.", '
        '"instance": "/api/v1/systems", "request_id": "r-1", '
        '"errors": [{"pointer": "/name", "detail": "is wrong", "remedy": "Write it right."}], "remedy": "Mend."}'
    )


def test_handle_of_nested_complaints_points_at_each(request_: HttpRequest) -> None:
    detail: Any = {"rows": [{}, {"a/b": ["no"]}], "columns": {"3": ["bad"]}, "non_field_errors": ["never"]}
    answer = handled(rest.ValidationError(detail), request_)
    assert re.findall(r'"pointer": "([^"]*)"', answer.content.decode()) == ["/rows/1/a~1b", "/columns/3", ""]


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (NotSequenced("x"), "Retry-After", "1"),
        (rest.Throttled(wait=3), "Retry-After", "4"),
        (rest.NotAuthenticated(), "WWW-Authenticate", 'Bearer realm="api"'),
    ],
)
def test_handle_of_what_can_be_mended_says_how_in_a_header(
    error: Exception, header: str, value: str, request_: HttpRequest
) -> None:
    assert handled(error, request_)[header] == value


def test_docs_have_one_section_a_kind_with_its_status() -> None:
    sections = re.findall(r"^## ([a-z-]+)\n([0-9]{3})", DOCS.read_text(), re.MULTILINE)
    assert sections == [(kind.slug, str(kind.status)) for kind in kinds.ALL]


@pytest.mark.django_db
def test_request_with_broken_json_is_malformed() -> None:
    client = signed_in(factories.person(Role.ENGINEER))
    answer = client.generic("POST", "/api/v1/systems", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


@pytest.mark.django_db
@pytest.mark.parametrize("body", ["[" * 100_000, '{"a": NaN}', "\xff"])
def test_request_with_json_that_no_parser_should_take_is_malformed(body: str) -> None:
    client = signed_in(factories.person(Role.ENGINEER))
    raw: Any = body.encode("latin-1")
    answer = client.generic("POST", "/api/v1/systems", raw, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


@pytest.mark.django_db
def test_request_larger_than_memory_allows_is_too_large(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    client = signed_in(factories.person(Role.ENGINEER))
    answer = client.post("/api/v1/systems", {"name": "n" * 200})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.django_db
def test_request_with_a_wrong_method_names_those_allowed() -> None:
    answer = signed_in(factories.person()).put("/api/v1/systems", {})
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST, HEAD, OPTIONS")


@pytest.mark.django_db
def test_request_for_another_form_of_answer_is_not_acceptable() -> None:
    answer = signed_in(factories.person()).get("/api/v1/systems", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.json()["type"]) == (406, "/problems/not-acceptable")


def test_address_that_does_not_exist_is_a_problem_under_api_and_a_page_elsewhere() -> None:
    answers = [Client().get(path) for path in ("/api/v1/nothing", "/nothing")]
    types = [answer["Content-Type"] for answer in answers]
    assert types == ["application/problem+json", "text/html; charset=utf-8"]


def test_request_to_a_wrong_host_is_malformed() -> None:
    answer = Client(SERVER_NAME="elsewhere.example").get("/api/v1/systems")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")


def test_server_error_hides_its_cause_and_tells_the_request(rf: RequestFactory) -> None:
    request = rf.get("/api/v1/systems")
    request.request_id = "r-1"  # type: ignore[attr-defined]
    answer = problems.server_error(request)
    assert (answer.status_code, b'"request_id": "r-1"' in answer.content) == (500, True)  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_token_that_is_wrong_is_refused_with_a_challenge() -> None:
    answer = APIClient().get("/api/v1/me", headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


@pytest.mark.django_db
def test_request_with_a_nul_is_malformed() -> None:
    answer = signed_in(factories.person(Role.ENGINEER)).post("/api/v1/systems", {"name": "a", "purpose": "b\0c"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")
