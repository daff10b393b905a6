"""Calibrations: how often each monitor rings without a reason, and how soon it rings with one, as measured."""

from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from monitoring.models import Calibration
from registry.api.base import Records


class CalibrationSerializer(serializers.ModelSerializer[Calibration]):
    class Meta:
        model = Calibration
        fields = [
            "id",
            "monitor",
            "model_version",
            "definition",
            "looks",
            "false_alarms",
            "low",
            "high",
            "stated",
            "report_digest",
            "created_at",
        ]
        read_only_fields = fields


class CalibrationDetail(CalibrationSerializer):
    report = serializers.DictField(read_only=True, help_text="the looks that each injected shift took to ring")

    class Meta(CalibrationSerializer.Meta):
        fields = [*CalibrationSerializer.Meta.fields, "report"]
        read_only_fields = fields


class CalibrationFilter(filters.FilterSet):
    monitor = filters.UUIDFilter(field_name="monitor_id")
    model_version = filters.UUIDFilter(field_name="model_version_id", help_text="whose rows were replayed")

    class Meta:
        model = Calibration
        fields: list[str] = []


@extend_schema_view(
    list=extend_schema(operation_id="calibrations_list", summary="List the calibrations of monitors"),
    retrieve=extend_schema(operation_id="calibrations_get", summary="Read one calibration, with its report"),
)
class Calibrations(Records):
    """Measured once for each monitor, version and setting, by looks of the same code on replayed reference rows."""

    queryset = Calibration.objects.all()
    serializer_class = CalibrationSerializer
    detail_serializer_class = CalibrationDetail
    system_path = "monitor__slot__system"
    filterset_class = CalibrationFilter
