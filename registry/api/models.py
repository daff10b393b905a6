"""Model families and the versions that runs registered."""

from typing import Any, cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, actor, parsed
from registry.api.decisions import Reason
from registry.models import AISystem, ModelVersion, RegisteredModel
from registry.services import axes, lifecycle, systems

_EXAMPLE = {
    "system": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01",
    "name": "employment",
    "description": "Whether a person is in employment, from ten census columns.",
}


class ModelSerializer(serializers.ModelSerializer[RegisteredModel]):
    class Meta:
        model = RegisteredModel
        fields = ["id", "system", "name", "description", "created_at"]
        read_only_fields = fields


class ModelRegistration(serializers.Serializer[Any]):
    system = Reference(queryset=AISystem.objects.all(), system_path="pk")
    name = serializers.CharField(help_text="lower-case letters, digits, hyphens and dots")
    description = serializers.CharField(required=False, allow_blank=True)


class ApprovalAxisSerializer(serializers.Serializer[Any]):
    slot = serializers.CharField()
    status = serializers.CharField(
        help_text="none, in_review, approved, conditionally_approved, expiring, expired, suspended, revoked or rejected"
    )
    promotion = serializers.UUIDField(help_text="the request that says so")
    valid_until = serializers.DateTimeField(allow_null=True)
    stale_since = serializers.DateTimeField(allow_null=True, help_text="since when its grounds have moved")


class DeploymentAxisSerializer(serializers.Serializer[Any]):
    slot = serializers.CharField()
    status = serializers.CharField(help_text="canary, serving, superseded or rolled_back")
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True)
    percent = serializers.IntegerField(help_text="the canary's share")


class VersionPage(serializers.ListSerializer[Any]):
    """Asks for the axes of every row at once."""

    def to_representation(self, data: Any) -> Any:
        rows = list(data)
        cast(dict[str, Any], self.context)["axes"] = axes.of(rows)
        return super().to_representation(rows)


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    name = serializers.CharField(source="__str__", read_only=True, help_text="the family's name and the number")
    approval = serializers.SerializerMethodField(help_text="for each slot that it was ever put forward for")
    deployment = serializers.SerializerMethodField(help_text="for each slot that it was ever in")

    class Meta:
        model = ModelVersion
        list_serializer_class = VersionPage
        fields = [
            "id",
            "name",
            "model",
            "number",
            "lifecycle",
            "approval",
            "deployment",
            "run",
            "dataset_version",
            "artifact_digest",
            "format",
            "input_schema",
            "output_schema",
            "threshold",
            "trained_by",
            "created_at",
        ]
        read_only_fields = fields

    @extend_schema_field(ApprovalAxisSerializer(many=True))
    def get_approval(self, version: ModelVersion) -> Any:
        return ApprovalAxisSerializer(self._axes(version).approval, many=True).data

    @extend_schema_field(DeploymentAxisSerializer(many=True))
    def get_deployment(self, version: ModelVersion) -> Any:
        return DeploymentAxisSerializer(self._axes(version).deployment, many=True).data

    def _axes(self, version: ModelVersion) -> axes.Axes:
        known: dict[Any, axes.Axes] = cast(dict[str, Any], self.context).setdefault("axes", {})
        if version.pk not in known:
            known |= axes.of([version])
        return known[version.pk]


class ModelVersionFilter(filters.FilterSet):
    serving = filters.CharFilter(method="serving_in", help_text="a slot's key: what serves there now, canary included")

    class Meta:
        model = ModelVersion
        fields = ["model", "number", "lifecycle", "run", "dataset_version", "artifact_digest"]

    def serving_in(self, rows: QuerySet[ModelVersion], name: str, value: str) -> QuerySet[ModelVersion]:
        return rows.filter(pk__in=axes.serving_in(value))


@extend_schema_view(
    list=extend_schema(operation_id="models_list", summary="List model families"),
    retrieve=extend_schema(operation_id="models_get", summary="Read one model family"),
)
class Models(Records):
    """Families of versions that serve one purpose of one system."""

    queryset = RegisteredModel.objects.all()
    serializer_class = ModelSerializer
    filterset_fields = ["system", "name"]

    @extend_schema(
        operation_id="models_register",
        summary="Open a model family",
        request=ModelRegistration,
        responses={201: ModelSerializer},
        examples=[OpenApiExample("A family", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        return self.shown(
            systems.register_model(**parsed(ModelRegistration, request), actor=actor(request)), status=201
        )


@extend_schema_view(
    list=extend_schema(
        operation_id="model_versions_list", summary="List model versions with lifecycle, approval and deployment"
    ),
    retrieve=extend_schema(operation_id="model_versions_get", summary="Read one model version on its three axes"),
)
class ModelVersions(Records):
    """Immutable artifacts, each with its input schema, the run it came from, and where it stands."""

    queryset = ModelVersion.objects.select_related("model")
    serializer_class = ModelVersionSerializer
    system_path = "model__system"
    filterset_class = ModelVersionFilter

    @extend_schema(
        operation_id="model_versions_retire",
        summary="Take a version out of use; its record stays",
        request=Reason,
        responses={200: ModelVersionSerializer},
        examples=[OpenApiExample("A reason", value={"reason": "Replaced by v4 in every slot."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        return self.shown(lifecycle.retire(self.get_object(), **body, actor=actor(request)))

    @extend_schema(
        operation_id="model_versions_purge",
        summary="Give up a retired version's artifact; its bytes go once nothing else needs them",
        request=Reason,
        responses={200: ModelVersionSerializer},
        examples=[OpenApiExample("A reason", value={"reason": "Its retention is over."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def purge(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        return self.shown(lifecycle.purge(self.get_object(), **body, actor=actor(request)))
