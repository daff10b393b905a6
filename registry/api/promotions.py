"""Promotion requests: submitted, reviewed, signed, executed, and proven."""

from typing import Any

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, actor, expected_revision, parsed
from registry.api.decisions import DecisionSerializer, GateSerializer, Missing, NextStep, Reason
from registry.api.slots import AssignmentSerializer, SlotKey
from registry.gates.approval import Progress
from registry.models import Decision, ModelVersion, PolicyVersion, PromotionRequest, Slot
from registry.services import approvals, deployments, packs, promotions

_SUBMISSION = {
    "model_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "slot": "employment-screening.production.champion",
    "policy": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a05",
    "reason": "Two points more AUC than the champion at the same impact ratios.",
}
_DECISION = {
    "verdict": "approve",
    "meaning": "independent_validation",
    "reason": "I repeated the evaluation and found the same figures.",
    "password": "the signer's own",
}


class PromotionSerializer(serializers.ModelSerializer[PromotionRequest]):
    model_version_name = serializers.StringRelatedField[Any](source="model_version")
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    policy_name = serializers.StringRelatedField[Any](source="policy")
    author_name = serializers.StringRelatedField[Any](source="author")

    class Meta:
        model = PromotionRequest
        fields = [
            "id",
            "model_version",
            "model_version_name",
            "slot",
            "policy",
            "policy_name",
            "author",
            "author_name",
            "reason",
            "state",
            "headline",
            "revision",
            "created_at",
            "due_at",
            "decided_at",
            "valid_until",
        ]
        read_only_fields = fields


class PromotionDetail(PromotionSerializer):
    gates = GateSerializer(many=True, read_only=True, help_text="in the policy's order")
    decisions = DecisionSerializer(many=True, read_only=True, help_text="oldest first")
    next_step = serializers.SerializerMethodField(help_text="null where nobody needs to sign")
    missing = serializers.SerializerMethodField(help_text="the signatures that are still to come, in order")

    class Meta(PromotionSerializer.Meta):
        fields = [
            *PromotionSerializer.Meta.fields,
            "artifact_digest",
            "dataset_digest",
            "policy_digest",
            "evidence_root",
            "evidence_digests",
            "record_digest",
            "gates",
            "decisions",
            "next_step",
            "missing",
        ]
        read_only_fields = fields

    @extend_schema_field(NextStep(allow_null=True))
    def get_next_step(self, promotion: PromotionRequest) -> dict[str, Any] | None:
        progress = _progress(promotion)
        if progress is None or progress.next_step is None:
            return None
        step = progress.next_step
        return NextStep({"role": step.role, "meaning": step.meaning, "due_at": promotion.due_at}).data

    @extend_schema_field(Missing(many=True))
    def get_missing(self, promotion: PromotionRequest) -> list[dict[str, Any]]:
        progress = _progress(promotion)
        return [{"role": role, "signatures": count} for role, count in (progress.missing if progress else ())]


class Submission(serializers.Serializer[Any]):
    model_version = Reference(
        queryset=ModelVersion.objects.select_related("model", "dataset_version__dataset"), system_path="model__system"
    )
    slot = SlotKey(help_text="the slot's key")
    policy = serializers.PrimaryKeyRelatedField(queryset=PolicyVersion.objects.all())
    reason = serializers.CharField(help_text="why this version should serve")


class Signing(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=Decision.Verdict.choices)
    meaning = serializers.CharField(max_length=60, help_text="what your signature means: next_step.meaning")
    reason = serializers.CharField(help_text="why, in your own words")
    password = serializers.CharField(
        write_only=True,
        trim_whitespace=False,
        help_text="your own, again, for this one signature; never stored",
    )


class PromotionFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")
    model_version = filters.UUIDFilter(field_name="model_version_id")
    author = filters.UUIDFilter(field_name="author_id")

    class Meta:
        model = PromotionRequest
        fields = ["state"]


class PackRenderer(BaseRenderer):
    """Only announces that a zip can be had; the view hands out the bytes itself."""

    media_type = "application/zip"
    format = "zip"


@extend_schema_view(
    list=extend_schema(operation_id="promotions_list", summary="List promotion requests"),
    retrieve=extend_schema(
        operation_id="promotions_get", summary="Read one request with its gates, signatures and what is missing next"
    ),
)
class Promotions(Records):
    """Requests to let a version serve; a decision counts for exactly the digests shown."""

    queryset = PromotionRequest.objects.select_related("model_version__model", "slot__system", "policy", "author")
    serializer_class = PromotionSerializer
    detail_serializer_class = PromotionDetail
    system_path = "slot__system"
    filterset_class = PromotionFilter

    @extend_schema(
        operation_id="promotions_submit",
        summary="Ask for a version to serve in a slot; the gates answer at once",
        request=Submission,
        responses={201: PromotionDetail},
        examples=[OpenApiExample("A better version", value=_SUBMISSION, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(Submission, request)
        version = body.pop("model_version")
        return self.shown(promotions.submit(version, **body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="promotions_decide",
        summary="Sign a decision, with your password entered again",
        request=Signing,
        responses={201: PromotionDetail},
        examples=[OpenApiExample("An independent validation", value=_DECISION, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def decisions(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Signing, request), expected_revision(request)
        decided = promotions.decide(self.get_object(), **body, revision=revision, actor=actor(request))
        return self.shown(decided, status=201)

    @extend_schema(
        operation_id="promotions_withdraw",
        summary="Take your own request back before it is decided",
        request=Reason,
        responses={200: PromotionDetail},
        examples=[OpenApiExample("With a reason", value={"reason": "A better one comes."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        return self.shown(promotions.withdraw(self.get_object(), **body, actor=actor(request)))

    @extend_schema(
        operation_id="promotions_execute",
        summary="Bring an approved version into its slot: at once where it is empty, by canary steps where it is not",
        request=Reason,
        responses={201: AssignmentSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "Reviewed, and due today."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def execute(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        assignment = deployments.execute(self.get_object(), **body, actor=actor(request))
        return Response(AssignmentSerializer(assignment).data, status=201)

    @extend_schema(
        operation_id="promotions_evidence_pack",
        summary="Export the decision's evidence pack, which anybody can verify offline",
        responses={(200, "application/zip"): OpenApiTypes.BINARY},
    )
    @action(detail=True, url_path="evidence-pack", renderer_classes=[JSONRenderer, PackRenderer])
    def evidence_pack(self, request: Request, pk: str) -> HttpResponse:
        promotion = self.get_object()
        headers = {"Content-Disposition": f'attachment; filename="promotion-{promotion.pk}.zip"'}
        data = packs.export(promotion, actor=actor(request))
        return HttpResponse(data, content_type="application/zip", headers=headers)


def _progress(promotion: PromotionRequest) -> Progress | None:
    """How far the signatures have come, while any are asked for."""
    if promotion.state != PromotionRequest.State.IN_REVIEW:
        return None
    return approvals.progress(promotion, promotion.decisions.all())
