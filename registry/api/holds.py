"""Holds on slots: what stops promotions and rollouts, who placed it, and whether it is lifted."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, actor, expected_revision, parsed
from registry.api.decisions import Reason
from registry.api.slots import SlotKey
from registry.models import Hold, Slot
from registry.services.slots import holds

_EXAMPLE = {
    "slot": "employment-screening.production.champion",
    "reason": "The feed has changed its unit; nothing new until it is mended.",
}


class SlotHoldSerializer(serializers.ModelSerializer[Hold]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)

    class Meta:
        model = Hold
        fields = ["id", "slot", "source", "reason", "lifted_at", "lifted_by", "revision", "created_at"]
        read_only_fields = fields


class HoldPlacing(serializers.Serializer[Any]):
    slot = SlotKey(help_text="its key")
    reason = serializers.CharField(help_text="shown to whoever is held up by it")


class HoldFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")
    open = filters.BooleanFilter(field_name="lifted_at", lookup_expr="isnull", help_text="whether it still stands")

    class Meta:
        model = Hold
        fields = ["source"]


@extend_schema_view(
    list=extend_schema(operation_id="holds_list", summary="List holds on slots"),
    retrieve=extend_schema(operation_id="holds_get", summary="Read one hold"),
)
class Holds(Records):
    """While one is open nothing new is promoted into its slot and no rollout moves on; a rollback always may."""

    queryset: QuerySet[Hold] = Hold.objects.select_related("slot__system")
    serializer_class = SlotHoldSerializer
    system_path = "slot__system"
    filterset_class = HoldFilter

    @extend_schema(
        operation_id="holds_place",
        summary="Stop promotions into a slot, and its rollout",
        request=HoldPlacing,
        responses={201: SlotHoldSerializer},
        examples=[OpenApiExample("Until the feed is mended", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(HoldPlacing, request)
        return self.shown(holds.place(**body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="holds_lift",
        summary="Let promotions and rollouts go on, where no other hold stands",
        request=Reason,
        responses={200: SlotHoldSerializer},
        examples=[OpenApiExample("It is mended", value={"reason": "The feed sends years again."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        return self.shown(holds.lift(self.get_object(), **body, revision=revision, actor=actor(request)))
