"""Evaluations: asked for and watched."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from registry import grammars
from registry.api.base import Reference, accepted, actor, parsed
from registry.api.jobs import PROGRESS, Jobs, doors
from registry.api.runs import MAX_SEED
from registry.models import DatasetVersion, Evaluation, EvidenceSet, ModelVersion
from registry.services import evaluations

_EXAMPLE = {
    "model_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "dataset_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a03",
    "split": "holdout",
    "seed": 7,
    "settings": {"curves": True, "slices": {"columns": ["AGEP", ["AGEP", "SEX"]], "edges": {"AGEP": [30, 60]}}},
}
_VERSIONS = ModelVersion.objects.select_related("model__system")


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    evidence_set = serializers.PrimaryKeyRelatedField[EvidenceSet](
        read_only=True, allow_null=True, help_text="what was found, once it has succeeded"
    )

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "model_version",
            "dataset_version",
            "split",
            "against",
            "seed",
            "settings",
            "evidence_set",
            *PROGRESS,
        ]
        read_only_fields = fields


class EvaluationRequest(serializers.Serializer[Any]):
    model_version = Reference(queryset=_VERSIONS, system_path="model__system")
    dataset_version = Reference(
        queryset=DatasetVersion.objects.select_related("dataset"), system_path="dataset__system"
    )
    split = serializers.ChoiceField(choices=Evaluation.Split.choices, default=Evaluation.Split.HOLDOUT)
    against = Reference(
        queryset=_VERSIONS, system_path="model__system", required=False, help_text="a version to compare with"
    )
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED, default=0, help_text="of the resampling")
    settings = serializers.DictField(
        default=dict,
        help_text="what to measure beside performance and fairness: confidence, draws, curves, leakage, slices, "
        "robustness, explanations",
    )


@doors("evaluations", of="an evaluation", shown=EvaluationSerializer)
@extend_schema_view(
    list=extend_schema(operation_id="evaluations_list", summary="List evaluations"),
    retrieve=extend_schema(operation_id="evaluations_get", summary="Watch one evaluation"),
)
class Evaluations(Jobs):
    """Measurements of versions and how far their workers have come."""

    queryset = Evaluation.objects.select_related("evidence_set")
    serializer_class = EvaluationSerializer
    system_path = "model_version__model__system"
    filterset_fields = ["model_version", "dataset_version", "state"]

    @extend_schema(
        operation_id="evaluations_request",
        summary="Ask a worker to measure a model version",
        request=EvaluationRequest,
        responses={202: EvaluationSerializer},
        examples=[OpenApiExample("On the rows the run held out", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(EvaluationRequest, request)
        grammars.check("evaluation", body["settings"])
        evaluation = evaluations.request(body.pop("model_version"), **body, actor=actor(request))
        return accepted(EvaluationSerializer(evaluation), view_name="evaluations-detail")
