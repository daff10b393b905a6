"""Rollouts: the steps by which an approved version takes over its slot."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, actor, expected_revision, parsed
from registry.api.decisions import Reason
from registry.models import Rollout, Slot
from registry.services.slots import rollouts


class RolloutSerializer(serializers.ModelSerializer[Rollout]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    model_version = serializers.PrimaryKeyRelatedField[Any](source="promotion.model_version", read_only=True)
    steps = serializers.ListField(child=serializers.IntegerField(), read_only=True, help_text="shares in percent")
    percent = serializers.SerializerMethodField(help_text="the share of the step it is at")

    class Meta:
        model = Rollout
        fields = [
            "id",
            "promotion",
            "model_version",
            "slot",
            "steps",
            "step",
            "percent",
            "state",
            "revision",
            "created_at",
        ]
        read_only_fields = fields

    def get_percent(self, rollout: Rollout) -> int:
        share: int = rollout.steps[rollout.step]
        return share


class RolloutFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")

    class Meta:
        model = Rollout
        fields = ["state"]


@extend_schema_view(
    list=extend_schema(operation_id="rollouts_list", summary="List rollouts"),
    retrieve=extend_schema(operation_id="rollouts_get", summary="Read one rollout"),
)
class Rollouts(Records):
    """One rollout for each executed promotion."""

    queryset = Rollout.objects.select_related("slot", "promotion__model_version", "promotion__slot")
    serializer_class = RolloutSerializer
    system_path = "slot__system"
    filterset_class = RolloutFilter

    @extend_schema(
        operation_id="rollouts_advance",
        summary="Give the canary its next share; the last step makes it the champion",
        request=Reason,
        responses={200: RolloutSerializer},
        examples=[OpenApiExample("The next step", value={"reason": "No alarm in two days."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def advance(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        rollouts.advance(self.get_object(), **body, revision=revision, actor=actor(request))
        return self.shown(self.get_object())
