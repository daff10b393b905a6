"""Approvals: what lets each version serve in its slot, until when, and the ways to stop it."""

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, actor, expected_revision, parsed
from registry.api.decisions import Signed, credentials
from registry.models import PromotionRequest, Slot
from registry.services.approvals import reviews
from registry.services.slots import withdrawals

_SIGNED = {"reason": "It turns people away for their postcode.", "password": "the signer's own", "code": "492039"}


class ApprovalSerializer(serializers.ModelSerializer[PromotionRequest]):
    promotion = serializers.UUIDField(source="id", read_only=True, help_text="the request it rests on")
    model_version_name = serializers.StringRelatedField[Any](source="model_version")
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    expiring = serializers.SerializerMethodField(help_text="whether it ends within thirty days")

    class Meta:
        model = PromotionRequest
        fields = [
            "promotion",
            "model_version",
            "model_version_name",
            "slot",
            "state",
            "approval",
            "approval_reason",
            "valid_until",
            "expiring",
            "stale_since",
            "revision",
        ]
        read_only_fields = fields

    def get_expiring(self, promotion: PromotionRequest) -> bool:
        soon = timezone.now() + reviews.EXPIRING
        return (
            promotion.approval in PromotionRequest.STANDING
            and promotion.valid_until is not None
            and timezone.now() < promotion.valid_until <= soon
        )


class ApprovalChange(Signed):
    reason = serializers.CharField(help_text="in your own words; it stands beside the approval")


class ApprovalFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")
    stale = filters.BooleanFilter(
        field_name="stale_since", lookup_expr="isnull", exclude=True, help_text="true: whose grounds have moved"
    )
    expiring_within_days = filters.NumberFilter(method="ending", min_value=0, max_value=3660, help_text="0 to 3660")

    class Meta:
        model = PromotionRequest
        fields = ["approval", "state", "model_version"]

    def ending(self, rows: QuerySet[PromotionRequest], name: str, days: Any) -> QuerySet[PromotionRequest]:
        now = timezone.now()
        standing = rows.filter(approval__in=PromotionRequest.STANDING)
        return standing.filter(valid_until__gt=now, valid_until__lte=now + timedelta(days=int(days)))


def _change(name: str, summary: str) -> Any:
    return extend_schema(
        operation_id=f"approvals_{name}",
        summary=summary,
        request=ApprovalChange,
        responses={200: ApprovalSerializer},
        examples=[OpenApiExample("Signed, with the reason", value=_SIGNED, request_only=True)],
    )


@extend_schema_view(
    list=extend_schema(operation_id="approvals_list", summary="List approvals, standing and ended"),
    retrieve=extend_schema(operation_id="approvals_get", summary="Read one approval"),
    suspend=_change("suspend", "Stop a version: its approval is suspended and its slot acts at once"),
    revoke=_change("revoke", "Take an approval back for good; its slot acts at once"),
    resume=_change("resume", "Let a suspended approval count again: another person than who suspended it"),
)
class Approvals(Records):
    """One for each request that was approved, under the request's id."""

    queryset = PromotionRequest.objects.exclude(approval=PromotionRequest.Approval.NONE).select_related(
        "model_version__model", "slot"
    )
    serializer_class = ApprovalSerializer
    system_path = "slot__system"
    filterset_class = ApprovalFilter

    @action(detail=True, methods=["post"])
    def suspend(self, request: Request, pk: str) -> Response:
        return self._changed(request, withdrawals.suspend)

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        return self._changed(request, withdrawals.revoke)

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._changed(request, withdrawals.resume)

    def _changed(self, request: Request, change: Any) -> Response:
        body, revision = parsed(ApprovalChange, request), expected_revision(request)
        signed = credentials(body)
        return self.shown(
            change(self.get_object(), **body, credentials=signed, revision=revision, actor=actor(request))
        )
