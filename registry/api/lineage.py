"""Lineage: where a record comes from and what came of it, as data, as a table and as a picture."""

import csv
import io
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry import permissions
from registry.api.base import Reference, actor, parsed, signed_in
from registry.api.spreadsheets import harmless
from registry.models import Dataset, ModelVersion
from registry.services.lineage import drawing, graph, subjects
from registry.services.lineage.kinds import KINDS, Key

_PERSON = {"person": "p-1024", "dataset": "0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a02"}


class Walk(serializers.Serializer[Any]):
    of = serializers.CharField(help_text="kind:id, as in model_version:0199f7a5-0f7e-7c36-9d6c-2f2f4e1f6a04")
    direction = serializers.ChoiceField(choices=[(one, one) for one in graph.DIRECTIONS], default="both")
    depth = serializers.IntegerField(min_value=1, max_value=graph.MAX_DEPTH, default=graph.MAX_DEPTH)

    def validate_of(self, value: str) -> Key:
        kind, _, identity = value.partition(":")
        if kind not in KINDS:
            raise serializers.ValidationError(f"Name a kind and an id; the kinds are {', '.join(KINDS)}.")
        if kind != "code":
            try:
                UUID(identity)
            except ValueError as error:
                raise serializers.ValidationError("The id is not a UUID.") from error
        return Key(kind, identity)


class NodeSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(source="key.kind")
    id = serializers.CharField(source="key.id")
    name = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    path = serializers.CharField(help_text="where the API shows it; empty where it stands in another record")
    facts = serializers.DictField(child=serializers.CharField())


class EdgeSerializer(serializers.Serializer[Any]):
    cause = serializers.SerializerMethodField(help_text="kind:id")
    edge = serializers.CharField(source="label", help_text="what the cause did to the effect, in words")
    effect = serializers.SerializerMethodField(help_text="kind:id")

    def get_cause(self, edge: graph.Edge) -> str:
        return f"{edge.source.kind}:{edge.source.id}"

    def get_effect(self, edge: graph.Edge) -> str:
        return f"{edge.target.kind}:{edge.target.id}"


class GraphSerializer(serializers.Serializer[Any]):
    complete = serializers.BooleanField(help_text="false where there is more than is shown")
    nodes = NodeSerializer(many=True)
    edges = EdgeSerializer(many=True)


class LearnerSerializer(serializers.ModelSerializer[ModelVersion]):
    name = serializers.CharField(source="__str__", read_only=True)
    dataset_version_name = serializers.StringRelatedField[Any](source="dataset_version")

    class Meta:
        model = ModelVersion
        fields = ["id", "name", "model", "lifecycle", "dataset_version", "dataset_version_name"]
        read_only_fields = fields


class Learned(serializers.Serializer[Any]):
    model_versions = LearnerSerializer(many=True)


class OfDataset(serializers.Serializer[Any]):
    dataset = Reference(queryset=Dataset.objects.all())


class OfPerson(serializers.Serializer[Any]):
    person = serializers.CharField(
        write_only=True, trim_whitespace=False, max_length=1000, help_text="the value of the dataset's subject column"
    )
    dataset = Reference(queryset=Dataset.objects.select_related("system"), required=False)


class SvgRenderer(BaseRenderer):
    """Only announces the picture; the view hands it out itself."""

    media_type = "image/svg+xml"
    format = "svg"


class CsvRenderer(BaseRenderer):
    """Only announces the table; the view hands it out itself."""

    media_type = "text/csv"
    format = "csv"


class Lineage(APIView):
    """Data, code, runs, versions, evidence, decisions, slots and predictions as one graph."""

    @extend_schema(
        operation_id="lineage_get",
        summary="What a record comes from (up), what came of it (down), or both",
        parameters=[Walk],
        responses={200: GraphSerializer},
    )
    def get(self, request: Request) -> Response:
        found, _ = _walked(request)
        nodes = [found.nodes[key] for key in sorted(found.nodes)]
        shown = {"complete": found.complete, "nodes": nodes, "edges": sorted(found.edges)}
        return Response(GraphSerializer(shown).data)


class Picture(APIView):
    """The same as a picture, without scripts; its description says every edge in words."""

    renderer_classes = (JSONRenderer, SvgRenderer)

    @extend_schema(
        operation_id="lineage_picture",
        summary="The lineage of a record as SVG",
        parameters=[Walk],
        responses={(200, "image/svg+xml"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        found, start = _walked(request)
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HttpResponse(drawing.svg(found, start=start), content_type="image/svg+xml", headers=headers)


class Table(APIView):
    """The same as a table of edges, for who does not see pictures."""

    renderer_classes = (JSONRenderer, CsvRenderer)

    @extend_schema(
        operation_id="lineage_table",
        summary="The lineage of a record as CSV, one edge a row",
        parameters=[Walk],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        rows, text = drawing.table(_walked(request)[0]), io.StringIO()
        writer = csv.DictWriter(text, list(drawing.COLUMNS))
        writer.writeheader()
        writer.writerows(harmless(row) for row in rows)
        return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")


class LearnedFrom(APIView):
    """Which models learned from a dataset, or from a person."""

    @extend_schema(
        operation_id="lineage_learned_from_dataset",
        summary="Every model version that learned from a dataset",
        parameters=[OfDataset],
        responses={200: Learned},
    )
    def get(self, request: Request) -> Response:
        query = OfDataset(data=request.query_params, context={"request": request})
        query.is_valid(raise_exception=True)
        return Response(Learned({"model_versions": subjects.learned_from(query.validated_data["dataset"])}).data)

    @extend_schema(
        operation_id="lineage_learned_from_person",
        summary="Every model version whose training data held a person; for who handles erasures",
        request=OfPerson,
        responses={200: Learned},
        examples=[OpenApiExample("By the subject column's value", value=_PERSON, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """In the body and not in the address: addresses are logged on their way, and a person's key must not be."""
        body, visible = parsed(OfPerson, request), permissions.visible_systems(signed_in(request))
        found = subjects.learned_from_person(body.pop("person"), **body, among=visible, actor=actor(request))
        return Response(Learned({"model_versions": found}).data, headers={"Cache-Control": "no-store"})


def _walked(request: Request) -> tuple[graph.Graph, Key]:
    query = Walk(data=request.query_params)
    query.is_valid(raise_exception=True)
    asked = query.validated_data
    visible = permissions.visible_systems(signed_in(request))
    try:
        return graph.of(asked["of"], direction=asked["direction"], depth=asked["depth"], among=visible), asked["of"]
    except graph.NoSuchNode as error:
        raise exceptions.NotFound("There is no such record.") from error
