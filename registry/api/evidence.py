"""Evidence: sets under one Merkle root, and the figures in them."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from registry import records
from registry.api.base import Records
from registry.models import EvidenceItem, EvidenceSet


class EvidenceSetSerializer(serializers.ModelSerializer[EvidenceSet]):
    class Meta:
        model = EvidenceSet
        fields = [
            "id",
            "model_version",
            "dataset_version",
            "evaluation",
            "artifact_digest",
            "dataset_digest",
            "against_digest",
            "root",
            "produced_by",
            "tool",
            "created_at",
        ]
        read_only_fields = fields


class EvidenceItemSerializer(serializers.ModelSerializer[EvidenceItem]):
    class Meta:
        model = EvidenceItem
        fields = [
            "id",
            "set",
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
            "fields",
            "digest",
            "created_at",
        ]
        read_only_fields = fields


class EvidenceItemDetail(EvidenceItemSerializer):
    record = serializers.SerializerMethodField(
        help_text="the document whose canonical JSON (RFC 8785) has `digest` as its SHA-256"
    )

    class Meta(EvidenceItemSerializer.Meta):
        fields = [*EvidenceItemSerializer.Meta.fields, "record"]
        read_only_fields = fields

    def get_record(self, item: EvidenceItem) -> dict[str, Any]:
        return records.evidence_item(item, item.set)


class EvidenceFilter(filters.FilterSet):
    """By what was measured, and on what."""

    # By the bare id: a choice among rows would tell which ids exist in systems that the reader may not see.
    set = filters.UUIDFilter()
    model_version = filters.UUIDFilter(field_name="set__model_version")
    dataset_version = filters.UUIDFilter(field_name="set__dataset_version")
    evaluation = filters.UUIDFilter(field_name="set__evaluation")

    class Meta:
        model = EvidenceItem
        fields = ["kind", "metric", "split", "attribute", "group", "digest"]


class EvidenceSetFilter(filters.FilterSet):
    model_version = filters.UUIDFilter()
    dataset_version = filters.UUIDFilter()
    evaluation = filters.UUIDFilter()

    class Meta:
        model = EvidenceSet
        fields = ["root"]


@extend_schema_view(
    list=extend_schema(operation_id="evidence_sets_list", summary="List evidence sets"),
    retrieve=extend_schema(operation_id="evidence_sets_get", summary="Read one evidence set with its root"),
)
class EvidenceSets(Records):
    """Outcomes of measurements, each committed to by one root."""

    queryset = EvidenceSet.objects.all()
    serializer_class = EvidenceSetSerializer
    system_path = "dataset_version__dataset__system"
    filterset_class = EvidenceSetFilter


@extend_schema_view(
    list=extend_schema(operation_id="evidence_list", summary="List figures and verdicts"),
    retrieve=extend_schema(operation_id="evidence_get", summary="Read one figure with its canonical record"),
)
class Evidence(Records):
    """Figures with their intervals and n, and verdicts; never changed once recorded."""

    queryset = EvidenceItem.objects.select_related("set")
    serializer_class = EvidenceItemSerializer
    detail_serializer_class = EvidenceItemDetail
    system_path = "set__dataset_version__dataset__system"
    filterset_class = EvidenceFilter
