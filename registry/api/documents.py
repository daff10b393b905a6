"""Documents read from the records, exports in the field's standards, and the texts that people add."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from registry.api import renderers
from registry.api.base import Records, actor, parsed
from registry.api.decisions import Signed, credentials
from registry.models import CardText, DatasetVersion, ModelVersion, PromotionRequest
from registry.services.documents import (
    cards,
    datasheets,
    decision_records,
    exports,
    model_cards,
    pages,
    verifying,
)
from registry.services.documents.exports import Form

_TEXT = {
    "section": "intended_use",
    "text": "Ranks applications for a person who decides. It is not meant to decide by itself.",
    "reason": "The first text.",
    "password": "the signer's own",
    "code": "492039",
}
_FORMAT = OpenApiParameter(
    "format", str, enum=["json", "html", "md"], description="instead of Accept; the page itself is `html` or `md`"
)
#: A page of ours needs its own style and nothing else, whatever stands in it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"


_PAGE_ANSWERS = {
    (200, "application/json"): OpenApiTypes.OBJECT,
    (200, "text/html"): OpenApiTypes.STR,
    (200, "text/markdown"): OpenApiTypes.STR,
}


class CardTextSerializer(serializers.ModelSerializer[CardText]):
    class Meta:
        model = CardText
        fields = [
            "id",
            "subject_type",
            "subject_id",
            "section",
            "text",
            "role",
            "meaning",
            "printed_name",
            "signed_at",
            "signed_digest",
        ]
        read_only_fields = fields


class Writing(Signed):
    section = serializers.CharField(help_text="a section that only a person can write, such as intended_use")
    text = serializers.CharField(help_text="plain text; paragraphs are kept")
    reason = serializers.CharField(help_text="why you write or change it; the log holds only a commitment to it")


class PublicKeySerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    algorithm = serializers.CharField()
    key_id = serializers.CharField(help_text="SHA-256 of the PEM, as a signature's key id or hint")
    pem = serializers.CharField(help_text="SubjectPublicKeyInfo")
    signs = serializers.CharField(help_text="what it is used for")


def _answer(form: Form) -> dict[tuple[int, str], OpenApiTypes]:
    return {(200, form.media_type.partition(";")[0]): OpenApiTypes.OBJECT}


class ModelDocuments(Records):
    """What documents and standards say of a model version."""

    queryset = ModelVersion.objects.select_related("model__system__owner", "run", "dataset_version__dataset")
    system_path = "model__system"
    filter_backends = []

    @extend_schema(
        operation_id="model_versions_card",
        summary="Read the model card: every figure from its record, gaps marked",
        parameters=[_FORMAT],
        responses=_PAGE_ANSWERS,
    )
    def card(self, request: Request, pk: UUID) -> Response:
        return _page(model_cards.document(self.get_object()))

    @extend_schema(
        operation_id="model_versions_bom",
        summary="Export the bill of materials (CycloneDX 1.6 ML-BOM)",
        responses=_answer(exports.BOM),
    )
    def bom(self, request: Request, pk: UUID) -> HttpResponse:
        return _export(self.get_object(), exports.BOM, request)

    @extend_schema(
        operation_id="model_versions_statement",
        summary="Export how it was made (SLSA provenance v1 in a DSSE envelope)",
        responses=_answer(exports.PROVENANCE),
    )
    def statement(self, request: Request, pk: UUID) -> HttpResponse:
        return _export(self.get_object(), exports.PROVENANCE, request)

    @extend_schema(
        operation_id="model_versions_signature",
        summary="Export the signature on its file (OpenSSF Model Signing)",
        responses=_answer(exports.SIGNATURE),
    )
    def signature(self, request: Request, pk: UUID) -> HttpResponse:
        return _export(self.get_object(), exports.SIGNATURE, request)

    @extend_schema(
        operation_id="model_versions_file",
        summary="Export its file, as it was registered",
        responses={(200, renderers.FileRenderer.media_type): OpenApiTypes.BINARY},
    )
    def file(self, request: Request, pk: UUID) -> HttpResponse:
        data = exports.model_file(self.get_object(), actor=actor(request))
        return _attachment(data, renderers.FileRenderer.media_type, "model.onnx")

    @extend_schema(
        operation_id="model_versions_write",
        summary="Write and sign a section of the model card",
        request=Writing,
        responses={201: CardTextSerializer},
        examples=[OpenApiExample("Intended use", value=_TEXT, request_only=True)],
    )
    def texts(self, request: Request, pk: UUID) -> Response:
        return _written(self.get_object(), request)


class DatasetDocuments(Records):
    """What documents and standards say of a dataset version."""

    queryset = DatasetVersion.objects.select_related("dataset__system", "ingestion__source", "artifact", "uploaded_by")
    system_path = "dataset__system"
    filter_backends = []

    @extend_schema(
        operation_id="dataset_versions_datasheet",
        summary="Read the datasheet: every figure from its record, gaps marked",
        parameters=[_FORMAT],
        responses=_PAGE_ANSWERS,
    )
    def datasheet(self, request: Request, pk: UUID) -> Response:
        return _page(datasheets.document(self.get_object()))

    @extend_schema(
        operation_id="dataset_versions_croissant",
        summary="Export its description (Croissant 1.0 with RAI, JSON-LD)",
        responses=_answer(exports.CROISSANT),
    )
    def croissant(self, request: Request, pk: UUID) -> HttpResponse:
        return _export(self.get_object(), exports.CROISSANT, request)

    @extend_schema(
        operation_id="dataset_versions_write",
        summary="Write and sign a section of the datasheet",
        request=Writing,
        responses={201: CardTextSerializer},
        examples=[OpenApiExample("Motivation", value={**_TEXT, "section": "motivation"}, request_only=True)],
    )
    def texts(self, request: Request, pk: UUID) -> Response:
        return _written(self.get_object(), request)


class PromotionDocuments(Records):
    """What documents and standards say of a promotion request."""

    queryset = PromotionRequest.objects.select_related(
        "model_version__model", "model_version__dataset_version", "slot__system", "policy", "author"
    )
    system_path = "slot__system"
    filter_backends = []

    @extend_schema(
        operation_id="promotions_record",
        summary="Read the decision record: gates, every round of signatures, waivers, conditions, findings",
        parameters=[_FORMAT],
        responses=_PAGE_ANSWERS,
    )
    def record(self, request: Request, pk: UUID) -> Response:
        return _page(decision_records.document(self.get_object()))

    @extend_schema(
        operation_id="promotions_statement",
        summary="Export whether the approval holds now (verification summary v1 in a DSSE envelope)",
        responses=_answer(exports.DECISION),
    )
    def statement(self, request: Request, pk: UUID) -> HttpResponse:
        return _export(self.get_object(), exports.DECISION, request)


class SigningKeys(APIView):
    """The public keys that exports are checked with."""

    @extend_schema(
        operation_id="signing_keys_list",
        summary="Read the public keys that statements and model signatures are checked with",
        responses={200: PublicKeySerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        return Response(PublicKeySerializer(verifying.public_keys(), many=True).data)


def addresses() -> Iterator[URLPattern]:
    """Where each document stands, beneath its record; and in which forms it can be had."""
    for prefix, view, name, forms in (
        ("model-versions", ModelDocuments, "card", renderers.PAGES),
        ("model-versions", ModelDocuments, "bom", [renderers.BomRenderer, JSONRenderer]),
        ("model-versions", ModelDocuments, "statement", [renderers.EnvelopeRenderer, JSONRenderer]),
        ("model-versions", ModelDocuments, "signature", [renderers.BundleRenderer, JSONRenderer]),
        ("model-versions", ModelDocuments, "file", [renderers.FileRenderer, JSONRenderer]),
        ("dataset-versions", DatasetDocuments, "datasheet", renderers.PAGES),
        ("dataset-versions", DatasetDocuments, "croissant", [renderers.CroissantRenderer, JSONRenderer]),
        ("promotions", PromotionDocuments, "record", renderers.PAGES),
        ("promotions", PromotionDocuments, "statement", [renderers.EnvelopeRenderer, JSONRenderer]),
    ):
        shown = view.as_view({"get": name}, renderer_classes=forms)
        yield path(f"{prefix}/<uuid:pk>/{name}", shown, name=f"{prefix}-{name}")
    for prefix, view in (("model-versions", ModelDocuments), ("dataset-versions", DatasetDocuments)):
        yield path(f"{prefix}/<uuid:pk>/texts", view.as_view({"post": "texts"}), name=f"{prefix}-texts")


def _page(document: dict[str, Any]) -> Response:
    """The same records always have the same ETag, in whatever form they are shown."""
    headers = {"ETag": f'"{pages.digest(document)}"', "Content-Security-Policy": _POLICY}
    return Response(document, headers=headers)


def _export(subject: exports.Subject, form: Form, request: Request) -> HttpResponse:
    return _attachment(exports.export(subject, form, actor=actor(request)), form.media_type, form.file_name)


def _attachment(data: bytes, media_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        data, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _written(subject: cards.Described, request: Request) -> Response:
    body = parsed(Writing, request)
    row = cards.write(subject, credentials=credentials(body), **body, actor=actor(request))
    return Response(CardTextSerializer(row).data, status=201)
