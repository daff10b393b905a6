"""What reviewers and auditors read about a decision: the gates' answers, the signatures, and who must sign next."""

from typing import Any

from rest_framework import serializers

from registry.models import Decision, GateResult


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(help_text="in your own words; the log holds only a commitment to it")


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


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    class Meta:
        model = Decision
        fields = [
            "id",
            "verdict",
            "role",
            "meaning",
            "reason",
            "signer",
            "printed_name",
            "signed_at",
            "signed_digest",
            "public_key",
            "signature",
        ]
        read_only_fields = fields


class NextStep(serializers.Serializer[Any]):
    role = serializers.CharField(help_text="who signs next")
    meaning = serializers.CharField(help_text="what that signature means")
    due_at = serializers.DateTimeField(allow_null=True)


class Missing(serializers.Serializer[Any]):
    role = serializers.CharField()
    signatures = serializers.IntegerField()
