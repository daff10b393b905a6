"""The inventory as a whole: every system and model, what serves where, since when and by whose signature."""

import csv
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from registry import permissions
from registry.api.base import signed_in
from registry.api.spreadsheets import harmless
from registry.api.systems import SystemFilter, SystemSerializer
from registry.models import AISystem
from registry.services import inventory

_SYSTEMS = AISystem.objects.select_related("owner")


class ServingSerializer(serializers.Serializer[Any]):
    slot = serializers.CharField()
    arm = serializers.CharField(help_text="champion or canary")
    percent = serializers.IntegerField()
    version = serializers.UUIDField(source="version.pk")
    version_name = serializers.CharField(source="version")
    since = serializers.DateTimeField(allow_null=True)
    promotion = serializers.UUIDField(allow_null=True, help_text="null under break-glass")
    approval = serializers.CharField(help_text="the approval's word, or break-glass")
    valid_until = serializers.DateTimeField(allow_null=True)
    signed_by = serializers.ListField(child=serializers.CharField())


class LineSerializer(serializers.Serializer[Any]):
    model = serializers.UUIDField(source="model.pk")
    name = serializers.CharField(source="model.name")
    use = serializers.CharField(help_text="in development, in use, or retired")
    versions = serializers.IntegerField()
    retired = serializers.IntegerField()
    open_findings = serializers.IntegerField()
    serving = ServingSerializer(many=True)


class EntrySerializer(serializers.Serializer[Any]):
    system = SystemSerializer()
    owner_name = serializers.CharField(source="system.owner")
    open_incidents = serializers.IntegerField()
    models = LineSerializer(many=True)


class CsvRenderer(BaseRenderer):
    """Only announces that a table can be had; the view hands out the text itself."""

    media_type = "text/csv"
    format = "csv"


class Inventory(GenericViewSet[Any]):
    """Every system you may read, with its models: in development, in use and retired."""

    queryset = _SYSTEMS
    serializer_class = EntrySerializer
    filterset_class = SystemFilter

    def get_queryset(self) -> Any:
        return _SYSTEMS.filter(pk__in=permissions.visible_systems(signed_in(self.request)))

    @extend_schema(
        operation_id="inventory_list",
        summary="Every system and model: what serves where, since when, by whose signature, until when",
        responses=EntrySerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(EntrySerializer(inventory.of(page or ()), many=True).data)

    @extend_schema(
        operation_id="inventory_table",
        summary="The whole inventory as CSV, retired models included",
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    @action(detail=False, url_path="table", renderer_classes=[JSONRenderer, CsvRenderer])
    def table(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        rows = self.filter_queryset(self.get_queryset().order_by("name"))
        headers = {"Content-Disposition": 'attachment; filename="inventory.csv"'}
        return StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8", headers=headers)


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(rows: Any) -> Iterator[str]:
    writer: Any = csv.DictWriter(_Echo(), inventory.COLUMNS, restval="")
    yield writer.writeheader()
    for row in inventory.table(inventory.of(rows)):
        yield writer.writerow(harmless(row))
