"""Promotion requests: put forward, answered by gates, put forward again, executed, and proven."""

from typing import Any

from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Reference, actor, parsed
from registry.api.decisions import DecisionSerializer, GateSerializer, PromotionDetail, PromotionSerializer, Reason
from registry.api.reviewing import Reviewing
from registry.api.slots import AssignmentSerializer, SlotKey
from registry.models import ModelVersion, PolicyVersion, PromotionRequest
from registry.services.approvals import packs
from registry.services.decisions import promotions
from registry.services.slots import rollouts

_SUBMISSION = {
    "model_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "slot": "employment-screening.production.champion",
    "policy": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a05",
    "reason": "Two points more AUC than the champion at the same impact ratios.",
}


class Submission(serializers.Serializer[Any]):
    model_version = Reference(
        queryset=ModelVersion.objects.select_related("model", "dataset_version__dataset"), system_path="model__system"
    )
    slot = SlotKey(help_text="the slot's key")
    policy = serializers.PrimaryKeyRelatedField(queryset=PolicyVersion.objects.all())
    reason = serializers.CharField(help_text="why this version should serve")
    draft = serializers.BooleanField(default=False, help_text="write it only; /submit puts it forward")


class Resubmission(Reason):
    policy = serializers.PrimaryKeyRelatedField(
        queryset=PolicyVersion.objects.all(), required=False, help_text="the policy as before, by default"
    )


class RoundSerializer(serializers.Serializer[Any]):
    round = serializers.IntegerField()
    gates = GateSerializer(many=True, help_text="what they answered then, in the policy's order")
    decisions = DecisionSerializer(many=True, help_text="oldest first")


class PromotionFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")
    model_version = filters.UUIDFilter(field_name="model_version_id")
    author = filters.UUIDFilter(field_name="author_id")

    class Meta:
        model = PromotionRequest
        fields = ["state", "approval", "change_class"]


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
class Promotions(Reviewing):
    """Requests to let a version serve; a decision counts for exactly the digests shown."""

    queryset = PromotionRequest.objects.select_related("model_version__model", "slot__system", "policy", "author")
    serializer_class = PromotionSerializer
    detail_serializer_class = PromotionDetail
    system_path = "slot__system"
    filterset_class = PromotionFilter

    @extend_schema(
        operation_id="promotions_submit",
        summary="Ask for a version to serve in a slot, and the gates answer at once; or write a draft",
        request=Submission,
        responses={201: PromotionDetail},
        examples=[OpenApiExample("A better version", value=_SUBMISSION, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(Submission, request)
        version, make = body.pop("model_version"), promotions.draft if body.pop("draft") else promotions.submit
        return self.shown(make(version, **body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="promotions_submit_draft",
        summary="Put your own draft forward; the gates answer at once",
        request=None,
        responses={200: PromotionDetail},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        return self.shown(promotions.submit_draft(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="promotions_resubmit",
        summary="Answer requested changes: a new round, in which every earlier decision is void",
        request=Resubmission,
        responses={200: PromotionDetail},
        examples=[OpenApiExample("Measured again", value={"reason": "Measured on 2017 too."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def resubmit(self, request: Request, pk: str) -> Response:
        body = parsed(Resubmission, request)
        return self.shown(promotions.resubmit(self.get_object(), **body, actor=actor(request)))

    @extend_schema(
        operation_id="promotions_rerun",
        summary="Run the gates of a blocked request again, on the evidence and waivers of now",
        request=None,
        responses={200: PromotionDetail},
    )
    @action(detail=True, methods=["post"])
    def rerun(self, request: Request, pk: str) -> Response:
        return self.shown(promotions.rerun(self.get_object(), actor=actor(request)))

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
        operation_id="promotions_rounds",
        summary="Read every round with its gates and decisions; those before the last are void",
        responses={200: RoundSerializer(many=True)},
    )
    @action(detail=True)
    def rounds(self, request: Request, pk: str) -> Response:
        promotion = self.get_object()
        gates, decisions = list(promotion.gates.all()), list(promotion.decisions.all())
        rounds = [
            {
                "round": number,
                "gates": [gate for gate in gates if gate.round == number],
                "decisions": [made for made in decisions if made.round == number],
            }
            for number in range(1, promotion.round + 1)
        ]
        return Response(RoundSerializer(rounds, many=True).data)

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
        assignment = rollouts.execute(self.get_object(), **body, actor=actor(request))
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
