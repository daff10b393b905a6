"""Alerts: alarms that people answer, what rules did about them, and in which order they ask for attention."""

from typing import Any

from django.db.models import F, FloatField, Prefetch, QuerySet, Value
from django.db.models.functions import Coalesce
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.models import Alert, AlertAction
from monitoring.services import alerts
from registry.api.base import Records, accepted, actor, expected_revision, parsed
from registry.api.decisions import Reason
from registry.api.pipelines import PipelineRunSerializer
from registry.models import Incident, Slot

#: How the list may be ordered. An alert whose impact nobody could estimate comes after all others.
ORDERINGS = {
    "newest": ("-id",),
    "impact": ("-cost", "-id"),
    "slot": ("place", "-cost", "-id"),
}
_NO_IMPACT = Value(float("-inf"), FloatField())
_ORDERING = OpenApiParameter(
    "ordering",
    enum=list(ORDERINGS),
    description="newest first (the default); by impact, the costliest first and those without an estimate last; or the "
    "alerts of one slot together, by impact within it",
)


class AlertActionSerializer(serializers.ModelSerializer[AlertAction]):
    class Meta:
        model = AlertAction
        fields = ["id", "rule", "action", "outcome", "detail", "created_at"]
        read_only_fields = fields


class AlertSerializer(serializers.ModelSerializer[Alert]):
    monitor_name = serializers.StringRelatedField[Any](source="monitor")
    slot = serializers.SlugRelatedField[Slot](source="monitor.slot", slug_field="key", read_only=True)
    actions = AlertActionSerializer(many=True, read_only=True, help_text="what rules did, each once")

    class Meta:
        model = Alert
        fields = [
            "id",
            "monitor",
            "monitor_name",
            "slot",
            "first_run",
            "last_run",
            "state",
            "title",
            "impact",
            "alarms",
            "in_a_row",
            "suppressed_until",
            "escalations",
            "escalate_at",
            "incident",
            "actions",
            "handled_by",
            "revision",
            "created_at",
        ]
        read_only_fields = fields


class Suppression(Reason):
    until = serializers.DateTimeField(help_text="when it is open again, at most 90 days away")


class IncidentOpening(Reason):
    severity = serializers.ChoiceField(choices=Incident.Severity.choices)


class AlertFilter(filters.FilterSet):
    monitor = filters.UUIDFilter(field_name="monitor_id")
    slot = filters.CharFilter(field_name="monitor__slot__key", help_text="the slot's key")
    system = filters.UUIDFilter(field_name="monitor__slot__system_id")
    kind = filters.CharFilter(field_name="monitor__kind", help_text="the kind of monitor")
    unresolved = filters.BooleanFilter(
        field_name="state", method="waiting", help_text="those that wait for a person, or those that do not"
    )

    class Meta:
        model = Alert
        fields = ["state"]

    def waiting(self, rows: QuerySet[Alert], name: str, value: bool) -> QuerySet[Alert]:
        resolved = {name: Alert.State.RESOLVED}
        return rows.exclude(**resolved) if value else rows.filter(**resolved)


def _answered(name: str, summary: str, reason: str) -> Any:
    return extend_schema(
        operation_id=f"alerts_{name}",
        summary=summary,
        request=Reason,
        responses={200: AlertSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": reason}, request_only=True)],
    )


@extend_schema_view(
    list=extend_schema(operation_id="alerts_list", summary="List alerts", parameters=[_ORDERING]),
    retrieve=extend_schema(operation_id="alerts_get", summary="Read one alert"),
    acknowledge=_answered("acknowledge", "Take an open alert on", "I look into it."),
    resolve=_answered("resolve", "Close an alert with the reason", "A sensor was replaced."),
)
class Alerts(Records):
    """One unresolved alert for each monitor, however often it fires."""

    queryset = Alert.objects.select_related("monitor__slot__system").prefetch_related(
        Prefetch("actions", AlertAction.objects.order_by("pk"))
    )
    serializer_class = AlertSerializer
    system_path = "monitor__slot__system"
    filterset_class = AlertFilter

    def get_queryset(self) -> QuerySet[Alert]:
        """With what the orderings go by."""
        return super().get_queryset().annotate(cost=Coalesce("impact", _NO_IMPACT), place=F("monitor__slot__key"))

    @property
    def page_ordering(self) -> tuple[str, ...]:
        asked = self.request.query_params.get("ordering", "newest")
        if asked not in ORDERINGS:
            raise serializers.ValidationError({"ordering": f"It is one of {', '.join(ORDERINGS)}."})
        return ORDERINGS[asked]

    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        return self.shown(alerts.acknowledge(self.get_object(), **body, revision=revision, actor=actor(request)))

    @extend_schema(
        operation_id="alerts_suppress",
        summary="Let an alert be silent until a time: it neither tells nor does anything, then it is open again",
        request=Suppression,
        responses={200: AlertSerializer},
        examples=[
            OpenApiExample(
                "Until the feed is mended",
                value={"reason": "The feed is mended on Friday.", "until": "2026-12-04T12:00:00Z"},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"])
    def suppress(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Suppression, request), expected_revision(request)
        return self.shown(alerts.suppress(self.get_object(), **body, revision=revision, actor=actor(request)))

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        return self.shown(alerts.resolve(self.get_object(), **body, revision=revision, actor=actor(request)))

    @extend_schema(
        operation_id="alerts_open_incident",
        summary="Open an incident for an alert, or join the one of its monitor",
        request=IncidentOpening,
        responses={200: AlertSerializer},
        examples=[
            OpenApiExample(
                "People were turned away",
                value={"reason": "212 people were scored with months as years.", "severity": "major"},
                request_only=True,
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path="open-incident")
    def open_incident(self, request: Request, pk: str) -> Response:
        body, revision = parsed(IncidentOpening, request), expected_revision(request)
        return self.shown(alerts.open_incident(self.get_object(), **body, revision=revision, actor=actor(request)))

    @extend_schema(
        operation_id="alerts_retrain",
        summary="Start the monitor's pipeline for an alert: a candidate and a draft request, once",
        request=Reason,
        responses={202: PipelineRunSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "The market has moved."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def retrain(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        run = alerts.retrain(self.get_object(), **body, revision=revision, actor=actor(request))
        return accepted(PipelineRunSerializer(run), view_name="pipeline-runs-detail")
