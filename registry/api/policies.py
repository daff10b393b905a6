"""Policies: proposed, checked and made effective. They belong to no system; every reader of any system sees them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import permissions
from registry.api.base import Records, actor, parsed
from registry.api.decisions import Reason
from registry.gates import grammar
from registry.models import PolicyVersion
from registry.services import policies

_DOCUMENT = {
    "apiVersion": "governance/v1",
    "kind": "PromotionPolicy",
    "metadata": {"name": "employment", "version": 1},
    "gates": [
        {
            "id": "perf.auc.floor",
            "evidence": {"kind": "evaluation", "split": "holdout", "metric": "roc_auc"},
            "require": {"bound": "lower", "confidence": 0.95, "op": ">=", "value": 0.8},
            "min_n": 400,
            "on_fail": "block",
        }
    ],
    "approval": {
        "chain": [{"role": "validator", "quorum": 1, "meaning": "independent_validation", "due_in": "P5D"}],
        "valid_for": "P12M",
    },
    "retention": {"prediction_log": "P6M"},
}
_EXAMPLES = [
    OpenApiExample("As JSON", value={"document": _DOCUMENT}, request_only=True),
    OpenApiExample("As YAML text", value={"text": "apiVersion: governance/v1\nkind: ..."}, request_only=True),
]


class PolicySerializer(serializers.ModelSerializer[PolicyVersion]):
    class Meta:
        model = PolicyVersion
        fields = [
            "id",
            "name",
            "version",
            "state",
            "digest",
            "author",
            "approved_by",
            "effective_from",
            "created_at",
        ]
        read_only_fields = fields


class PolicyDetail(PolicySerializer):
    document = serializers.DictField(read_only=True)

    class Meta(PolicySerializer.Meta):
        fields = [*PolicySerializer.Meta.fields, "document"]
        read_only_fields = fields


class PolicyText(serializers.Serializer[Any]):
    document = serializers.DictField(required=False, help_text="the policy as JSON")
    text = serializers.CharField(required=False, help_text="or as YAML; exactly one of the two")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Send the policy either as 'document' or as 'text'.")
        (attrs["policy"],) = attrs.values()
        return attrs


class PolicyProblem(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="as in gates[2].require.value")
    detail = serializers.CharField()
    remedy = serializers.CharField()


class PolicyCheck(serializers.Serializer[Any]):
    problems = PolicyProblem(many=True, help_text="empty where the policy can be proposed")


@extend_schema_view(
    list=extend_schema(operation_id="policies_list", summary="List policy versions"),
    retrieve=extend_schema(operation_id="policies_get", summary="Read one policy version, with its text"),
)
class Policies(Records):
    """What must be true, and who must sign, before a version may serve."""

    queryset = PolicyVersion.objects.all()
    serializer_class = PolicySerializer
    detail_serializer_class = PolicyDetail
    system_path = None
    filterset_fields = ["name", "state"]

    def get_queryset(self) -> QuerySet[PolicyVersion]:
        rows = super().get_queryset()
        return rows if permissions.reads_something(self.request.user) else rows.none()

    @extend_schema(
        operation_id="policies_propose",
        summary="Put a policy text forward as the next version of its name",
        request=PolicyText,
        responses={201: PolicyDetail},
        examples=_EXAMPLES,
    )
    def create(self, request: Request) -> Response:
        body = parsed(PolicyText, request)
        return self.shown(policies.propose(body["policy"], actor=actor(request)), status=201)

    @extend_schema(
        operation_id="policies_lint",
        summary="Check a policy text; nothing is kept",
        request=PolicyText,
        responses={200: PolicyCheck},
        examples=_EXAMPLES,
        filters=False,
    )
    @action(detail=False, methods=["post"])
    def lint(self, request: Request) -> Response:
        body = parsed(PolicyText, request)
        return Response(PolicyCheck({"problems": grammar.check(body["policy"])}).data)

    @extend_schema(
        operation_id="policies_approve",
        summary="Make somebody else's draft effective; the version before it is superseded",
        request=Reason,
        responses={200: PolicyDetail},
        examples=[OpenApiExample("With a reason", value={"reason": "The floor fits the risk."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        body = parsed(Reason, request)
        return self.shown(policies.approve(self.get_object(), **body, actor=actor(request)))
