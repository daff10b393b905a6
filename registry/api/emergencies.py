"""Break-glass: a version that serves without an approval for some hours, and who answers for it."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, actor, expected_revision, parsed
from registry.api.decisions import Reason, Signed, credentials
from registry.api.slots import SlotKey
from registry.models import Emergency, ModelVersion, Slot
from registry.services.slots import emergencies

_EXAMPLE = {
    "slot": "employment-screening.production.champion",
    "model_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "reason": "The champion answers nonsense since 02:10; this is last year's version, whose approval has expired.",
    "password": "the signer's own",
    "code": "492039",
}


class EmergencySerializer(serializers.ModelSerializer[Emergency]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    model_version_name = serializers.StringRelatedField[Any](source="model_version")
    opened_by_name = serializers.StringRelatedField[Any](source="opened_by")
    review = serializers.PrimaryKeyRelatedField[Any](read_only=True, help_text="the after-review it must have")

    class Meta:
        model = Emergency
        fields = [
            "id",
            "slot",
            "model_version",
            "model_version_name",
            "artifact_digest",
            "reason",
            "opened_by",
            "opened_by_name",
            "opened_at",
            "ends_at",
            "ended_at",
            "state",
            "review",
            "revision",
        ]
        read_only_fields = fields


class EmergencyOpening(Signed):
    slot = SlotKey(help_text="its key")
    model_version = Reference(queryset=ModelVersion.objects.all(), system_path="model__system")
    reason = serializers.CharField(help_text="what is wrong, and why this cannot wait for a review")


class EmergencyFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")

    class Meta:
        model = Emergency
        fields = ["state", "model_version"]


@extend_schema_view(
    list=extend_schema(operation_id="emergencies_list", summary="List break-glasses"),
    retrieve=extend_schema(operation_id="emergencies_get", summary="Read one break-glass"),
)
class Emergencies(Records):
    """24 hours at most, signed, and reviewed by somebody else within 72."""

    queryset = Emergency.objects.select_related("slot", "model_version__model", "opened_by", "review")
    serializer_class = EmergencySerializer
    system_path = "slot__system"
    filterset_class = EmergencyFilter

    @extend_schema(
        operation_id="emergencies_open",
        summary="Break the glass: let a version serve without an approval, for 24 hours at most",
        request=EmergencyOpening,
        responses={201: EmergencySerializer},
        examples=[OpenApiExample("In the night", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(EmergencyOpening, request)
        signed, slot, version = credentials(body), body.pop("slot"), body.pop("model_version")
        opened = emergencies.open(slot, version=version, **body, credentials=signed, actor=actor(request))
        return self.shown(opened, status=201)

    @extend_schema(
        operation_id="emergencies_end",
        summary="End a break-glass: the last champion whose approval holds serves again, or nothing",
        request=Reason,
        responses={200: EmergencySerializer},
        examples=[OpenApiExample("It is mended", value={"reason": "The champion answers again."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        emergencies.end(self.get_object(), **body, revision=revision, actor=actor(request))
        return self.shown(self.get_object())
