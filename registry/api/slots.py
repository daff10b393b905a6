"""Slots: what serves, what served at a time and by whose signature, and the way back."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import permissions
from registry.api.base import Records, Reference, actor, parsed
from registry.api.decisions import DecisionSerializer, Reason
from registry.models import AISystem, Slot, SlotAssignment
from registry.services import systems
from registry.services.slots import assigning, rollback

_EXAMPLE = {"system": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01", "name": "production.champion"}
_ASSIGNMENTS = SlotAssignment.objects.select_related("slot", "champion__model", "canary__model")


class SlotKey(serializers.SlugRelatedField[Slot]):
    """A slot by its key, in a request: one that the account may not read does not exist for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(slug_field="key", queryset=Slot.objects.all(), **options)

    def get_queryset(self) -> QuerySet[Slot]:
        visible = permissions.visible_systems(self.context["request"].user)
        return Slot.objects.select_related("system").filter(system__in=visible)


class AssignmentSerializer(serializers.ModelSerializer[SlotAssignment]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    champion_name = serializers.StringRelatedField[Any](source="champion", allow_null=True)
    canary_name = serializers.StringRelatedField[Any](source="canary", allow_null=True)

    class Meta:
        model = SlotAssignment
        fields = [
            "id",
            "slot",
            "revision",
            "champion",
            "champion_name",
            "champion_promotion",
            "champion_emergency",
            "canary",
            "canary_name",
            "canary_promotion",
            "canary_percent",
            "since",
            "cause",
            "actor",
            "reason",
        ]
        read_only_fields = fields


class ServedSerializer(AssignmentSerializer):
    champion_decisions = DecisionSerializer(
        many=True, read_only=True, source="champion_promotion.decisions", default=(), help_text="who let it serve"
    )
    canary_decisions = DecisionSerializer(many=True, read_only=True, source="canary_promotion.decisions", default=())

    class Meta(AssignmentSerializer.Meta):
        fields = [*AssignmentSerializer.Meta.fields, "champion_decisions", "canary_decisions"]
        read_only_fields = fields


class SlotSerializer(serializers.ModelSerializer[Slot]):
    class Meta:
        model = Slot
        fields = ["id", "system", "name", "key", "revision", "created_at"]
        read_only_fields = fields


class SlotDetail(SlotSerializer):
    current = serializers.SerializerMethodField(help_text="what serves now; null where nothing ever did")

    class Meta(SlotSerializer.Meta):
        fields = [*SlotSerializer.Meta.fields, "current"]
        read_only_fields = fields

    @extend_schema_field(AssignmentSerializer(allow_null=True))
    def get_current(self, slot: Slot) -> dict[str, Any] | None:
        assignment = _ASSIGNMENTS.filter(slot=slot).first()
        return AssignmentSerializer(assignment).data if assignment else None


class SlotCreation(serializers.Serializer[Any]):
    system = Reference(queryset=AISystem.objects.all(), system_path="pk")
    name = serializers.CharField(help_text="lower-case letters, digits, hyphens and dots, as in production.champion")


class Moment(serializers.Serializer[Any]):
    time = serializers.DateTimeField(required=False, help_text="RFC 3339, as in 2026-11-23T09:30:00Z; now by default")


@extend_schema_view(
    list=extend_schema(operation_id="slots_list", summary="List the slots you may read"),
    retrieve=extend_schema(operation_id="slots_get", summary="Read one slot and what it serves now"),
)
class Slots(Records):
    """Places that answer predictions; `key` is the system's name and the slot's."""

    queryset = Slot.objects.select_related("system")
    serializer_class = SlotSerializer
    detail_serializer_class = SlotDetail
    lookup_field = "key"
    lookup_value_regex = "[a-z0-9.-]+"
    filterset_fields = ["system", "name"]

    @extend_schema(
        operation_id="slots_create",
        summary="Open a slot",
        request=SlotCreation,
        responses={201: SlotDetail},
        examples=[OpenApiExample("The champion of production", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(SlotCreation, request)
        return self.shown(systems.create_slot(**body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="slots_history",
        summary="Everything the slot ever served, newest first",
        responses=AssignmentSerializer(many=True),
        filters=False,
    )
    @action(detail=True, filterset_fields=None)
    def history(self, request: Request, key: str) -> Response:
        page = self.paginate_queryset(_ASSIGNMENTS.filter(slot=self.get_object()))
        return self.get_paginated_response(AssignmentSerializer(page, many=True).data)

    @extend_schema(
        operation_id="slots_at",
        summary="What served at a time, and by whose signature",
        parameters=[Moment],
        responses={200: ServedSerializer},
    )
    @action(detail=True)
    def at(self, request: Request, key: str) -> Response:
        assignment = assigning.at(self.get_object(), _moment(request))
        if assignment is None:
            raise exceptions.NotFound("The slot served nothing at that time.")
        return Response(ServedSerializer(assignment).data)

    @extend_schema(
        operation_id="slots_rollback",
        summary="Take the canary out or, where none runs, go back to the last champion whose approval holds",
        request=Reason,
        responses={201: AssignmentSerializer},
        examples=[OpenApiExample("After an alarm", value={"reason": "Its inputs have drifted."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, key: str) -> Response:
        body = parsed(Reason, request)
        assignment = rollback.roll_back(self.get_object(), **body, actor=actor(request))
        return Response(AssignmentSerializer(assignment).data, status=201)


def _moment(request: Request) -> datetime:
    query = Moment(data=request.query_params)
    query.is_valid(raise_exception=True)
    moment: datetime = query.validated_data.get("time") or timezone.now()
    return moment
