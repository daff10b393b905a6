"""Policies: checked, proposed, tried, compared, explained, signed. They belong to no system; every reader sees them."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry import permissions
from registry.api.base import Records, actor, asked, parsed, signed_in
from registry.api.decisions import Signed, credentials
from registry.gates import difference, explaining, grammar
from registry.models import PolicyVersion
from registry.services.policies import policies
from registry.services.policies import simulation as trying

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
_SIGNING = {
    "reason": "The thresholds fit the risk.",
    "password": "the signer's own",
    "code": "492039",
    "effective_from": "2027-01-01T00:00:00Z",
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
            "effective_until",
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
    warnings = PolicyProblem(many=True, help_text="what an author should think about twice; refuses nothing")


class PolicySigning(Signed):
    reason = serializers.CharField(help_text="why the policy fits, in your own words")
    effective_from = serializers.DateTimeField(required=False, help_text="from when it governs; left out: at once")
    effective_until = serializers.DateTimeField(required=False, help_text="from when it governs nothing new")


class Trial(serializers.Serializer[Any]):
    last = serializers.IntegerField(
        required=False, min_value=1, max_value=trying.MOST, help_text="how many past requests, the newest first"
    )


class GateChange(serializers.Serializer[Any]):
    gate = serializers.CharField()
    before = serializers.CharField(allow_blank=True, help_text="verdict and effect; empty where it let pass")
    after = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(help_text="in words, with the figures")


class ChangedRequest(serializers.Serializer[Any]):
    promotion = serializers.UUIDField(source="promotion.pk")
    title = serializers.StringRelatedField[Any](source="promotion")
    before = serializers.CharField(help_text="ready or blocked, under its own policy")
    after = serializers.CharField(help_text="ready or blocked, under this one")
    gates = GateChange(many=True)


class PolicySimulation(serializers.Serializer[Any]):
    policy = serializers.CharField()
    requests = serializers.IntegerField(help_text="how many past requests it would have governed")
    would_block = serializers.SerializerMethodField(help_text="that passed under their own policy")
    would_release = serializers.SerializerMethodField(help_text="that were blocked under their own policy")
    sentence = serializers.CharField(help_text="the outcome in words")
    changed = ChangedRequest(many=True, help_text="every request of which a gate would answer otherwise")

    def get_would_block(self, found: trying.Simulation) -> int:
        return len(found.would_block)

    def get_would_release(self, found: trying.Simulation) -> int:
        return len(found.would_release)


class Against(serializers.Serializer[Any]):
    against = serializers.PrimaryKeyRelatedField(
        queryset=PolicyVersion.objects.all(), help_text="the id of the policy version it is compared with"
    )


class PolicyDifference(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="a gate's id and key, or a part of the policy")
    direction = serializers.ChoiceField(choices=["stricter", "looser", "changed"])
    detail = serializers.CharField()


class PolicyDiff(serializers.Serializer[Any]):
    old = serializers.CharField()
    new = serializers.CharField()
    differences = PolicyDifference(many=True)


class Passage(serializers.Serializer[Any]):
    heading = serializers.CharField(help_text="a gate's id, or what the passage is about")
    sentences = serializers.ListField(child=serializers.CharField())


class PolicyExplanation(serializers.Serializer[Any]):
    passages = Passage(many=True)


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
        found = grammar.inspect(body["policy"])
        levels = {"problems": "error", "warnings": "warning"}
        return Response(
            PolicyCheck({name: [one for one in found if one.level == level] for name, level in levels.items()}).data
        )

    @extend_schema(
        operation_id="policies_approve",
        summary="Sign somebody else's simulated draft; the version before it is superseded when it takes effect",
        request=PolicySigning,
        responses={200: PolicyDetail},
        examples=[OpenApiExample("From the new year", value=_SIGNING, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        body = parsed(PolicySigning, request)
        signed = policies.approve(self.get_object(), credentials=credentials(body), **body, actor=actor(request))
        return self.shown(signed)

    @extend_schema(
        operation_id="policies_simulation",
        summary="What the policy would have said of past requests that you may read, on the evidence of then",
        parameters=[Trial],
        responses={200: PolicySimulation},
        filters=False,
    )
    @action(detail=True)
    def simulation(self, request: Request, pk: str) -> Response:
        query = asked(Trial, request)
        found = trying.preview(grammar.parse(self.get_object().document), account=signed_in(request), **query)
        return Response(PolicySimulation(found).data)

    @extend_schema(
        operation_id="policies_simulate",
        summary="Try a draft on past requests and put the outcome on record; only then can it be approved",
        request=Trial,
        responses={200: PolicySimulation},
        examples=[OpenApiExample("On the last forty", value={"last": 40}, request_only=True)],
    )
    @simulation.mapping.post
    def simulate(self, request: Request, pk: str) -> Response:
        body = parsed(Trial, request)
        return Response(PolicySimulation(trying.simulate(self.get_object(), **body, actor=actor(request))).data)

    @extend_schema(
        operation_id="policies_diff",
        summary="What the policy asks more or less than another version",
        parameters=[Against],
        responses={200: PolicyDiff},
        filters=False,
    )
    @action(detail=True)
    def diff(self, request: Request, pk: str) -> Response:
        new, old = self.get_object(), asked(Against, request)["against"]
        found = difference.compare(grammar.parse(old.document), grammar.parse(new.document))
        return Response(PolicyDiff({"old": str(old), "new": str(new), "differences": found}).data)

    @extend_schema(
        operation_id="policies_explanation",
        summary="The policy in plain sentences: what it governs, what each gate asks and why, who signs",
        responses={200: PolicyExplanation},
        filters=False,
    )
    @action(detail=True)
    def explanation(self, request: Request, pk: str) -> Response:
        passages = explaining.explain(grammar.parse(self.get_object().document))
        return Response(PolicyExplanation({"passages": passages}).data)
