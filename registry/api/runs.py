"""Training runs: asked for, watched, and what made them repeatable."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import grammars
from registry.api.base import Reference, accepted, actor, parsed
from registry.api.jobs import PROGRESS, Jobs, doors
from registry.api.reproductions import ReproductionSerializer
from registry.models import DatasetVersion, ModelVersion, RegisteredModel, TrainingRun, Trial
from registry.services import reproductions, runs

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
    "limits": {"seconds": 3600, "memory_bytes": 4_000_000_000},
}


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    model_version = serializers.PrimaryKeyRelatedField[ModelVersion](
        source="version", read_only=True, allow_null=True, help_text="what the run registered, once it has succeeded"
    )

    class Meta:
        model = TrainingRun
        fields = [
            "id",
            "model",
            "dataset_version",
            "seed",
            "cause",
            "recipe_digest",
            "metrics",
            "cost",
            "model_version",
            *PROGRESS,
        ]
        read_only_fields = fields


class RunDetail(RunSerializer):
    class Meta(RunSerializer.Meta):
        fields = [
            *RunSerializer.Meta.fields,
            "recipe",
            "limits",
            "parameters",
            "code_digest",
            "environment",
            "environment_digest",
        ]
        read_only_fields = fields


class TrialSerializer(serializers.ModelSerializer[Trial]):
    class Meta:
        model = Trial
        fields = [
            "number",
            "estimator",
            "parameters",
            "state",
            "reported",
            "metrics",
            "failure",
            "attempts",
            "seconds",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class LimitsSerializer(serializers.Serializer[Any]):
    seconds = serializers.FloatField(required=False, min_value=1, help_text="of time")
    cpu_seconds = serializers.FloatField(required=False, min_value=1, help_text="of processor time")
    memory_bytes = serializers.IntegerField(required=False, min_value=2**20, help_text="held at once")


class RunRequest(serializers.Serializer[Any]):
    model = Reference(queryset=RegisteredModel.objects.select_related("system"))
    dataset_version = Reference(
        queryset=DatasetVersion.objects.select_related("dataset"), system_path="dataset__system"
    )
    recipe = serializers.DictField(
        help_text="what to learn from which columns, with which estimator, search, folds and holdout"
    )
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED)
    limits = LimitsSerializer(required=False, help_text="at most this; the server's own limits hold beside them")


@doors("runs", of="a training run", shown=RunDetail)
@extend_schema_view(
    list=extend_schema(operation_id="runs_list", summary="List training runs"),
    retrieve=extend_schema(operation_id="runs_get", summary="Watch one training run"),
)
class Runs(Jobs):
    """Fits, each with the code, data, seed and environment that would repeat it."""

    queryset = TrainingRun.objects.select_related("version", "model__system", "dataset_version__artifact")
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

    @extend_schema(
        operation_id="runs_trials", summary="List a run's trials", responses={200: TrialSerializer(many=True)}
    )
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def trials(self, request: Request, pk: str) -> Response:
        return Response(TrialSerializer(self.get_object().trials.order_by("number"), many=True).data)

    @extend_schema(
        operation_id="runs_reproduce",
        summary="Ask a worker to do a run again and certify whether the same comes out",
        request=None,
        responses={202: ReproductionSerializer},
    )
    @action(detail=True, methods=["post"])
    def reproduce(self, request: Request, pk: str) -> Response:
        made = reproductions.request(self.get_object(), actor=actor(request))
        return accepted(ReproductionSerializer(made), view_name="reproductions-detail")
