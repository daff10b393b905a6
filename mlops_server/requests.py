"""Every request has an id: in its log lines, its events, its tasks and its answer."""

import re
from collections.abc import Callable

import structlog
import uuid_utils
from django.http import HttpRequest, HttpResponse

logger = structlog.get_logger(__name__)
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")


class RequestIdMiddleware:
    """Takes the caller's X-Request-ID where it is usable, else makes one; binds it and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _ACCEPTABLE.match(given) else str(uuid_utils.uuid7())
        request.request_id = request_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            if response.status_code >= 500:
                logger.error("request failed", method=request.method, path=request.path, status=response.status_code)
        response["X-Request-ID"] = request_id
        return response
