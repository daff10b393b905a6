"""A POST that is sent twice under one Idempotency-Key is done once; the repeat gets the first answer, byte for byte.

Who asks is settled first: an answer is for the account that it was given to, for as long as its credentials count, and
requests of nobody are not kept at all. The first request inserts a row (caller and key are unique) and then runs; the
row is its claim until it holds the answer. A repeat is known by its fingerprint: method, path, If-Match, media type and
body; for a form with files each field and file as it was sent, because the boundary between the parts is another every
time. Caller and fingerprint are keyed hashes: a body may hold a password, and a plain hash of it could be guessed at.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

from mlops_server.models import IdempotentAnswer
from mlops_server.rest import kinds, problems

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=5)
_ACCEPTABLE = re.compile(r"[!-~]{1,200}\Z")
_NOT_KEPT = (401, 403, 429)
# By which a repeat finds the events of the request that did the work.
_FIRST = "Idempotent-Request-ID"
_HEADERS = ("Content-Type", "Location", "ETag", "Content-Disposition")


class IdempotencyMiddleware:
    """Stands innermost, so that what it keeps is the view's answer and nothing of the outer layers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST" or not request.path.startswith("/api/"):
            return self.get_response(request)
        if not _ACCEPTABLE.match(key):
            return problems.answer(kinds.INVALID, request, detail="An Idempotency-Key has 1 to 200 visible characters.")
        try:
            caller = _caller(request)
            if caller is None:
                return self.get_response(request)  # The view says why nobody is let in, or lets them in.
            mark = fingerprint(request)
        except RequestDataTooBig as error:
            return problems.answer(kinds.TOO_LARGE, request, detail=str(error))
        return self._once(request, caller, key, mark)

    def _once(self, request: HttpRequest, caller: str, key: str, mark: str) -> HttpResponseBase:
        claim, is_first = IdempotentAnswer.objects.get_or_create(caller=caller, key=key, defaults={"fingerprint": mark})
        if claim.fingerprint != mark:
            detail = "This Idempotency-Key was sent with another request."
            return problems.answer(kinds.KEY_REUSED, request, detail=detail, remedy="Make a new key for a new request.")
        if not is_first and claim.status is not None:
            return _replayed(claim)
        if not is_first and not _taken_over(claim):
            return problems.answer(
                kinds.STILL_RUNNING, request, remedy="Ask again in a second.", headers={"Retry-After": "1"}
            )
        response = self.get_response(request)
        _settle(claim, response, request_id=getattr(request, "request_id", ""))
        return response


def fingerprint(request: HttpRequest) -> str:
    """What makes two requests the same. Raises RequestDataTooBig. The body can still be read afterwards."""
    digest = hmac.new(settings.SECRET_KEY.encode(), digestmod=hashlib.sha256)
    revision = request.headers.get("If-Match", "")
    for part in (request.method or "", request.get_full_path(), revision, request.content_type or ""):
        _feed(digest, part.encode())
    parts = _form_parts(request) if request.content_type == "multipart/form-data" else iter([request.body])
    for content in parts:
        _feed(digest, content)
    return digest.hexdigest()


def forget_old() -> int:
    """Delete the answers that no repeat is promised any more; returns how many. A schedule calls it."""
    deleted, _ = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _feed(digest: "hmac.HMAC", content: bytes) -> None:
    """Length first, so that no two sequences of parts run together into the same bytes."""
    digest.update(len(content).to_bytes(8, "big"))
    digest.update(content)


def _form_parts(request: HttpRequest) -> Iterator[bytes]:
    """Fields, then files by their own digests; Django has spooled large files to disk, so memory stays small."""
    for name, values in sorted(request.POST.lists()):
        yield from (name.encode(), *(str(value).encode() for value in values))
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            content = hashlib.sha256()
            for chunk in file.chunks():
                content.update(chunk)
            file.seek(0)
            yield from (name.encode(), (file.name or "").encode(), (file.content_type or "").encode(), content.digest())


def _caller(request: HttpRequest) -> str | None:
    """Whom the key belongs to: another's same key is another key. None for nobody, and credentials that ended."""
    session_user = request.user
    try:
        account = APIView().initialize_request(request).user
    except (APIException, UnicodeError):
        return None
    finally:
        request.user = session_user  # REST framework has written its answer there; the view is to find its own.
    if not account.is_authenticated:
        return None
    return hmac.new(settings.SECRET_KEY.encode(), str(account.pk).encode(), hashlib.sha256).hexdigest()


def _taken_over(claim: IdempotentAnswer) -> bool:
    """Whether the claim's process is given up for dead and the claim is now ours; of two that try, one wins."""
    now = timezone.now()
    abandoned = IdempotentAnswer.objects.filter(pk=claim.pk, status=None, created_at=claim.created_at)
    if claim.created_at > now - ABANDONED or not abandoned.update(created_at=now):
        return False
    claim.created_at = now
    return True


def _settle(claim: IdempotentAnswer, response: HttpResponseBase, *, request_id: str) -> None:
    """Keep the answer, or free the key where a repeat should be tried afresh.

    The moment of the claim stands for its owner: who was given up for dead and comes back late changes nothing.
    """
    ours = IdempotentAnswer.objects.filter(pk=claim.pk, created_at=claim.created_at)
    if isinstance(response, HttpResponse) and _is_final(response):
        headers = {name: response[name] for name in _HEADERS if name in response} | {_FIRST: request_id}
        ours.update(status=response.status_code, headers=headers, body=response.content)
    else:
        ours.delete()


def _is_final(response: HttpResponse) -> bool:
    """Not what the server or the credentials caused, nor what may be had later, nor a secret that must not be kept."""
    is_temporary = response.status_code >= 500 or response.status_code in _NOT_KEPT or "Retry-After" in response
    return not is_temporary and "no-store" not in response.get("Cache-Control", "")


def _replayed(claim: IdempotentAnswer) -> HttpResponse:
    headers = {**claim.headers, "Idempotent-Replayed": "true"}
    return HttpResponse(bytes(claim.body), status=claim.status, headers=headers)
