"""Datasets, deliveries of data, and the versions they became."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from registry import grammars
from registry.api.base import Records, Reference, accepted, actor, parsed
from registry.api.jobs import PROGRESS, Jobs, doors
from registry.models import AISystem, Dataset, DatasetVersion, Ingestion, User
from registry.services import datasets

_MEDIA_TYPES = {
    Ingestion.Format.CSV: "text/csv",
    Ingestion.Format.PARQUET: "application/vnd.apache.parquet",
    Ingestion.Format.JSONL: "application/jsonl",
    Ingestion.Format.IMAGES: "application/zip",
}
_EXAMPLE = {
    "system": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a01",
    "name": "census-ma",
    "description": "American Community Survey, Massachusetts, 2015.",
    "licence": "CC0-1.0",
    "sensitive_columns": ["SEX", "RAC1P"],
    "contract": {"columns": {"AGEP": {"type": "integer", "minimum": 0, "maximum": 120}}, "minimum_rows": 1000},
}
_DELIVERY = {"file": "rows.csv", "format": "csv"}


class DatasetSerializer(serializers.ModelSerializer[Dataset]):
    class Meta:
        model = Dataset
        fields = [
            "id",
            "system",
            "name",
            "description",
            "licence",
            "purpose",
            "personal_columns",
            "sensitive_columns",
            "subject_column",
            "labelled_by",
            "contract",
            "contract_digest",
            "created_at",
        ]
        read_only_fields = fields


class DatasetRegistration(serializers.Serializer[Any]):
    system = Reference(queryset=AISystem.objects.all(), system_path="pk")
    name = serializers.CharField(help_text="lower-case letters, digits, hyphens and dots")
    licence = serializers.CharField(help_text="under which the data may be used, best as an SPDX identifier")
    description = serializers.CharField(required=False, allow_blank=True)
    sensitive_columns = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        max_length=100,
        help_text="kept for fairness evaluation, never taken as features",
    )
    purpose = serializers.CharField(
        required=False, allow_blank=True, help_text="why personal data are held; without one they are refused"
    )
    personal_columns = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        max_length=1000,
        help_text="declared to hold personal data; their values are never shown",
    )
    subject_column = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="tells one person from another: every version is then searchable for whom it holds",
    )
    labelled_by = serializers.PrimaryKeyRelatedField(
        queryset=User.objects.all(), required=False, allow_null=True, help_text="who leads the labelling"
    )
    contract = serializers.DictField(required=False, help_text="what every version must keep; none by default")


class IngestionSerializer(serializers.ModelSerializer[Ingestion]):
    source_digest = serializers.SerializerMethodField(
        help_text="of the file as delivered; none where a worker read it from a source"
    )
    dataset_version = serializers.PrimaryKeyRelatedField[DatasetVersion](
        source="version", read_only=True, allow_null=True, help_text="what the delivery became, once it has succeeded"
    )

    class Meta:
        model = Ingestion
        fields = [
            "id",
            "dataset",
            "source_name",
            "source_digest",
            "data_source",
            "position",
            "format",
            "dataset_version",
            *PROGRESS,
        ]
        read_only_fields = fields

    def get_source_digest(self, row: Ingestion) -> str | None:
        return row.source.digest if row.source else None


class Delivery(serializers.Serializer[Any]):
    file = serializers.FileField(help_text="the rows, as they were received")
    format = serializers.ChoiceField(choices=Ingestion.Format.choices)


class DatasetVersionSerializer(serializers.ModelSerializer[DatasetVersion]):
    name = serializers.CharField(source="__str__", read_only=True, help_text="the dataset's name and the number")

    class Meta:
        model = DatasetVersion
        fields = [
            "id",
            "name",
            "dataset",
            "number",
            "ingestion",
            "digest",
            "row_count",
            "media",
            "contract_digest",
            "contract_verdict",
            "uploaded_by",
            "created_at",
        ]
        read_only_fields = fields


class DatasetVersionDetail(DatasetVersionSerializer):
    class Meta(DatasetVersionSerializer.Meta):
        fields = [*DatasetVersionSerializer.Meta.fields, "schema", "profile"]
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(operation_id="datasets_list", summary="List datasets"),
    retrieve=extend_schema(operation_id="datasets_get", summary="Read one dataset"),
)
class Datasets(Records):
    """Sources of rows with their licence, sensitive columns and contract."""

    queryset = Dataset.objects.select_related("system")
    serializer_class = DatasetSerializer
    filterset_fields = ["system", "name"]

    @extend_schema(
        operation_id="datasets_register",
        summary="Open a dataset",
        request=DatasetRegistration,
        responses={201: DatasetSerializer},
        examples=[OpenApiExample("Census rows", value=_EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        body = parsed(DatasetRegistration, request)
        grammars.check("contract", body.get("contract", {}))
        return self.shown(datasets.register(**body, actor=actor(request)), status=201)

    @extend_schema(
        operation_id="datasets_ingest",
        summary="Deliver a file to become the dataset's next version",
        request={"multipart/form-data": Delivery},
        responses={202: IngestionSerializer},
        examples=[OpenApiExample("A CSV file", value=_DELIVERY, request_only=True, media_type="multipart/form-data")],
    )
    @action(detail=True, methods=["post"], parser_classes=[MultiPartParser])
    def ingestions(self, request: Request, pk: str) -> Response:
        body = parsed(Delivery, request)
        ingestion = datasets.ingest(
            self.get_object(),
            source=body["file"],
            name=body["file"].name,
            format=body["format"],
            media_type=_MEDIA_TYPES[body["format"]],
            actor=actor(request),
        )
        return accepted(IngestionSerializer(ingestion), view_name="ingestions-detail")


@doors("ingestions", of="an ingestion", shown=IngestionSerializer)
@extend_schema_view(
    list=extend_schema(operation_id="ingestions_list", summary="List deliveries"),
    retrieve=extend_schema(operation_id="ingestions_get", summary="Watch one delivery"),
)
class Ingestions(Jobs):
    """Deliveries and how far their workers have come."""

    queryset = Ingestion.objects.select_related("source", "version")
    serializer_class = IngestionSerializer
    system_path = "dataset__system"
    filterset_fields = ["dataset", "state"]


@extend_schema_view(
    list=extend_schema(operation_id="dataset_versions_list", summary="List dataset versions"),
    retrieve=extend_schema(
        operation_id="dataset_versions_get", summary="Read one dataset version with its schema and profile"
    ),
)
class DatasetVersions(Records):
    """Rows that never change again, by the digest of their bytes."""

    queryset = DatasetVersion.objects.select_related("dataset")
    serializer_class = DatasetVersionSerializer
    detail_serializer_class = DatasetVersionDetail
    system_path = "dataset__system"
    filterset_fields = ["dataset", "number", "digest", "contract_verdict"]
