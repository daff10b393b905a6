"""What the log's views share: who may read, how a query is read, and pages that keep their place by ticket."""

import base64
from typing import Any, NamedTuple

from rest_framework import exceptions, permissions, renderers, serializers
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from audit.models import Event

PAGE, MAX_PAGE = 50, 500


class ReadsTheLog(permissions.BasePermission):
    """The log speaks of every system, so its events are for those who may read all of them."""

    message = "You may not read the audit log; that takes a role for every system."

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.has_perm("audit.view_event")


class PlainText(renderers.BaseRenderer):
    """Lets a client ask for text/plain; the view writes the text itself."""

    media_type = "text/plain"
    format = "txt"

    def render(self, data: Any, *args: Any) -> Any:
        return data


class Cursor(NamedTuple):
    """Where a page begins: beyond a ticket, in the order asked for or back from there."""

    ticket: int
    back: bool = False

    def text(self) -> str:
        return base64.urlsafe_b64encode(f"{'-' if self.back else '+'}{self.ticket}".encode()).decode()

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Raises NotFound for what no page of ours gave."""
        try:
            told = base64.urlsafe_b64decode(text.encode()).decode("ascii")
            cursor = cls(int(told[1:]), told.startswith("-"))
        except ValueError as error:
            raise exceptions.NotFound("Invalid cursor") from error
        if cursor.text() != text or cursor.ticket >= 2**63:
            raise exceptions.NotFound("Invalid cursor")
        return cursor


def valid(query: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    reader = query(data=request.query_params)
    reader.is_valid(raise_exception=True)
    return dict(reader.validated_data)


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size", "")
    asked = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
    return min(asked, MAX_PAGE) or PAGE


def neighbours(
    rows: list[Event], rest: int | None, cursor: Cursor | None, *, newest_first: bool
) -> tuple[Cursor | None, Cursor | None]:
    """Where the next page begins and where the one before; None where there is none."""
    onward = -1 if newest_first else 1
    if cursor is None:
        return (Cursor(rest) if rest is not None else None), None
    if cursor.back:
        # Beyond the last row shown, or again from the place that this look went back from, which is the next row.
        following = Cursor(rows[-1].ticket if rows else cursor.ticket - onward)
        return following, (Cursor(rest, back=True) if rest is not None else None)
    before = Cursor(rows[0].ticket if rows else cursor.ticket + onward, back=True)
    return (Cursor(rest) if rest is not None else None), before


def link(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    address: str = replace_query_param(request.build_absolute_uri(), "cursor", cursor.text())
    return address
