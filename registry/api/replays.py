"""A request's gates asked again, and explained: the same verdicts from the same policy and the frozen evidence."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import signed_in
from registry.models import EvidenceItem, PromotionRequest
from registry.permissions import visible_systems
from registry.services.policies import replays


class ReplayDifference(serializers.Serializer[Any]):
    subject = serializers.CharField(help_text="a gate's id, or request")
    field = serializers.CharField()
    recorded = serializers.JSONField(allow_null=True, help_text="as it was signed")
    replayed = serializers.JSONField(allow_null=True, help_text="as it comes out now")


class ReplaySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(help_text="the moment that the gates judged as of")
    policy = serializers.CharField()
    gates = serializers.IntegerField()
    same = serializers.SerializerMethodField(help_text="whether every answer came out as it was signed")
    sentence = serializers.CharField()
    differences = ReplayDifference(many=True)

    def get_same(self, found: replays.Replay) -> bool:
        return not found.differences


class ReadEvidence(serializers.ModelSerializer[EvidenceItem]):
    produced_at = serializers.DateTimeField(source="set.created_at")
    tool = serializers.CharField(source="set.tool")

    class Meta:
        model = EvidenceItem
        fields = [
            "id",
            "kind",
            "metric",
            "split",
            "attribute",
            "group",
            "against",
            "value",
            "low",
            "high",
            "confidence",
            "n",
            "method",
            "digest",
            "produced_at",
            "tool",
        ]
        read_only_fields = fields


class GateAnswer(serializers.Serializer[Any]):
    gate = serializers.CharField()
    rule = serializers.ListField(child=serializers.CharField(), help_text="what the policy asks, in sentences")
    verdict = serializers.CharField()
    effect = serializers.CharField()
    reason = serializers.CharField(help_text="why, with the figures")
    evidence = ReadEvidence(many=True, help_text="what the gate read")
    waiver = serializers.CharField(allow_blank=True, help_text="the waiver's id, where one sets the gate aside")


class GateAnswers(serializers.Serializer[Any]):
    headline = serializers.CharField()
    gates = GateAnswer(many=True)


class Replays(viewsets.GenericViewSet[PromotionRequest]):
    """Past answers, judged again."""

    queryset = PromotionRequest.objects.select_related(
        "policy", "slot", "model_version__model", "model_version__run", "model_version__dataset_version__dataset"
    )
    serializer_class = ReplaySerializer

    def get_queryset(self) -> QuerySet[PromotionRequest]:
        return super().get_queryset().filter(slot__system__in=visible_systems(signed_in(self.request)))

    @extend_schema(
        operation_id="promotions_replay",
        summary="Ask the gates again, with the policy and the frozen evidence of then, and name every difference",
        responses={200: ReplaySerializer},
    )
    @action(detail=True)
    def replay(self, request: Request, pk: str) -> Response:
        return Response(ReplaySerializer(replays.replay(self.get_object())).data)

    @extend_schema(
        operation_id="promotions_explanation",
        summary="Why each gate said what it said: the rule in words, the reason, and the evidence it read",
        responses={200: GateAnswers},
    )
    @action(detail=True)
    def explanation(self, request: Request, pk: str) -> Response:
        promotion = self.get_object()
        return Response(GateAnswers({"headline": promotion.headline, "gates": replays.explain(promotion)}).data)
