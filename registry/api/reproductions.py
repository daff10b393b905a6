"""Reproductions: runs done again, and what came out the same. They are asked for where the run is."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from registry.api.jobs import PROGRESS, Jobs, doors
from registry.models import Reproduction


class ReproductionSerializer(serializers.ModelSerializer[Reproduction]):
    verdict = serializers.ChoiceField(
        choices=Reproduction.Verdict.choices, allow_blank=True, read_only=True, help_text="empty until there is one"
    )

    class Meta:
        model = Reproduction
        fields = ["id", "run", "verdict", "first_difference", *PROGRESS]
        read_only_fields = fields


class ReproductionDetail(ReproductionSerializer):
    class Meta(ReproductionSerializer.Meta):
        fields = [*ReproductionSerializer.Meta.fields, "compared", "environment"]
        read_only_fields = fields


@doors("reproductions", of="a reproduction", shown=ReproductionDetail)
@extend_schema_view(
    list=extend_schema(operation_id="reproductions_list", summary="List reproductions"),
    retrieve=extend_schema(operation_id="reproductions_get", summary="Read one reproduction, step by step"),
)
class Reproductions(Jobs):
    """Certificates: bit-identical, within tolerance, or different and where first."""

    queryset = Reproduction.objects.select_related("run__model__system")
    serializer_class = ReproductionSerializer
    detail_serializer_class = ReproductionDetail
    system_path = "run__model__system"
    filterset_fields = ["run", "verdict", "state"]
