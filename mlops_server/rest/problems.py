"""Errors as RFC 9457 problem+json: what is wrong, where, and how to mend it; the only place that knows HTTP."""

import http
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import structlog
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.views import defaults
from rest_framework import exceptions as rest

from audit.errors import Refusal
from audit.tree.entries import ArchiveUnreadable
from audit.tree.proofs import NotSequenced
from mlops_server.rest import kinds
from mlops_server.rest.kinds import Kind
from registry.errors import Problem, RegistryError
from registry.models import Slot

logger = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_NO_FIELD = "non_field_errors"
_UNFORESEEN = "The server did not foresee this; nothing of yours was changed by halves."


def handle(error: Exception, context: Mapping[str, Any]) -> JsonResponse | None:
    """REST framework's exception handler. None lets what nobody foresaw become a logged 500."""
    kind = kinds.of(error)
    if kind is None:
        return None
    if isinstance(error, ArchiveUnreadable):
        logger.error("the archive cannot be read", why=str(error))
    return answer(
        kind,
        context["request"],
        detail=_detail(error),
        remedy=_remedy(error),
        errors=_errors(error, is_query=context["request"].method == "GET"),
        headers=_headers(error, kind),
    )


def answer(
    kind: Kind,
    request: Any,
    *,
    detail: str = "",
    remedy: str = "",
    errors: Iterable[Problem] = (),
    headers: Mapping[str, str] | None = None,
) -> JsonResponse:
    """One problem, with the id of the request that support will ask for."""
    body: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail or f"{kind.title}.",
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
        "errors": [{"pointer": one.pointer, "detail": one.detail, "remedy": one.remedy} for one in errors],
    }
    if remedy:
        body["remedy"] = remedy
    return JsonResponse(body, status=kind.status, content_type=MEDIA_TYPE, headers=headers)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400, for what never reached a view."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return answer(kinds.of(exception) or kinds.MALFORMED, request)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler403."""
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return answer(kinds.NOT_PERMITTED, request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler404."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception)
    return answer(kinds.NOT_FOUND, request, detail=f"There is nothing at {request.path}.", remedy="See /api/docs/.")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500; the error itself stands in the log under the request's id."""
    if not _is_api(request):
        return defaults.server_error(request)
    return answer(kinds.INTERNAL, request, detail=_UNFORESEEN, remedy="Report the request_id.")


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _detail(error: Exception) -> str:
    match error:
        case Refusal():
            return error.detail
        case rest.ValidationError() | DjangoValidationError():
            return "Some of the input cannot be used; `errors` names each place."
        case rest.APIException():
            return str(error.detail)
        case UnicodeError():
            return "Some text of the request is no text: its bytes or escapes stand for no character."
        case DataError():
            # Its own words hold the value.
            return "The database cannot hold one of the values: a NUL character, or a number out of its range."
        case Http404() | Slot.DoesNotExist():
            return "It does not exist, or it belongs to a system that you may not read."
        case ArchiveUnreadable():
            # Its own words hold addresses of the house.
            return "The entry is old and in the archive, and the archive does not give it now."
    return str(error)


def _remedy(error: Exception) -> str:
    match error:
        case Refusal():
            return error.remedy
        case rest.NotAuthenticated():
            return "Send 'Authorization: Bearer <token>'; POST /api/v1/tokens gives one."
        case NotSequenced():
            return "Ask again in a second."
        case ArchiveUnreadable():
            return "Ask again later; the server's log says why, under the request_id."
    return ""


def _errors(error: Exception, *, is_query: bool) -> Iterable[Problem]:
    match error:
        case RegistryError():
            return error.problems
        case rest.ValidationError():
            found = _walk(error.detail)
            return [Problem(one.pointer.replace("/", "?", 1), one.detail) for one in found] if is_query else found
        case DjangoValidationError():
            return [Problem("", message) for message in error.messages]
    return ()


def _walk(detail: Any, pointer: str = "") -> Iterator[Problem]:
    """A serializer's nested complaints, one at a time, each with the JSON pointer of its field."""
    if isinstance(detail, Mapping):
        for field, inner in detail.items():
            yield from _walk(inner, pointer if field == _NO_FIELD else f"{pointer}/{_escaped(str(field))}")
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            yield from _walk(inner, pointer if isinstance(inner, str) else f"{pointer}/{number}")
    else:
        yield Problem(pointer, str(detail))


def _escaped(field: str) -> str:
    return field.replace("~", "~0").replace("/", "~1")


def _headers(error: Exception, kind: Kind) -> dict[str, str]:
    if kind.status == http.HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    if isinstance(error, NotSequenced):
        return {"Retry-After": "1"}
    if isinstance(error, rest.Throttled):
        return {"Retry-After": str(int(getattr(error, "wait", None) or 0) + 1)}
    return {}
