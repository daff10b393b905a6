"""Explanations: asked for, watched, read for good, and made again."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import grammars
from registry.api.base import Reference, accepted, actor, parsed
from registry.api.jobs import PROGRESS, Jobs, doors
from registry.api.runs import MAX_SEED
from registry.models import DatasetVersion, Explanation, ModelVersion, Prediction
from registry.services import explanations

_EXAMPLE = {
    "model_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "kind": "counterfactual",
    "prediction": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a09",
    "settings": {"mutable": {"SCHL": "increase"}},
}


class ExplanationSerializer(serializers.ModelSerializer[Explanation]):
    class Meta:
        model = Explanation
        fields = [
            "id",
            "model_version",
            "dataset_version",
            "kind",
            "prediction",
            "settings",
            "seed",
            "digest",
            *PROGRESS,
        ]
        read_only_fields = fields


class ExplanationDetail(ExplanationSerializer):
    content = serializers.JSONField(
        read_only=True, help_text="what was found, once it has succeeded; `digest` commits to it"
    )
    same = serializers.SerializerMethodField(
        help_text="where the question was asked before: whether the same came out, to the last digit"
    )

    class Meta(ExplanationSerializer.Meta):
        fields = [*ExplanationSerializer.Meta.fields, "content", "same"]
        read_only_fields = fields

    def get_same(self, row: Explanation) -> bool | None:
        return explanations.same(row)


class ExplanationRequest(serializers.Serializer[Any]):
    model_version = Reference(
        queryset=ModelVersion.objects.select_related("model__system", "dataset_version__dataset"),
        system_path="model__system",
    )
    kind = serializers.ChoiceField(choices=Explanation.Kind.choices)
    prediction = Reference(
        queryset=Prediction.objects.all(),
        system_path="slot__system",
        required=False,
        help_text="of a decision or a counterfactual: which one",
    )
    dataset_version = Reference(
        queryset=DatasetVersion.objects.select_related("dataset"),
        system_path="dataset__system",
        required=False,
        help_text="where rows to compare with come from; by default the version's own training data",
    )
    settings = serializers.DictField(
        default=dict,
        help_text="global: rows, background, grid; decision: background; counterfactual: mutable (by feature any, "
        "increase or decrease), target, changes_at_most, values",
    )
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED, default=0)


@doors("explanations", of="an explanation", shown=ExplanationDetail)
@extend_schema_view(
    list=extend_schema(operation_id="explanations_list", summary="List explanations"),
    retrieve=extend_schema(operation_id="explanations_get", summary="Read one explanation"),
)
class Explanations(Jobs):
    """Why versions answer as they do; under one id always the same."""

    queryset = Explanation.objects.select_related("model_version__model__system")
    serializer_class = ExplanationSerializer
    detail_serializer_class = ExplanationDetail
    system_path = "model_version__model__system"
    filterset_fields = ["model_version", "kind", "prediction", "state"]

    @extend_schema(
        operation_id="explanations_request",
        summary="Ask why: in general, of one decision, or what would have changed it",
        request=ExplanationRequest,
        responses={202: ExplanationDetail},
        examples=[OpenApiExample("What would have changed a decision", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(ExplanationRequest, request)
        grammars.check("explanation", {"kind": body["kind"], "settings": body["settings"]})
        made = explanations.request(body.pop("model_version"), **body, actor=actor(request))
        return accepted(ExplanationDetail(made), view_name="explanations-detail")

    @extend_schema(
        operation_id="explanations_replay",
        summary="Make an explanation again and compare",
        request=None,
        responses={202: ExplanationDetail},
    )
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        again = explanations.replay(self.get_object(), actor=actor(request))
        return accepted(ExplanationDetail(again), view_name="explanations-detail")
