"""Sources: places that a dataset's versions are read from, on a schedule or on request."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import Records, Reference, accepted, actor, expected_revision, parsed
from registry.api.datasets import IngestionSerializer
from registry.models import Dataset, DataSource
from registry.services import sources

_DATASET = "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a02"
_LAKE = {
    "dataset": _DATASET,
    "name": "lake",
    "kind": "files",
    "settings": {"url": "s3://applications/2026/**/*.parquet", "format": "parquet"},
    "secrets": {"key_id": "file:credit/lake-key", "secret_key": "file:credit/lake-secret"},
    "interval_seconds": 3600,
}
_DATABASE = {
    "dataset": _DATASET,
    "name": "core banking",
    "kind": "database",
    "settings": {
        "host": "db.example.org",
        "database": "core",
        "user": "reader",
        "table": "applications",
        "watermark": "changed_at",
        "key": ["id"],
        "sslmode": "verify-full",
    },
    "secrets": {"password": "env:SOURCE__CREDIT__CORE"},
    "interval_seconds": 60,
}
_STREAM = {
    "dataset": _DATASET,
    "name": "decisions",
    "kind": "stream",
    "settings": {"host": "broker.example.org", "key": "decisions", "tls": True},
    "secrets": {"password": "env:SOURCE__CREDIT__BROKER"},
    "interval_seconds": 5,
}


class DataSourceSerializer(serializers.ModelSerializer[DataSource]):
    class Meta:
        model = DataSource
        fields = [
            "id",
            "dataset",
            "name",
            "kind",
            "settings",
            "secrets",
            "interval_seconds",
            "state",
            "position",
            "due_at",
            "registered_by",
            "created_at",
            "revision",
        ]
        read_only_fields = fields


class DataSourceRegistration(serializers.Serializer[Any]):
    dataset = Reference(queryset=Dataset.objects.select_related("system"))
    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=DataSource.Kind.choices)
    settings = serializers.DictField(help_text="what to read, by kind: docs/data.md; never a credential")
    secrets = serializers.DictField(
        child=serializers.CharField(max_length=300), required=False, help_text='references: "env:NAME" or "file:NAME"'
    )
    interval_seconds = serializers.IntegerField(
        required=False, allow_null=True, help_text="how often it is read by itself; on request only where empty"
    )


class DataSourceChange(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    settings = serializers.DictField(required=False)
    secrets = serializers.DictField(child=serializers.CharField(max_length=300), required=False)
    interval_seconds = serializers.IntegerField(required=False, allow_null=True)
    start_over = serializers.BooleanField(required=False, help_text="forget how far it has been read")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Say what shall change.")
        return attrs


@extend_schema_view(
    list=extend_schema(operation_id="sources_list", summary="List sources"),
    retrieve=extend_schema(operation_id="sources_get", summary="Read one source: what, how often, how far"),
)
class Sources(Records):
    """Places that data are read from by itself: files and lakes, databases, HTTP APIs, streams."""

    queryset = DataSource.objects.select_related("dataset__system")
    serializer_class = DataSourceSerializer
    system_path = "dataset__system"
    filterset_fields = ["dataset", "kind", "state", "name"]

    @extend_schema(
        operation_id="sources_register",
        summary="Read a dataset's versions from a place",
        request=DataSourceRegistration,
        responses={201: DataSourceSerializer},
        examples=[
            OpenApiExample("A lake, every hour", value=_LAKE, request_only=True),
            OpenApiExample("A table, what is new each minute", value=_DATABASE, request_only=True),
            OpenApiExample("A stream, in micro-batches", value=_STREAM, request_only=True),
        ],
    )
    def create(self, request: Request) -> Response:
        body = parsed(DataSourceRegistration, request)
        return self.shown(sources.register(body.pop("dataset"), **body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="sources_update",
        summary="Change a source; it goes on from its position, or starts over",
        request=DataSourceChange,
        responses={200: DataSourceSerializer},
        examples=[OpenApiExample("Less often", value={"interval_seconds": 86400}, request_only=True)],
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        changes, revision = parsed(DataSourceChange, request), expected_revision(request)
        start_over = changes.pop("start_over", False)
        source = self.get_object()
        changed = sources.change(
            source, changes=changes, revision=revision, start_over=start_over, actor=actor(request)
        )
        return self.shown(changed)

    @extend_schema(
        operation_id="sources_read",
        summary="Read what is new now",
        request=None,
        responses={202: IngestionSerializer},
    )
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        ingestion = sources.read_now(self.get_object(), actor=actor(request))
        return accepted(IngestionSerializer(ingestion), view_name="ingestions-detail")

    @extend_schema(
        operation_id="sources_pause",
        summary="Read nothing for now",
        request=None,
        responses={200: DataSourceSerializer},
    )
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self.shown(sources.pause(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="sources_resume",
        summary="Read again, from where it stopped",
        request=None,
        responses={200: DataSourceSerializer},
    )
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self.shown(sources.resume(self.get_object(), actor=actor(request)))

    @extend_schema(
        operation_id="sources_retire",
        summary="Never read it again; its past stays",
        request=None,
        responses={200: DataSourceSerializer},
    )
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        return self.shown(sources.retire(self.get_object(), actor=actor(request)))
