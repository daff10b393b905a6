"""Training runs: asked for, watched, and what made them repeatable."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from registry import grammars
from registry.api.base import Records, Reference, accepted, actor, parsed
from registry.api.jobs import PROGRESS
from registry.models import DatasetVersion, ModelVersion, RegisteredModel, TrainingRun
from registry.services import runs

MAX_SEED = 2**32 - 1
_EXAMPLE = {
    "model": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a02",
    "dataset_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a03",
    "recipe": {
        "task": "binary_classification",
        "label": "EMPLOYED",
        "features": {"AGEP": "numeric", "SCHL": "numeric", "MAR": "categorical"},
        "estimator": {"name": "logistic_regression"},
    },
    "seed": 7,
}


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    model_version = serializers.PrimaryKeyRelatedField[ModelVersion](
        source="version", read_only=True, allow_null=True, help_text="what the run registered, once it has succeeded"
    )

    class Meta:
        model = TrainingRun
        fields = ["id", "model", "dataset_version", "seed", "recipe_digest", "metrics", "model_version", *PROGRESS]
        read_only_fields = fields


class RunDetail(RunSerializer):
    class Meta(RunSerializer.Meta):
        fields = [
            *RunSerializer.Meta.fields,
            "recipe",
            "parameters",
            "code_digest",
            "environment",
            "environment_digest",
        ]
        read_only_fields = fields


class RunRequest(serializers.Serializer[Any]):
    model = Reference(queryset=RegisteredModel.objects.select_related("system"))
    dataset_version = Reference(
        queryset=DatasetVersion.objects.select_related("dataset"), system_path="dataset__system"
    )
    recipe = serializers.DictField(
        help_text="what to learn from which columns, with which estimator, search, folds and holdout"
    )
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED)


@extend_schema_view(
    list=extend_schema(operation_id="runs_list", summary="List training runs"),
    retrieve=extend_schema(operation_id="runs_get", summary="Watch one training run"),
)
class Runs(Records):
    """Fits, each with the code, data, seed and environment that would repeat it."""

    queryset = TrainingRun.objects.select_related("version")
    serializer_class = RunSerializer
    detail_serializer_class = RunDetail
    system_path = "model__system"
    filterset_fields = ["model", "dataset_version", "state"]

    @extend_schema(
        operation_id="runs_request",
        summary="Ask a worker to train a model version",
        request=RunRequest,
        responses={202: RunDetail},
        examples=[OpenApiExample("A logistic regression", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(RunRequest, request)
        grammars.check("recipe", body["recipe"])
        return accepted(RunDetail(runs.request(**body, actor=actor(request))), view_name="runs-detail")
