"""Waivers: a gate set aside for a while, against a compensating control, by two signatures."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api import signatures
from registry.api.base import Records, Reference, actor, expected_revision, parsed
from registry.api.decisions import Reason, Signed, credentials
from registry.api.signatures import SignatureSerializer
from registry.models import PromotionRequest, Waiver
from registry.services.decisions import waivers
from registry.services.decisions.waivers import Asked

_WAIVER = {
    "promotion": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a08",
    "gate": "perf.auc.floor",
    "rationale": "The interval touches the floor because the holdout has 900 rows; the value is 0.01 above it.",
    "compensating_control": "A person decides every case with a score between 0.4 and 0.6.",
    "expires_at": "2027-01-31T00:00:00Z",
}
_SIGNED = {"reason": "The control covers the doubt.", "password": "the signer's own", "code": "492039"}


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    requested_by_name = serializers.StringRelatedField[Any](source="requested_by")

    class Meta:
        model = Waiver
        fields = [
            "id",
            "promotion",
            "gate",
            "artifact_digest",
            "policy_digest",
            "rationale",
            "compensating_control",
            "requested_by",
            "requested_by_name",
            "expires_at",
            "record_digest",
            "state",
            "granted_at",
            "ended_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields


class WaiverDetail(WaiverSerializer):
    signatures = serializers.SerializerMethodField(help_text="oldest first; two grant it, one revokes it")

    class Meta(WaiverSerializer.Meta):
        fields = [*WaiverSerializer.Meta.fields, "signatures"]
        read_only_fields = fields

    @extend_schema_field(SignatureSerializer(many=True))
    def get_signatures(self, waiver: Waiver) -> list[dict[str, Any]]:
        return signatures.shown("waiver", waiver.pk)


class WaiverRequest(serializers.Serializer[Any]):
    promotion = Reference(
        queryset=PromotionRequest.objects.select_related("slot__system"),
        system_path="slot__system",
        help_text="the blocked request",
    )
    gate = serializers.CharField(max_length=100, help_text="a gate that blocks it and that its policy lets be waived")
    rationale = serializers.CharField(help_text="why the gate may be set aside")
    compensating_control = serializers.CharField(help_text="what is done instead")
    expires_at = serializers.DateTimeField(help_text="no later than the policy's max_days from the second signature")


class WaiverSignature(Signed):
    reason = serializers.CharField(help_text="in your own words; your signature covers it")


class WaiverFilter(filters.FilterSet):
    system = filters.UUIDFilter(field_name="promotion__slot__system_id")
    promotion = filters.UUIDFilter(field_name="promotion_id")
    expires_before = filters.IsoDateTimeFilter(field_name="expires_at", lookup_expr="lte", help_text="that end by then")

    class Meta:
        model = Waiver
        fields = ["state", "gate"]


def _step(name: str, summary: str, request: Any, example: Any) -> Any:
    return extend_schema(
        operation_id=f"waivers_{name}",
        summary=summary,
        request=request,
        responses={200: WaiverDetail},
        examples=[OpenApiExample("As it was done", value=example, request_only=True)],
    )


@extend_schema_view(
    list=extend_schema(operation_id="waivers_list", summary="List waivers"),
    retrieve=extend_schema(operation_id="waivers_get", summary="Read one waiver with its signatures"),
    sign=_step(
        "sign",
        "Grant a waiver: the first signature is the policy's role, the second puts it in force",
        WaiverSignature,
        _SIGNED,
    ),
    refuse=_step(
        "refuse", "End a request for a waiver that is not granted", Reason, {"reason": "Measure again first."}
    ),
    revoke=_step("revoke", "Take a waiver back; what was approved with it is suspended", WaiverSignature, _SIGNED),
)
class Waivers(Records):
    """One gate of one request, by two people who had no part in it, for a while."""

    queryset = Waiver.objects.select_related("promotion__slot__system", "requested_by")
    serializer_class = WaiverSerializer
    detail_serializer_class = WaiverDetail
    system_path = "promotion__slot__system"
    filterset_class = WaiverFilter

    @extend_schema(
        operation_id="waivers_request",
        summary="Ask to set aside one gate that blocks a request",
        request=WaiverRequest,
        responses={201: WaiverDetail},
        examples=[OpenApiExample("With a compensating control", value=_WAIVER, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(WaiverRequest, request)
        promotion, gate = body.pop("promotion"), body.pop("gate")
        return self.shown(waivers.request(promotion, gate=gate, asked=Asked(**body), actor=actor(request)), status=201)

    @action(detail=True, methods=["post"])
    def sign(self, request: Request, pk: str) -> Response:
        body = parsed(WaiverSignature, request)
        return self._moved(request, waivers.sign, credentials=credentials(body), **body)

    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        return self._moved(request, waivers.refuse, **parsed(Reason, request))

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        body = parsed(WaiverSignature, request)
        return self._moved(request, waivers.revoke, credentials=credentials(body), **body)

    def _moved(self, request: Request, step: Any, **said: Any) -> Response:
        revision = expected_revision(request)
        return self.shown(step(self.get_object(), **said, revision=revision, actor=actor(request)))
