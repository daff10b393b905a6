"""Receipts: an answer that carries the proof of what it did, or says that it has none yet."""

import base64
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from audit import actors, log
from audit.disclosure import receipts
from audit.log_events import LogExported
from audit.models import Event
from audit.signing import rotation
from audit.tlog import proof
from registry.roles import Role
from tests import factories, live
from tests.audit import outside

REQUEST = "r-12345678"


def answered(view: Callable[[HttpRequest], HttpResponse], prefer: str, *, method: str = "POST") -> dict[str, str]:
    """The headers that come out of the middleware around a view."""
    request = RequestFactory().generic(method, "/api/v1/systems", headers={"Prefer": prefer})
    request.request_id = REQUEST  # type: ignore[attr-defined]
    response = receipts.ReceiptMiddleware(view)(request)
    return {name: value for name, value in response.items() if name != "Content-Type"}


def happen(request: str = REQUEST) -> None:
    with transaction.atomic():
        event = LogExported(format="jsonl", first=0, end=1)
        log.record(event, subject=log.Subject("log", "test"), actor=actors.system("test", request=request))


def placed(request: HttpRequest) -> HttpResponse:
    """A view whose last event is under a signed head when it answers."""
    happen()
    happen()
    outside.place()
    return HttpResponse("done", status=201)


def waiting(request: HttpRequest) -> HttpResponse:
    """A view whose event nobody sequences."""
    happen()
    return HttpResponse("done", status=201)


def newest() -> Event:
    return Event.objects.filter(request=REQUEST).latest("ticket")


def test_receipt_proves_the_requests_last_event(live_database: str) -> None:
    headers = answered(placed, "audit-receipt, wait=1")
    event = newest()
    receipt = proof.parse(base64.b64decode(headers.pop("Audit-Receipt")))
    assert receipt.verify(bytes(event.leaf or b""), rotation.verifiers()).head.size > receipt.index
    assert headers == {"Audit-Event": str(event.id), "Preference-Applied": "audit-receipt"}


def test_receipt_that_takes_too_long_says_so(live_database: str) -> None:
    headers = answered(waiting, "audit-receipt; wait=0")
    assert headers == {
        "Audit-Event": str(newest().id),
        "Preference-Applied": "audit-receipt",
        "Audit-Receipt-Pending": "not under a signed head yet; ask for the event's proof later",
    }


@pytest.mark.parametrize(("prefer", "method"), [("", "POST"), ("return=minimal", "POST"), ("audit-receipt", "GET")])
def test_receipt_that_nobody_asked_for_is_not_given(live_database: str, prefer: str, method: str) -> None:
    assert answered(placed, prefer, method=method) == {}


def test_receipt_of_a_request_that_recorded_nothing_is_not_given(live_database: str) -> None:
    happen()  # an earlier request under the same id, which callers may choose
    happen("r-another")
    assert answered(lambda request: HttpResponse("nothing"), "audit-receipt, wait=0") == {}


def test_receipt_of_a_repeat_is_that_of_the_first_request(live_database: str) -> None:
    happen("r-first-one")
    first = Event.objects.get(request="r-first-one")
    outside.place()
    kept = HttpResponse("done", headers={"Idempotent-Request-ID": "r-first-one"})
    assert answered(lambda request: kept, "audit-receipt")["Audit-Event"] == str(first.id)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("", None),
        ("wait=3", None),
        ("audit-receipt", 2),
        ("Audit-Receipt; wait=3", 3),
        ("respond-async, wait=5, audit-receipt", 5),
        ("audit-receipt, wait=9999", 10),
        ("audit-receipt, wait=soon", 2),
    ],
)
def test_wait_is_read_from_the_preference_and_bounded(prefer: str, seconds: float | None) -> None:
    assert receipts.wait_seconds(prefer) == seconds


def test_receipt_comes_with_the_answer_of_a_running_server(stack: live.Stack) -> None:
    token = factories.token(factories.person(Role.OWNER))
    body = {"name": "screening", "purpose": "To test.", "risk_tier": "minimal", "legal_basis": "contract"}
    headers = {"Authorization": token, "Content-Type": "application/json", "Prefer": "audit-receipt, wait=10"}
    asked = urllib.request.Request(f"{stack.url}/api/v1/systems", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(asked) as answer:
        given: Any = answer.headers
    event = Event.objects.get(event="system.registered")
    leaf = bytes(event.leaf or b"")
    receipt = proof.parse(base64.b64decode(given["Audit-Receipt"]))
    assert (given["Audit-Event"], receipt.verify(leaf, rotation.verifiers()).head.size > 0) == (str(event.id), True)
