"""The inventory of AI systems."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, actor, expected_revision, parsed
from registry.models import AISystem, User
from registry.services import systems

_EXAMPLE = {
    "name": "employment-screening",
    "purpose": "Estimate whether a person is in employment, to plan job-centre capacity.",
    "risk_tier": "high",
    "legal_basis": "Public task, GDPR Art. 6(1)(e)",
}


class SystemSerializer(serializers.ModelSerializer[AISystem]):
    class Meta:
        model = AISystem
        fields = ["id", "name", "purpose", "risk_tier", "legal_basis", "owner", "revision", "created_at"]
        read_only_fields = fields


class SystemRegistration(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="lower-case letters, digits, hyphens and dots; also the prefix of its slots")
    purpose = serializers.CharField()
    risk_tier = serializers.ChoiceField(choices=AISystem.RiskTier.choices)
    legal_basis = serializers.CharField(required=False, allow_blank=True)
    owner = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), required=False, help_text="yourself by default"
    )


class SystemChange(serializers.Serializer[Any]):
    purpose = serializers.CharField(required=False)
    risk_tier = serializers.ChoiceField(choices=AISystem.RiskTier.choices, required=False)
    legal_basis = serializers.CharField(required=False, allow_blank=True)
    owner = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), required=False)


@extend_schema_view(
    list=extend_schema(operation_id="systems_list", summary="List the AI systems you may read"),
    retrieve=extend_schema(operation_id="systems_get", summary="Read one AI system"),
)
class Systems(Records):
    """The inventory of AI systems."""

    queryset = AISystem.objects.all()
    serializer_class = SystemSerializer
    system_path = "pk"
    filterset_fields = ["name", "risk_tier"]

    @extend_schema(
        operation_id="systems_register",
        summary="Register an AI system",
        request=SystemRegistration,
        responses={201: SystemSerializer},
        examples=[OpenApiExample("A high-risk system", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(SystemRegistration, request)
        body.setdefault("owner", request.user)
        return self.shown(systems.register(**body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="systems_update",
        summary="Change purpose, risk tier, legal basis or owner",
        request=SystemChange,
        responses={200: SystemSerializer},
        examples=[OpenApiExample("A clearer purpose", value={"purpose": "Plan capacity only."}, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        changes, revision = parsed(SystemChange, request), expected_revision(request)
        return self.shown(systems.update(self.get_object(), changes=changes, revision=revision, actor=actor(request)))
