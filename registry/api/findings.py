"""Findings: what reviewers found wrong with a version, how it is mended, and how it is settled."""

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
from registry.models import EvidenceSet, Finding, ModelVersion, PromotionRequest, User
from registry.services.approvals import findings
from registry.services.approvals.findings import Wrong

_FINDING = {
    "model_version": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04",
    "severity": "high",
    "title": "People over sixty are misjudged",
    "detail": "AUC over 60 is 0.61 [0.57, 0.65] on the holdout rows; the rest has 0.84.",
    "due_at": "2027-01-15T00:00:00Z",
}
_REMEDY = {"text": "Trained anew with the rows of 2018, which hold twice as many of them."}
_RETEST = {
    "evidence_set": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a06",
    "reason": "0.82 [0.79, 0.85] over 60 on the same rows.",
}
_ACCEPTANCE = {
    "until": "2027-03-01T00:00:00Z",
    "reason": "Few are concerned, and a person looks at each of them.",
    "password": "the signer's own",
    "code": "492039",
}


class FindingSerializer(serializers.ModelSerializer[Finding]):
    model_version_name = serializers.StringRelatedField[Any](source="model_version")
    raised_by_name = serializers.StringRelatedField[Any](source="raised_by")
    blocking = serializers.SerializerMethodField(help_text="whether it stops signatures while it is not settled")

    class Meta:
        model = Finding
        fields = [
            "id",
            "model_version",
            "model_version_name",
            "promotion",
            "severity",
            "blocking",
            "title",
            "detail",
            "raised_by",
            "raised_by_name",
            "owner",
            "due_at",
            "state",
            "remediation",
            "remedied_by",
            "remedied_at",
            "retest",
            "accepted_until",
            "settled_by",
            "settled_at",
            "revision",
            "created_at",
        ]
        read_only_fields = fields

    def get_blocking(self, finding: Finding) -> bool:
        return finding.severity in Finding.BLOCKING


class FindingDetail(FindingSerializer):
    signatures = serializers.SerializerMethodField(help_text="by which its risk was accepted, oldest first")

    class Meta(FindingSerializer.Meta):
        fields = [*FindingSerializer.Meta.fields, "signatures"]
        read_only_fields = fields

    @extend_schema_field(SignatureSerializer(many=True))
    def get_signatures(self, finding: Finding) -> list[dict[str, Any]]:
        return signatures.shown("finding", finding.pk)


class Raising(serializers.Serializer[Any]):
    model_version = Reference(
        queryset=ModelVersion.objects.select_related("model__system"), system_path="model__system"
    )
    promotion = Reference(
        queryset=PromotionRequest.objects.all(), system_path="slot__system", required=False, allow_null=True
    )
    severity = serializers.ChoiceField(choices=Finding.Severity.choices)
    title = serializers.CharField(max_length=200)
    detail = serializers.CharField(help_text="what is wrong, and how you know")
    owner = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), required=False, allow_null=True, help_text="who should mend it"
    )
    due_at = serializers.DateTimeField(required=False, allow_null=True, help_text="by when")


class Remedy(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="what is done about it")


class Retest(serializers.Serializer[Any]):
    evidence_set = Reference(
        queryset=EvidenceSet.objects.select_related("model_version", "evaluation"),
        system_path="dataset_version__dataset__system",
        source="evidence",
        help_text="begun after the mending, about this version or a later one of the same model",
    )
    reason = serializers.CharField(help_text="what you saw, in your own words")


class Acceptance(Signed):
    until = serializers.DateTimeField(help_text="365 days away at most; afterwards the finding is open again")
    reason = serializers.CharField(help_text="why the risk is borne, in your own words")


class FindingFilter(filters.FilterSet):
    system = filters.UUIDFilter(field_name="model_version__model__system_id")
    model_version = filters.UUIDFilter(field_name="model_version_id")
    promotion = filters.UUIDFilter(field_name="promotion_id")
    owner = filters.UUIDFilter(field_name="owner_id")
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lte", help_text="due by then")

    class Meta:
        model = Finding
        fields = ["state", "severity"]


def _step(name: str, summary: str, request: Any, example: Any) -> Any:
    return extend_schema(
        operation_id=f"findings_{name}",
        summary=summary,
        request=request,
        responses={200: FindingDetail},
        examples=[OpenApiExample("As it was done", value=example, request_only=True)] if example else [],
    )


@extend_schema_view(
    list=extend_schema(operation_id="findings_list", summary="List findings"),
    retrieve=extend_schema(operation_id="findings_get", summary="Read one finding with its signatures"),
    remedy=_step("remedy", "Take a finding on and say what is done: its owner or an engineer", Remedy, _REMEDY),
    ready=_step("ready", "Say that it is mended: evidence begun from now on may close it", None, None),
    retest=_step("retest", "Close it on newer evidence: somebody who did not mend it", Retest, _RETEST),
    reopen=_step("reopen", "Say that it is not mended, or may not stay settled", Reason, {"reason": "0.63 again."}),
    accept_risk=_step(
        "accept_risk", "Sign, as a risk officer, that the risk is borne for a while", Acceptance, _ACCEPTANCE
    ),
)
class Findings(Records):
    """While a high or critical one is not settled, nobody signs for the version."""

    queryset = Finding.objects.select_related("model_version__model__system", "raised_by")
    serializer_class = FindingSerializer
    detail_serializer_class = FindingDetail
    system_path = "model_version__model__system"
    filterset_class = FindingFilter

    @extend_schema(
        operation_id="findings_raise",
        summary="Say what is wrong with a version",
        request=Raising,
        responses={201: FindingDetail},
        examples=[OpenApiExample("A blocking one", value=_FINDING, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(Raising, request)
        version, promotion = body.pop("model_version"), body.pop("promotion", None)
        raised = findings.raise_(version, Wrong(**body), promotion=promotion, actor=actor(request))
        return self.shown(raised, status=201)

    @action(detail=True, methods=["post"])
    def remedy(self, request: Request, pk: str) -> Response:
        return self._moved(request, findings.remedy, **parsed(Remedy, request))

    @action(detail=True, methods=["post"])
    def ready(self, request: Request, pk: str) -> Response:
        return self._moved(request, findings.ready)

    @action(detail=True, methods=["post"])
    def retest(self, request: Request, pk: str) -> Response:
        return self._moved(request, findings.retest, **parsed(Retest, request))

    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        return self._moved(request, findings.reopen, **parsed(Reason, request))

    @action(detail=True, methods=["post"], url_path="accept-risk")
    def accept_risk(self, request: Request, pk: str) -> Response:
        body = parsed(Acceptance, request)
        return self._moved(request, findings.accept_risk, credentials=credentials(body), **body)

    def _moved(self, request: Request, step: Any, **said: Any) -> Response:
        revision = expected_revision(request)
        return self.shown(step(self.get_object(), **said, revision=revision, actor=actor(request)))
