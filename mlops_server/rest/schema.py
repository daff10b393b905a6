"""The parts of the OpenAPI document that every operation has in common."""

import inspect
from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.permissions import AllowAny

from mlops_server.rest import kinds, problems
from registry.api.base import expected_revision

_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
_IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="A name of your choice, up to 200 characters. A repeat with the same key and body within a day gets "
    "the first answer again and changes nothing.",
)
_PREFER = OpenApiParameter(
    "Prefer",
    str,
    OpenApiParameter.HEADER,
    description="`audit-receipt, wait=5` lets the answer wait, at most so many seconds (2 by default, never more than "
    "10), until what it did is in the log under a signed head. It then carries `Audit-Event`, the event's id, and "
    "`Audit-Receipt`, its C2SP tlog-proof in base64; or `Audit-Receipt-Pending` where the time was too short.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="The ETag of the record as you read it; a change by somebody else in between is a 412.",
)
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "What is wrong, where, and how to mend it (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "request_id", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "enum": [f"/problems/{kind.slug}" for kind in kinds.ALL]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "remedy": {"type": "string"},
        "instance": {"type": "string", "description": "the path that was asked"},
        "request_id": {"type": "string", "description": "what the server's log knows the request by"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail", "remedy"],
                "properties": {
                    "pointer": {"type": "string", "description": "a JSON pointer into the body, or ?name in the query"},
                    "detail": {"type": "string"},
                    "remedy": {"type": "string"},
                },
            },
        },
    },
}


class OperationSchema(AutoSchema):
    """Adds the headers and the problems that follow from an operation's method, path and permissions."""

    def get_override_parameters(self) -> list[Any]:
        headers = [_IDEMPOTENCY_KEY] if self.method == "POST" else []
        headers += [_PREFER] if self.method in _UNSAFE else []
        return headers + ([_IF_MATCH] if self._reads_if_match() else [])

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answers = super()._get_response_bodies(direction)
        return answers | {str(status): {"$ref": f"#/components/responses/{status}"} for status in self._problems()}

    def _problems(self) -> Iterator[int]:
        """The statuses besides success that the operation can answer with."""
        yield 401  # A token that has expired is refused even where none is needed.
        if not any(isinstance(permission, AllowAny) for permission in self.view.get_permissions()):
            yield 403
        if "{" in self.path or self._is_list_view():
            yield 404
        if self.method in _UNSAFE:
            yield from (400, 409, 413, 415, 422)
            yield from getattr(self.view, "further_problems", ())
        elif self._is_list_view():
            yield 422
        if self._reads_if_match():
            yield from (412, 428)
        if self.view.get_throttles():
            yield 429

    def _reads_if_match(self) -> bool:
        """Taken from the code that reads the header: a declaration beside it could forget or lie."""
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower())
        return expected_revision.__name__ in inspect.unwrap(handler).__code__.co_names


def add_common_parts(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The problem's shape, and one response for each status, which operations refer to."""
    components = result["components"]
    components["schemas"]["Problem"] = _PROBLEM
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    components["responses"] = {
        str(status): {
            "description": "; ".join(
                f"{kind.title} (/problems/{kind.slug})" for kind in kinds.ALL if kind.status == status
            ),
            "content": content,
        }
        for status in sorted({kind.status for kind in kinds.ALL})
    }
    return result
