"""Model families and the versions that runs registered."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, actor, parsed
from registry.models import AISystem, ModelVersion, RegisteredModel
from registry.services import systems

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


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    name = serializers.CharField(source="__str__", read_only=True, help_text="the family's name and the number")

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "name",
            "model",
            "number",
            "lifecycle",
            "run",
            "dataset_version",
            "artifact_digest",
            "format",
            "input_schema",
            "threshold",
            "trained_by",
            "created_at",
        ]
        read_only_fields = fields


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
    list=extend_schema(operation_id="model_versions_list", summary="List model versions"),
    retrieve=extend_schema(operation_id="model_versions_get", summary="Read one model version"),
)
class ModelVersions(Records):
    """Immutable artifacts, each with its input schema and the run it came from."""

    queryset = ModelVersion.objects.select_related("model")
    serializer_class = ModelVersionSerializer
    system_path = "model__system"
    filterset_fields = ["model", "number", "lifecycle", "run", "dataset_version", "artifact_digest"]
