"""Monitors: what is watched, and what each look found."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.models import Monitor, MonitorRun
from monitoring.services import monitors
from registry.api.base import Records, Reference, actor, expected_revision, parsed
from registry.api.slots import SlotKey
from registry.models import Pipeline, Slot

_EXAMPLE = {
    "slot": "employment-screening.production.champion",
    "kind": "drift",
    "name": "inputs",
    "parameters": {"fdr": 0.05},
    "cadence_seconds": 86400,
}
_CHANGE = {"cadence_seconds": 604800, "reason": "Few answers come in a day."}
_PARAMETERS = "by name; GET /api/v1/monitor-kinds lists what each kind takes, with bounds and defaults"
_PIPELINE = "what an alarm starts: a candidate and a draft request"
_LONGEST_CADENCE = 366 * 86400


class MonitorSerializer(serializers.ModelSerializer[Monitor]):
    slot = serializers.SlugRelatedField[Slot](slug_field="key", read_only=True)
    parameters = serializers.DictField(read_only=True)

    class Meta:
        model = Monitor
        fields = [
            "id",
            "slot",
            "kind",
            "arm",
            "name",
            "parameters",
            "cadence_seconds",
            "pipeline",
            "enabled",
            "created_by",
            "revision",
            "next_due_at",
            "created_at",
        ]
        read_only_fields = fields


class MonitorCreation(serializers.Serializer[Any]):
    slot = SlotKey(help_text="the slot's key")
    kind = serializers.ChoiceField(choices=Monitor.Kind.choices)
    arm = serializers.ChoiceField(
        choices=Monitor.Arm.choices, required=False, help_text="whose answers are read; left out: the champion's"
    )
    name = serializers.CharField(max_length=100)
    parameters = serializers.DictField(required=False, help_text=_PARAMETERS)
    cadence_seconds = serializers.IntegerField(min_value=1, max_value=_LONGEST_CADENCE)
    pipeline = Reference(queryset=Pipeline.objects.all(), required=False, help_text=_PIPELINE)


class MonitorChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    parameters = serializers.DictField(required=False, help_text=f"all of them anew, {_PARAMETERS}")
    cadence_seconds = serializers.IntegerField(min_value=1, max_value=_LONGEST_CADENCE, required=False)
    enabled = serializers.BooleanField(required=False)
    pipeline = Reference(queryset=Pipeline.objects.all(), required=False, allow_null=True, help_text=_PIPELINE)
    reason = serializers.CharField(required=False, help_text="why, for the record")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() - {"reason"}:
            raise serializers.ValidationError("Say what shall change.")
        return attrs


class MonitorRunSerializer(serializers.ModelSerializer[MonitorRun]):
    class Meta:
        model = MonitorRun
        fields = [
            "id",
            "monitor",
            "model_version",
            "due_at",
            "window_from",
            "window_to",
            "n",
            "verdict",
            "reason",
            "impact",
            "report_digest",
            "created_at",
        ]
        read_only_fields = fields


class MonitorRunDetail(MonitorRunSerializer):
    report = serializers.DictField(read_only=True, help_text="every figure with its interval and n")

    class Meta(MonitorRunSerializer.Meta):
        fields = [*MonitorRunSerializer.Meta.fields, "report"]
        read_only_fields = fields


class MonitorFilter(filters.FilterSet):
    slot = filters.CharFilter(field_name="slot__key", help_text="the slot's key")

    class Meta:
        model = Monitor
        fields = ["kind", "arm", "name", "enabled"]


class MonitorRunFilter(filters.FilterSet):
    monitor = filters.UUIDFilter(field_name="monitor_id")
    slot = filters.CharFilter(field_name="monitor__slot__key", help_text="the slot's key")
    model_version = filters.UUIDFilter(field_name="model_version_id", help_text="whose answers were read")

    class Meta:
        model = MonitorRun
        fields = ["verdict"]


@extend_schema_view(
    list=extend_schema(operation_id="monitors_list", summary="List monitors"),
    retrieve=extend_schema(operation_id="monitors_get", summary="Read one monitor"),
)
class Monitors(Records):
    """Checks of one slot that run on a schedule."""

    queryset = Monitor.objects.select_related("slot__system")
    serializer_class = MonitorSerializer
    system_path = "slot__system"
    filterset_class = MonitorFilter

    @extend_schema(
        operation_id="monitors_create",
        summary="Watch a slot by one more check",
        request=MonitorCreation,
        responses={201: MonitorSerializer},
        examples=[OpenApiExample("Input drift, daily", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(MonitorCreation, request)
        return self.shown(monitors.create(**body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="monitors_change",
        summary="Let a monitor look otherwise from its next look on",
        request=MonitorChange,
        responses={200: MonitorSerializer},
        examples=[OpenApiExample("Less often", value=_CHANGE, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        changes, revision = parsed(MonitorChange, request), expected_revision(request)
        reason = changes.pop("reason", "")
        changed = monitors.change(
            self.get_object(), changes=changes, revision=revision, actor=actor(request), reason=reason
        )
        return self.shown(changed)

    @extend_schema(
        operation_id="monitors_run",
        summary="Ask a worker to look now, beside the schedule",
        request=None,
        responses={202: MonitorSerializer},
    )
    @action(detail=True, methods=["post"])
    def run(self, request: Request, pk: str) -> Response:
        monitors.run_now(self.get_object(), actor=actor(request))
        return self.shown(self.get_object(), status=202)


@extend_schema_view(
    list=extend_schema(operation_id="monitor_runs_list", summary="List the looks of monitors"),
    retrieve=extend_schema(operation_id="monitor_runs_get", summary="Read one look, with its report"),
)
class MonitorRuns(Records):
    """Each look: the window it read, the figures, one verdict."""

    queryset = MonitorRun.objects.all()
    serializer_class = MonitorRunSerializer
    detail_serializer_class = MonitorRunDetail
    system_path = "monitor__slot__system"
    filterset_class = MonitorRunFilter
