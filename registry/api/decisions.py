"""What reviewers and auditors read about a decision: the gates' answers, the signatures, and who must sign next."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.gates.approval import Progress
from registry.models import Condition, Decision, GateResult, PromotionRequest, Slot
from registry.services.approvals import approvals
from registry.services.signing import Credentials


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="in your own words; the log holds only a commitment to it")


class Signed(serializers.Serializer[Any]):
    """What every signature asks for, beside what it says."""

    password = serializers.CharField(
        write_only=True, trim_whitespace=False, help_text="your own, again, for this one signature; never stored"
    )
    code = serializers.CharField(write_only=True, max_length=12, help_text="what your authenticator shows now")


def credentials(body: dict[str, Any]) -> Credentials:
    """Takes password and code out of a parsed body."""
    return Credentials(password=body.pop("password"), code=body.pop("code"))


class GateDetail(serializers.Serializer[Any]):
    group = serializers.CharField()
    verdict = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    n = serializers.IntegerField(allow_null=True)


class GateSerializer(serializers.ModelSerializer[GateResult]):
    details = GateDetail(many=True, read_only=True, help_text="every group of a gate that judges groups")
    evidence = serializers.ListField(
        child=serializers.UUIDField(), read_only=True, help_text="the items that were judged"
    )

    class Meta:
        model = GateResult
        fields = [
            "gate",
            "verdict",
            "effect",
            "reason",
            "value",
            "low",
            "high",
            "n",
            "threshold",
            "group",
            "details",
            "evidence",
            "clauses",
        ]
        read_only_fields = fields


class AttachedCondition(serializers.ModelSerializer[Condition]):
    class Meta:
        model = Condition
        fields = ["id", "text", "rule", "standing", "due_at", "on_breach", "state"]
        read_only_fields = fields


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    void = serializers.SerializerMethodField(help_text="true where a later round has begun since: it no longer counts")
    conditions = AttachedCondition(many=True, read_only=True, help_text="on which the approval was given")

    class Meta:
        model = Decision
        fields = [
            "id",
            "round",
            "void",
            "verdict",
            "role",
            "meaning",
            "reason",
            "conditions",
            "signer",
            "delegated_by",
            "printed_name",
            "signed_at",
            "signed_digest",
            "public_key",
            "signature",
            "personal_key",
            "personal_signature",
        ]
        read_only_fields = fields

    def get_void(self, decision: Decision) -> bool:
        return decision.round < decision.promotion.round


class NextStep(serializers.Serializer[Any]):
    role = serializers.CharField(help_text="who signs next")
    meaning = serializers.CharField(help_text="what that signature means")
    due_at = serializers.DateTimeField(allow_null=True)
    assignee = serializers.UUIDField(allow_null=True, help_text="who said that they look at it; anybody may still sign")


class Missing(serializers.Serializer[Any]):
    role = serializers.CharField()
    signatures = serializers.IntegerField()


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
            "approval",
            "round",
            "change_class",
            "headline",
            "revision",
            "created_at",
            "submitted_at",
            "due_at",
            "lapses_at",
            "decided_at",
            "valid_until",
            "stale_since",
        ]
        read_only_fields = fields


class PromotionDetail(PromotionSerializer):
    gates = serializers.SerializerMethodField(help_text="what they answered in this round, in the policy's order")
    decisions = DecisionSerializer(many=True, read_only=True, help_text="of every round, oldest first")
    next_step = serializers.SerializerMethodField(help_text="null where nobody needs to sign")
    missing = serializers.SerializerMethodField(help_text="the signatures that are still to come, in order")

    class Meta(PromotionSerializer.Meta):
        fields = [
            *PromotionSerializer.Meta.fields,
            "approval_reason",
            "artifact_digest",
            "dataset_digest",
            "policy_digest",
            "champion_digest",
            "context",
            "evidence_root",
            "evidence_digests",
            "record_digest",
            "gates",
            "decisions",
            "next_step",
            "missing",
        ]
        read_only_fields = fields

    @extend_schema_field(GateSerializer(many=True))
    def get_gates(self, promotion: PromotionRequest) -> Any:
        return GateSerializer(approvals.gates_of(promotion), many=True).data

    @extend_schema_field(NextStep(allow_null=True))
    def get_next_step(self, promotion: PromotionRequest) -> dict[str, Any] | None:
        progress = _progress(promotion)
        if progress is None or progress.next_step is None:
            return None
        step = progress.next_step
        task = next((one for one in promotion.tasks.all() if one.closed_at is None), None)
        assignee = task.assignee_id if task else None
        shown = {"role": step.role, "meaning": step.meaning, "due_at": promotion.due_at, "assignee": assignee}
        return NextStep(shown).data

    @extend_schema_field(Missing(many=True))
    def get_missing(self, promotion: PromotionRequest) -> list[dict[str, Any]]:
        progress = _progress(promotion)
        return [{"role": role, "signatures": count} for role, count in (progress.missing if progress else ())]


def _progress(promotion: PromotionRequest) -> Progress | None:
    """How far the signatures have come, while any are asked for."""
    if promotion.state != PromotionRequest.State.IN_REVIEW:
        return None
    return approvals.progress(promotion, promotion.decisions.all())
