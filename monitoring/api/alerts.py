"""Alerts: alarms that people answer."""

from typing import Any

from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from monitoring.models import Alert
from monitoring.services import alerts
from registry.api.base import Records, actor, expected_revision, parsed
from registry.api.decisions import Reason


class AlertSerializer(serializers.ModelSerializer[Alert]):
    monitor_name = serializers.StringRelatedField[Any](source="monitor")

    class Meta:
        model = Alert
        fields = [
            "id",
            "monitor",
            "monitor_name",
            "first_run",
            "last_run",
            "state",
            "title",
            "handled_by",
            "revision",
            "created_at",
        ]
        read_only_fields = fields


class AlertFilter(filters.FilterSet):
    monitor = filters.UUIDFilter(field_name="monitor_id")
    slot = filters.CharFilter(field_name="monitor__slot__key", help_text="the slot's key")

    class Meta:
        model = Alert
        fields = ["state"]


@extend_schema_view(
    list=extend_schema(operation_id="alerts_list", summary="List alerts"),
    retrieve=extend_schema(operation_id="alerts_get", summary="Read one alert"),
)
class Alerts(Records):
    """One unresolved alert for each monitor, however often it fires."""

    queryset = Alert.objects.select_related("monitor__slot__system")
    serializer_class = AlertSerializer
    system_path = "monitor__slot__system"
    filterset_class = AlertFilter

    @extend_schema(
        operation_id="alerts_acknowledge",
        summary="Take an open alert on",
        request=Reason,
        responses={200: AlertSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "I look into it."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        return self.shown(alerts.acknowledge(self.get_object(), **body, revision=revision, actor=actor(request)))

    @extend_schema(
        operation_id="alerts_resolve",
        summary="Close an alert with the reason",
        request=Reason,
        responses={200: AlertSerializer},
        examples=[OpenApiExample("With a reason", value={"reason": "A sensor was replaced."}, request_only=True)],
    )
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        body, revision = parsed(Reason, request), expected_revision(request)
        return self.shown(alerts.resolve(self.get_object(), **body, revision=revision, actor=actor(request)))
