"""Whoever changes something may ask for a receipt: the proof that the change is in the log, with the answer itself.

``Prefer: audit-receipt, wait=5`` on a request that changes something lets the answer wait until its last event is under
a signed head, at most that many seconds. Then nobody can remove the event any more without everybody seeing it: until
it is sequenced, a quarter of a second as a rule, a superuser of the database could.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from audit.models import Event
from audit.tlog.proof import TlogProof
from audit.tlog.spelling import to_base64
from audit.tree import proofs

PREFERENCE = "audit-receipt"
WAIT_SECONDS, LONGEST_WAIT_SECONDS = 2.0, 10.0
_PAUSE_SECONDS = 0.02
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")
_WAIT = re.compile(r"wait=([0-9]{1,4})")


class ReceiptMiddleware:
    """Stands outside of what keeps answers for repeats: an answer is kept before this begins to wait for its proof."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        seconds = wait_seconds(request.headers.get("Prefer", "")) if _may_change(request) else None
        began = datetime.now(UTC)
        response = self.get_response(request)
        if seconds is not None:
            event = _last_event(request, response, began)
            if event is not None:
                _add(response, event, seconds)
        return response


def wait_seconds(prefer: str) -> float | None:
    """How long a Prefer header (RFC 7240) lets the answer wait; None where it asks for no receipt."""
    asked = [part.strip() for part in re.split("[,;]", prefer.lower())]
    if PREFERENCE not in asked:
        return None
    waits = [float(match[1]) for part in asked if (match := _WAIT.fullmatch(part))]
    return min(waits[0] if waits else WAIT_SECONDS, LONGEST_WAIT_SECONDS)


def wait_for(event: Event, seconds: float) -> TlogProof | None:
    """The event's proof as soon as it is under a signed head; None if that takes longer."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return proofs.inclusion(event.id)
        except proofs.NotSequenced:
            if time.monotonic() >= deadline:
                return None
        time.sleep(_PAUSE_SECONDS)


def _may_change(request: HttpRequest) -> bool:
    return request.method in _CHANGING and request.path.startswith("/api/")


def _last_event(request: HttpRequest, response: HttpResponseBase, began: datetime) -> Event | None:
    """The last event that this request recorded, a refusal too; or that the first request of a repeat did.

    The id of a request may come from its caller, who may use it again: what was recorded before does not count.
    """
    first: str | None = response.headers.get("Idempotent-Request-ID")
    if first is not None:
        return Event.objects.filter(request=first).order_by("ticket").last()
    request_id: str = getattr(request, "request_id", "")
    if not request_id:
        return None
    return Event.objects.filter(request=request_id, at__gte=began).order_by("ticket").last()


def _add(response: HttpResponseBase, event: Event, seconds: float) -> None:
    response.headers["Audit-Event"] = str(event.id)
    response.headers["Preference-Applied"] = PREFERENCE
    proof = wait_for(event, seconds)
    if proof is not None:
        response.headers["Audit-Receipt"] = to_base64(proof.format())
    else:
        response.headers["Audit-Receipt-Pending"] = "not under a signed head yet; ask for the event's proof later"
