"""Events for those who may read everything, with the proofs that they are in the log."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import exceptions, permissions, renderers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from audit.api.base import Cursor, PlainText, ReadsTheLog, link, neighbours, page_size, valid
from audit.api.heads import shown
from audit.erasure import erasures
from audit.models import Event
from audit.sealed import sealing
from audit.tlog import canonical, merkle
from audit.tree import entries, proofs, search


class EventSerializer(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ["id", "event", "subject_type", "subject_id", "actor", "at", "request"]
        read_only_fields = fields


class ChangeSerializer(serializers.Serializer[Any]):
    """One column of one row; what was erased, or was never sealed, is null."""

    row = serializers.CharField(help_text="table/primary key")
    column = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    redacted = serializers.BooleanField(help_text="whether a value that stood here has been erased")


class WordsSerializer(serializers.Serializer[Any]):
    """What a person wrote; null once it is erased."""

    field = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    redacted = serializers.BooleanField()


class ErasureSerializer(serializers.Serializer[Any]):
    """By which redaction values of the event went."""

    redaction = serializers.UUIDField()
    ground = serializers.CharField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField()
    taken = serializers.ListField(child=serializers.CharField(), help_text="the fields of this event that it took")


class EventDetail(EventSerializer):
    entry = serializers.JSONField(help_text="what the log's leaf says, decoded")
    leaf_hash = serializers.CharField(help_text="SHA-256(0x00 || the leaf's bytes), in hex")
    index = serializers.IntegerField(allow_null=True, help_text="its place in the tree; null until it is sequenced")
    changes = ChangeSerializer(many=True, help_text="what the event changed, column by column")
    words = WordsSerializer(many=True, help_text="what people wrote, which the entry only commits to")
    erasures = ErasureSerializer(
        many=True, help_text="what took the redacted values; a value that none names was not erased, but removed"
    )
    proof = serializers.CharField(help_text="where its proof is, once it is sequenced")

    class Meta(EventSerializer.Meta):
        fields = [*EventSerializer.Meta.fields, "index", "leaf_hash", "entry", "changes", "words", "erasures", "proof"]
        read_only_fields = fields


class EventQuery(serializers.Serializer[Any]):
    """By subject, actor, event name, request, and a range of time."""

    subject_type = serializers.CharField(required=False, allow_blank=True)
    subject_id = serializers.CharField(required=False, allow_blank=True)
    actor = serializers.CharField(required=False, allow_blank=True, help_text="a pseudonymous id, as in person:<uuid>")
    event = serializers.CharField(
        required=False, allow_blank=True, help_text="an event's name, as in promotion.approved"
    )
    request = serializers.CharField(
        required=False, allow_blank=True, help_text="the id of the request that it came from"
    )
    since = serializers.DateTimeField(required=False, help_text="at this moment or later")
    until = serializers.DateTimeField(required=False, help_text="before this moment")
    order = serializers.ChoiceField(choices=["newest", "oldest"], default="newest", help_text="which comes first")


@extend_schema_view(
    list=extend_schema(
        operation_id="audit_events_list",
        summary="List events, the newest first",
        description="A page may hold fewer events than it could and still have a next one: it ends after a look at "
        f"{search.LOOKS:,} entries. To follow the log without missing one, read it by place: /log/ or the export.",
        parameters=[EventQuery],
        responses=EventSerializer(many=True),
    ),
    retrieve=extend_schema(
        operation_id="audit_events_get",
        summary="Read one event with its entry, its place, and what it changed",
        responses=EventDetail,
    ),
)
class Events(viewsets.ReadOnlyModelViewSet[Event]):
    """What happened, as it was committed."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)
    filter_backends = ()
    lookup_field = "id"

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        given = valid(EventQuery, request)
        newest_first = given.pop("order") == "newest"
        cursor = Cursor.read(request.query_params["cursor"]) if "cursor" in request.query_params else None
        back = cursor is not None and cursor.back
        try:
            page = search.find(
                search.Query(**given),
                limit=page_size(request),
                after=cursor.ticket if cursor else None,
                newest_first=newest_first is not back,
            )
        except search.Ambiguous as error:
            raise exceptions.ValidationError({"subject_id": [f"{error} Give subject_type too."]}) from error
        rows = page.events[::-1] if back else page.events
        following, before = neighbours(rows, page.rest, cursor, newest_first=newest_first)
        return Response(
            {
                "next": link(request, following),
                "previous": link(request, before),
                "results": EventSerializer(rows, many=True).data,
            }
        )

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        event = self.get_object()
        (leaf,) = entries.raw([event])
        opened = {one.field: one.value for one in sealing.opened([event])}
        entry: Any = canonical.decode(leaf)
        sealed = [*entry["sealed"], *_sealed_changes(event)]
        detail = {
            **EventSerializer(event).data,
            "index": proofs.index_of(event.id),
            "leaf_hash": merkle.leaf_hash(leaf).hex(),
            "entry": entry,
            "changes": list(_changes(event, opened)),
            "words": [_opened(field, opened) for field in entry["sealed"]],
            "erasures": _erasures(event, [field for field in sealed if field not in opened]),
            "proof": request.build_absolute_uri(reverse("audit-events-proof", args=[event.id])),
        }
        return Response(detail)

    @extend_schema(
        operation_id="audit_events_prove",
        summary="Prove that one event is in the log",
        parameters=[
            OpenApiParameter(
                "cosigned",
                bool,
                description="under the newest head that the witnesses have signed, with their lines",
            )
        ],
        responses={
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, description="a C2SP tlog-proof"),
            (409, "application/problem+json"): {"$ref": "#/components/schemas/Problem"},
        },
    )
    @action(detail=True, renderer_classes=[PlainText, renderers.JSONRenderer])
    def proof(self, request: Request, id: str) -> HttpResponse:
        event = self.get_object()
        if serializers.BooleanField().to_internal_value(request.query_params.get("cosigned", "false")):
            found = shown()
            if found is None:
                raise proofs.NotSequenced("The witnesses have signed no head yet.")
            proof = replace(proofs.inclusion(event.id, head=found.head), checkpoint=found.signed)
        else:
            proof = proofs.inclusion(event.id)
        return HttpResponse(proof.format(), content_type="text/plain; charset=utf-8")


def _changes(event: Event, opened: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each changed column with its old and new value, as far as they can still be read."""
    told: dict[str, dict[str, dict[str, str]]] = json.loads(bytes(event.changes or b"{}"))
    for row, columns in told.items():
        for column, sides in columns.items():
            fields = {side: f"{row}.{column}.{side}" for side in sides}
            yield {
                "row": row,
                "column": column,
                "old": opened.get(fields.get("old", "")),
                "new": opened.get(fields.get("new", "")),
                "redacted": any(field not in opened for field in fields.values()),
            }


def _sealed_changes(event: Event) -> Iterator[str]:
    """The names of the fields under which the old and new values of columns are sealed."""
    told: dict[str, dict[str, dict[str, str]]] = json.loads(bytes(event.changes or b"{}"))
    for row, columns in told.items():
        for column, sides in columns.items():
            yield from (f"{row}.{column}.{side}" for side in sides)


def _erasures(event: Event, gone: list[str]) -> list[dict[str, Any]]:
    """Each redaction that took some of these fields."""
    explained = erasures.explained(event, gone) if gone else {}
    return [
        {
            "redaction": row.pk,
            "ground": row.ground,
            "decided_by": row.decided_by,
            "decided_at": row.decided_at,
            "taken": [field for field, by in explained.items() if by == row],
        }
        for row in dict.fromkeys(explained.values())
    ]


def _opened(field: str, opened: dict[str, Any]) -> dict[str, Any]:
    return {"field": field, "value": opened.get(field), "redacted": field not in opened}
