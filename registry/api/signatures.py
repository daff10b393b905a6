"""Signatures on records that are no promotion request, as readers and verifiers see them."""

from typing import Any

from rest_framework import serializers

from registry.models import Signature


class SignatureSerializer(serializers.ModelSerializer[Signature]):
    verdict = serializers.CharField(source="statement.verdict", read_only=True)

    class Meta:
        model = Signature
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
            "statement",
            "public_key",
            "signature",
            "personal_key",
            "personal_signature",
        ]
        read_only_fields = fields


def shown(subject: str, identity: Any) -> list[dict[str, Any]]:
    """The signatures on one record, oldest first."""
    rows = Signature.objects.filter(subject_type=subject, subject_id=identity).order_by("id")
    return list(SignatureSerializer(rows, many=True).data)
