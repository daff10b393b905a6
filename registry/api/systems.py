"""The inventory of AI systems."""

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
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
    "position": "both",
    "exposure": "high",
    "reliance": "advises",
    "personal_data": True,
    "regimes": ["eu-ai-act", "gdpr"],
}
_STAKES = ("position", "exposure", "reliance", "personal_data", "regimes")


class SystemSerializer(serializers.ModelSerializer[AISystem]):
    materiality = serializers.SerializerMethodField(help_text="low, moderate or high: computed from the two above")

    tier_in_force = serializers.ChoiceField(
        choices=AISystem.RiskTier.choices,
        read_only=True,
        help_text="what policies go by: high until a risk officer, who did not register it, has confirmed the tier",
    )

    class Meta:
        model = AISystem
        fields = [
            "id",
            "name",
            "purpose",
            "risk_tier",
            "tier_in_force",
            "position",
            "exposure",
            "reliance",
            "materiality",
            "personal_data",
            "regimes",
            "legal_basis",
            "owner",
            "registered_by",
            "classified_by",
            "classified_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields

    def get_materiality(self, system: AISystem) -> str:
        return systems.materiality_of(system)


class StakesFields(serializers.Serializer[Any]):
    position = serializers.ChoiceField(choices=AISystem.Position.choices, required=False)
    exposure = serializers.ChoiceField(choices=AISystem.Exposure.choices, required=False)
    reliance = serializers.ChoiceField(choices=AISystem.Reliance.choices, required=False)
    personal_data = serializers.BooleanField(required=False)
    regimes = serializers.ListField(
        child=serializers.ChoiceField(choices=AISystem.Regime.choices),
        required=False,
        max_length=len(AISystem.Regime),
        help_text="what it is held to; the clauses of these are asked for",
    )


class SystemRegistration(StakesFields):
    name = serializers.CharField(help_text="lower-case letters, digits, hyphens and dots; also the prefix of its slots")
    purpose = serializers.CharField()
    risk_tier = serializers.ChoiceField(
        choices=AISystem.RiskTier.choices, help_text="what you believe; it counts once a risk officer has confirmed it"
    )
    legal_basis = serializers.CharField(required=False, allow_blank=True)
    owner = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), required=False, help_text="yourself by default"
    )


class SystemChange(StakesFields):
    purpose = serializers.CharField(required=False)
    risk_tier = serializers.ChoiceField(choices=AISystem.RiskTier.choices, required=False)
    legal_basis = serializers.CharField(required=False, allow_blank=True)
    owner = serializers.PrimaryKeyRelatedField(queryset=User.objects.all(), required=False)


class SystemFilter(filters.FilterSet):
    materiality = filters.ChoiceFilter(
        choices=[(one, one) for one in ("low", "moderate", "high")], method="of_materiality"
    )
    regime = filters.ChoiceFilter(choices=AISystem.Regime.choices, method="under_regime")

    class Meta:
        model = AISystem
        fields = ["name", "risk_tier", "position", "exposure", "reliance", "personal_data"]

    def of_materiality(self, rows: QuerySet[AISystem], name: str, value: str) -> QuerySet[AISystem]:
        return rows.filter(systems.with_materiality(value))

    def under_regime(self, rows: QuerySet[AISystem], name: str, value: str) -> QuerySet[AISystem]:
        return rows.filter(regimes__contains=[value])


@extend_schema_view(
    list=extend_schema(operation_id="systems_list", summary="List the AI systems you may read"),
    retrieve=extend_schema(operation_id="systems_get", summary="Read one AI system"),
)
class Systems(Records):
    """The inventory of AI systems."""

    queryset = AISystem.objects.all()
    serializer_class = SystemSerializer
    system_path = "pk"
    filterset_class = SystemFilter

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
        body["stakes"] = systems.Stakes(**{name: body.pop(name) for name in _STAKES if name in body})
        return self.shown(systems.register(**body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="systems_update",
        summary="Change purpose, legal basis or owner; as a risk officer confirm or change tier and stakes",
        request=SystemChange,
        responses={200: SystemSerializer},
        examples=[
            OpenApiExample("A clearer purpose", value={"purpose": "Plan capacity only."}, request_only=True),
            OpenApiExample("A risk officer confirms the tier", value={"risk_tier": "high"}, request_only=True),
        ],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        changes, revision = parsed(SystemChange, request), expected_revision(request)
        return self.shown(systems.update(self.get_object(), changes=changes, revision=revision, actor=actor(request)))
