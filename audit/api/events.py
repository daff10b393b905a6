"""Events for those who may read everything, with the proofs that they are in the log."""

from typing import Any

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import exceptions, permissions, renderers, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit import proofs
from audit.models import Checkpoint, Event, Leaf
from audit.tlog import canonical, checkpoint, merkle, note


class EventSerializer(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ["id", "event", "subject_type", "subject_id", "actor", "at", "request"]
        read_only_fields = fields


class EventDetail(EventSerializer):
    entry = serializers.SerializerMethodField(help_text="what the log's leaf says, decoded")
    leaf_hash = serializers.SerializerMethodField(help_text="SHA-256(0x00 || the leaf's bytes), in hex")
    index = serializers.SerializerMethodField(help_text="its place in the tree; null until it is sequenced")

    class Meta(EventSerializer.Meta):
        fields = [*EventSerializer.Meta.fields, "index", "leaf_hash", "entry"]
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_entry(self, event: Event) -> canonical.Json:
        return canonical.decode(bytes(event.leaf))

    def get_leaf_hash(self, event: Event) -> str:
        return merkle.leaf_hash(bytes(event.leaf)).hex()

    def get_index(self, event: Event) -> int | None:
        return Leaf.objects.filter(ticket=event.ticket).values_list("index", flat=True).first()


class CheckpointSerializer(serializers.ModelSerializer[Checkpoint]):
    origin = serializers.SerializerMethodField(help_text="the log's name")
    root = serializers.SerializerMethodField(help_text="the tree's RFC 9162 root, in hex")  # type: ignore[assignment]

    class Meta:
        model = Checkpoint
        fields = ["origin", "size", "root", "at", "note"]
        read_only_fields = fields

    def get_origin(self, head: Checkpoint) -> str:
        return _signed(head).origin

    def get_root(self, head: Checkpoint) -> str:
        return _signed(head).root.hex()


class EventFilter(filters.FilterSet):
    """By subject, actor, event name, request, and a range of time."""

    since = filters.IsoDateTimeFilter(field_name="at", lookup_expr="gte", label="at this moment or later")
    until = filters.IsoDateTimeFilter(field_name="at", lookup_expr="lt", label="before this moment")

    class Meta:
        model = Event
        fields = ["subject_type", "subject_id", "actor", "event", "request"]


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


@extend_schema_view(
    list=extend_schema(operation_id="audit_events_list", summary="List events, the newest first"),
    retrieve=extend_schema(operation_id="audit_events_get", summary="Read one event with its entry and its place"),
)
class Events(viewsets.ReadOnlyModelViewSet[Event]):
    """What happened, as it was committed."""

    queryset = Event.objects.all()
    serializer_class = EventSerializer
    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)
    filterset_class = EventFilter
    lookup_field = "id"
    page_ordering = "-ticket"

    def get_serializer_class(self) -> Any:
        return EventDetail if self.action == "retrieve" else EventSerializer

    @extend_schema(
        operation_id="audit_events_prove",
        summary="Prove that one event is in the log",
        responses={
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, description="a C2SP tlog-proof"),
            (409, "application/problem+json"): {"$ref": "#/components/schemas/Problem"},
        },
    )
    @action(detail=True, renderer_classes=[PlainText, renderers.JSONRenderer])
    def proof(self, request: Request, id: str) -> HttpResponse:
        proof = proofs.inclusion(self.get_object().id)
        return HttpResponse(proof.format(), content_type="text/plain; charset=utf-8")


class Head(APIView):
    """The newest signed tree head."""

    permission_classes = (permissions.IsAuthenticated, ReadsTheLog)

    @extend_schema(
        operation_id="audit_checkpoint_get",
        summary="Read the newest signed tree head",
        responses={200: CheckpointSerializer},
    )
    def get(self, request: Request) -> Response:
        head = proofs.latest()
        if head is None:
            raise exceptions.NotFound("Nothing has been sequenced yet.")
        return Response(CheckpointSerializer(head).data)


def _signed(head: Checkpoint) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.text_of(head.note.encode()))
