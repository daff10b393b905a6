"""Conditions: what an approval was given on, checked by the server or settled by a person."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api import signatures
from registry.api.base import Records, actor, expected_revision, parsed
from registry.api.decisions import Signed, credentials
from registry.api.signatures import SignatureSerializer
from registry.models import Condition
from registry.services.decisions import conditions

_SETTLED = {"met": True, "reason": "All nine clerks took it.", "password": "the signer's own", "code": "492039"}


class ConditionSerializer(serializers.ModelSerializer[Condition]):
    rule = serializers.JSONField(read_only=True, help_text="one gate of the policy grammar; null: a person settles it")
    void = serializers.SerializerMethodField(help_text="true where a later round has begun since: nobody checks it")

    class Meta:
        model = Condition
        fields = [
            "id",
            "promotion",
            "decision",
            "text",
            "rule",
            "standing",
            "due_at",
            "on_breach",
            "state",
            "finding",
            "void",
            "checked_at",
            "settled_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields

    def get_void(self, condition: Condition) -> bool:
        return condition.decision.round < condition.promotion.round


class ConditionDetail(ConditionSerializer):
    signatures = serializers.SerializerMethodField(help_text="by which a person settled it")

    class Meta(ConditionSerializer.Meta):
        fields = [*ConditionSerializer.Meta.fields, "signatures"]
        read_only_fields = fields

    @extend_schema_field(SignatureSerializer(many=True))
    def get_signatures(self, condition: Condition) -> list[dict[str, Any]]:
        return signatures.shown("condition", condition.pk)


class Settlement(Signed):
    met = serializers.BooleanField(help_text="false: it is breached, and what it says about a breach happens")
    reason = serializers.CharField(help_text="what you saw, in your own words")


class ConditionFilter(filters.FilterSet):
    system = filters.UUIDFilter(field_name="promotion__slot__system_id")
    promotion = filters.UUIDFilter(field_name="promotion_id")
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lte", help_text="due by then")

    class Meta:
        model = Condition
        fields = ["state", "on_breach", "standing"]


@extend_schema_view(
    list=extend_schema(operation_id="conditions_list", summary="List the conditions of approvals"),
    retrieve=extend_schema(operation_id="conditions_get", summary="Read one condition and what was last found"),
)
class Conditions(Records):
    """Bound by the signature of the decision that named them; the last one that is met completes the approval."""

    queryset = Condition.objects.select_related("promotion__slot__system", "decision")
    serializer_class = ConditionSerializer
    detail_serializer_class = ConditionDetail
    system_path = "promotion__slot__system"
    filterset_class = ConditionFilter

    @extend_schema(
        operation_id="conditions_check",
        summary="Judge a condition's rule now, as the server does by itself when there is new evidence",
        request=None,
        responses={200: ConditionDetail},
    )
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        return self.shown(conditions.check(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="conditions_settle",
        summary="Sign whether a condition without a rule is met",
        request=Settlement,
        responses={200: ConditionDetail},
        examples=[OpenApiExample("It is met", value=_SETTLED, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Settlement, request), expected_revision(request)
        proof, who = credentials(body), actor(request)
        settled = conditions.settle(self.get_object(), **body, credentials=proof, revision=revision, actor=who)
        return self.shown(settled)
