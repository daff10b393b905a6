"""The log as a stream, for those who may read all of it."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import permissions, renderers, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.actors import Actor
from audit.api.base import ReadsTheLog
from audit.disclosure import exports

MEDIA_TYPE = "application/x-ndjson"
_LAST = 2**63 - 1


@extend_schema_field(OpenApiTypes.STR)
class PlaceField(serializers.Field[int | datetime, str, str, Any]):
    """A place in the log: an index, or a time."""

    def to_internal_value(self, data: str) -> int | datetime:
        if data.isascii() and data.isdecimal():
            place: int = serializers.IntegerField(max_value=_LAST).run_validation(data)
            return place
        moment: datetime = serializers.DateTimeField().run_validation(data)
        return moment


class ExportQuery(serializers.Serializer[Any]):
    format = serializers.ChoiceField(choices=list(exports.FORMS), default="jsonl")
    since = PlaceField(required=False, help_text="the first index, or a time; the beginning by default")
    until = PlaceField(required=False, help_text="the index after the last, or a time; the newest head by default")


class Lines(renderers.BaseRenderer):
    """Lets a client ask for lines; the view writes them itself."""

    media_type = MEDIA_TYPE

    def render(self, data: Any, *args: Any) -> Any:
        return data


# REST framework reads `format` too, and wants a renderer of that name.
_LINES = [type(f"Lines{form.title()}", (Lines,), {"format": form}) for form in exports.FORMS]


class Export(APIView):
    """Entry after entry in the order of the tree; whoever begins the next export where this one ended misses none."""

    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)
    renderer_classes = (*_LINES, renderers.JSONRenderer)

    @extend_schema(
        operation_id="audit_export",
        summary="Export the log as lines of JSON, OCSF or CEF; that it left is itself an event",
        parameters=[ExportQuery],
        responses={
            (200, MEDIA_TYPE): OpenApiResponse(
                OpenApiTypes.STR, description="jsonl: index, leaf_hash and entry, whose bytes are the leaf's own"
            ),
            (409, "application/problem+json"): {"$ref": "#/components/schemas/Problem"},
            (422, "application/problem+json"): {"$ref": "#/components/schemas/Problem"},
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        query = ExportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        taken = exports.covering(given.get("since"), given.get("until"))
        with transaction.atomic(durable=True):
            exports.record(taken, form=given["format"], actor=_actor(request))
        headers = {"Audit-First": str(taken.first), "Audit-End": str(taken.end), "Cache-Control": "no-store"}
        return StreamingHttpResponse(exports.lines(taken, given["format"]), content_type=MEDIA_TYPE, headers=headers)


def _actor(request: Request) -> Actor:
    """The signed-in account, under the id that the log knows it by."""
    account: Any = request.user
    request_id: str = request.request_id  # type: ignore[attr-defined]  # RequestIdMiddleware sets it
    return Actor(id=f"{account.kind}:{account.pk}", request=request_id, account=account)
