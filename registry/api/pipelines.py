"""Pipelines: registered, started, paused; and their passes, watched step by step."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, accepted, actor, expected_revision, parsed
from registry.api.jobs import PROGRESS, Jobs, doors
from registry.models import AISystem, Pipeline, PipelineRun
from registry.services.pipelines import passes, registration

_EXAMPLE = {
    "system": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01",
    "name": "monthly",
    "document": {
        "data": {"dataset": "acs", "source": "warehouse"},
        "model": "employment",
        "recipe": {
            "task": "binary_classification",
            "label": "EMPLOYED",
            "features": {"AGEP": "numeric", "SCHL": "numeric"},
            "estimator": {"name": "logistic_regression"},
        },
        "seed": 7,
        "evaluation": {"against_champion": True},
        "reproduce": True,
        "promotion": {"slot": "employment-screening.production.champion", "policy": "high-risk"},
        "schedule": {"every_seconds": 2592000},
    },
}
_WHY = {"reason": "The warehouse moves."}


class PipelineSerializer(serializers.ModelSerializer[Pipeline]):
    class Meta:
        model = Pipeline
        fields = [
            "id",
            "system",
            "name",
            "version",
            "state",
            "digest",
            "registered_by",
            "due_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields


class PipelineDetail(PipelineSerializer):
    document = serializers.DictField(read_only=True)

    class Meta(PipelineSerializer.Meta):
        fields = [*PipelineSerializer.Meta.fields, "document"]
        read_only_fields = fields


class PipelineRegistration(serializers.Serializer[Any]):
    system = Reference(queryset=AISystem.objects.all(), system_path="pk")
    name = serializers.CharField(max_length=100)
    document = serializers.DictField(help_text="data, model, recipe, evaluation, promotion and schedule")


class PipelineRunSerializer(serializers.ModelSerializer[PipelineRun]):
    steps = serializers.ListField(
        child=serializers.DictField(), read_only=True, help_text="what each step so far has made, by name and id"
    )

    class Meta:
        model = PipelineRun
        fields = ["id", "pipeline", "cause", "cause_id", "steps", "model_version", "promotion", *PROGRESS]
        read_only_fields = fields


class PipelineReason(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="for the record")


@extend_schema_view(
    list=extend_schema(operation_id="pipelines_list", summary="List pipelines"),
    retrieve=extend_schema(operation_id="pipelines_get", summary="Read one pipeline with its document"),
)
class Pipelines(Records):
    """Definitions from source to candidate; a new version of the same name takes over from the one before."""

    queryset = Pipeline.objects.select_related("system")
    serializer_class = PipelineSerializer
    detail_serializer_class = PipelineDetail
    filterset_fields = ["system", "name", "state"]

    @extend_schema(
        operation_id="pipelines_register",
        summary="Register a pipeline, or the next version of one",
        request=PipelineRegistration,
        responses={201: PipelineDetail},
        examples=[OpenApiExample("Every month", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(PipelineRegistration, request)
        return self.shown(registration.register(body.pop("system"), **body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="pipelines_run",
        summary="Start a pass: it makes a candidate and a draft request, and puts nothing forward",
        request=None,
        responses={202: PipelineRunSerializer},
    )
    @action(detail=True, methods=["post"])
    def runs(self, request: Request, pk: str) -> Response:
        made = passes.request(self.get_object(), actor=actor(request))
        return accepted(PipelineRunSerializer(made), view_name="pipeline-runs-detail")

    @extend_schema(
        operation_id="pipelines_pause",
        summary="Let neither schedule nor monitor start it; needs If-Match",
        request=PipelineReason,
        responses={200: PipelineDetail},
        examples=[OpenApiExample("A reason", value=_WHY, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self._move(registration.pause, request)

    @extend_schema(
        operation_id="pipelines_resume",
        summary="Let schedule and monitors start it again; needs If-Match",
        request=PipelineReason,
        responses={200: PipelineDetail},
        examples=[OpenApiExample("A reason", value=_WHY, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._move(registration.resume, request)

    @extend_schema(
        operation_id="pipelines_retire",
        summary="Never start it again; needs If-Match",
        request=PipelineReason,
        responses={200: PipelineDetail},
        examples=[OpenApiExample("A reason", value=_WHY, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        return self._move(registration.retire, request)

    def _move(self, move: Any, request: Request) -> Response:
        body = parsed(PipelineReason, request)
        moved = move(self.get_object(), **body, revision=expected_revision(request), actor=actor(request))
        return self.shown(moved)


@doors("pipeline_runs", of="a pass of a pipeline", shown=PipelineRunSerializer)
@extend_schema_view(
    list=extend_schema(operation_id="pipeline_runs_list", summary="List passes of pipelines"),
    retrieve=extend_schema(operation_id="pipeline_runs_get", summary="Watch one pass, step by step"),
)
class PipelineRuns(Jobs):
    """Passes of pipelines: each step's job by id, the candidate, and the draft request."""

    queryset = PipelineRun.objects.select_related("pipeline__system")
    serializer_class = PipelineRunSerializer
    system_path = "pipeline__system"
    filterset_fields = ["pipeline", "cause", "state"]
