"""A subject's whole history as a pack, and ranges of the log with their proof."""

import re
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, permissions, renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.actors import Actor
from audit.api.base import ReadsTheLog
from audit.disclosure import bundles
from audit.models import Checkpoint

MAX_ENTRIES = 1024
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


class Zip(renderers.BaseRenderer):
    """Lets a client ask for application/zip; the view writes the pack itself."""

    media_type = "application/zip"
    format = "zip"
    render_style = "binary"

    def render(self, data: Any, *args: Any) -> Any:
        return data


class RangeSerializer(serializers.Serializer[dict[str, Any]]):
    first = serializers.IntegerField(help_text="the index of the first entry")
    end = serializers.IntegerField(help_text="the index after the last entry")
    checkpoint = serializers.CharField(help_text="the signed tree head under which the range is proven")
    hashes = serializers.ListField(
        child=serializers.CharField(),
        help_text="the subtree hashes left and right of the range, from left to right, hex",
    )
    entries = serializers.ListField(child=serializers.CharField(), help_text="the text of each leaf, byte for byte")


class RangeQuery(serializers.Serializer[dict[str, int]]):
    first = serializers.IntegerField(min_value=0)
    end = serializers.IntegerField(min_value=1)

    def validate(self, given: dict[str, int]) -> dict[str, int]:
        """Refuse what is no range, or more than one answer holds."""
        if not 0 < given["end"] - given["first"] <= MAX_ENTRIES:
            raise serializers.ValidationError(
                {"end": f"A range has 1 to {MAX_ENTRIES} entries; ask for the next ones in another request."}
            )
        return given


class HistoryPack(APIView):
    """Everything that the log holds about one subject."""

    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)
    renderer_classes = (Zip, renderers.JSONRenderer)

    @extend_schema(
        operation_id="audit_histories_pack",
        summary="Export a subject's whole history, with the proof that nothing is left out",
        description=(
            "Opens what people wrote, and old and new values, for who may read sealed values. That the pack left is an "
            "event of the log."
        ),
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            (404, "application/problem+json"): _PROBLEM,
            (409, "application/problem+json"): _PROBLEM,
        },
    )
    def get(self, request: Request, subject_type: str, subject_id: str) -> HttpResponse:
        try:
            may_open = request.user.has_perm("audit.view_sealed")
            raw = bundles.export(subject_type, subject_id, open_sealed=may_open, actor=_actor(request))
        except bundles.NoHistory as error:
            raise exceptions.NotFound(str(error)) from error
        name = re.sub(r"[^A-Za-z0-9._-]", "-", f"{subject_type}-{subject_id}")
        headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
        return HttpResponse(raw, content_type="application/zip", headers=headers)


class Range(APIView):
    """Some entries, and the proof that they are exactly those of the log."""

    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)

    @extend_schema(
        operation_id="audit_ranges_prove",
        summary="Prove that a range of entries is complete",
        parameters=[
            OpenApiParameter("first", int, required=True, description="the index of the first entry"),
            OpenApiParameter("end", int, required=True, description="the index after the last, at most 1,024 further"),
        ],
        responses={200: RangeSerializer},
    )
    def get(self, request: Request) -> Response:
        query = RangeQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        first, end, head = query.validated_data["first"], query.validated_data["end"], bundles.newest_head()
        if end > head.size:
            raise exceptions.NotFound(f"The log has {head.size} entries under its newest head.")
        return Response(_range(first, end, head))


def _actor(request: Request) -> Actor:
    """The signed-in account, under the id that the log knows it by."""
    account: Any = request.user
    request_id: str = request.request_id  # type: ignore[attr-defined]  # RequestIdMiddleware sets it
    return Actor(id=f"{account.kind}:{account.pk}", request=request_id, account=account)


def _range(first: int, end: int, head: Checkpoint) -> dict[str, Any]:
    return {
        "first": first,
        "end": end,
        "checkpoint": head.note,
        "hashes": [value.hex() for value in bundles.range_proof(first, end, head)],
        "entries": [raw.decode() for raw in bundles.between(first, end)],
    }
