"""Uploads in pieces, as any tus 1.0 client sends them: creation, expiration, checksum and termination."""

import base64
import io
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import http_date
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from registry.api.base import ProtocolMismatch, Records, actor
from registry.errors import Invalid, Problem
from registry.models import Dataset, Ingestion, Upload
from registry.services import uploads

VERSION = "1.0.0"
_EXTENSIONS = "creation,expiration,checksum,termination"
_MEDIA_TYPE = "application/offset+octet-stream"


def _header(name: str, words: str, *, required: bool = True, kind: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required, description=words)


_VERSION = _header("Tus-Resumable", "The protocol's version: 1.0.0.")
_LENGTH = _header("Upload-Length", "How many bytes the whole file has.", kind=int)
_METADATA = _header("Upload-Metadata", "`filename` and `format`, each followed by its value in base64.")
_OFFSET = _header("Upload-Offset", "How many bytes the server has; the body goes on from there.", kind=int)
_CHECKSUM = _header("Upload-Checksum", "`sha256` and the digest of this body in base64.", required=False)


class Piece(BaseParser):
    """The body as it comes, so that none of it has to fit into memory."""

    media_type = _MEDIA_TYPE

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        return stream


class UploadSerializer(serializers.ModelSerializer[Upload]):
    ingestion = serializers.PrimaryKeyRelatedField[Ingestion](
        read_only=True, allow_null=True, help_text="what reads the file, once all of it has come"
    )

    class Meta:
        model = Upload
        fields = [
            "id",
            "dataset",
            "name",
            "format",
            "length_bytes",
            "offset_bytes",
            "state",
            "expires_at",
            "ingestion",
            "uploaded_by",
            "created_at",
        ]
        read_only_fields = fields


class Tus(Records):
    """Every answer says which protocol it is; who speaks another one is told so."""

    #: What changes an upload may also be answered with: it is gone, another protocol, another checksum.
    further_problems = (410, 412, 460)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in ("POST", "PATCH", "DELETE") and request.headers.get("Tus-Resumable") != VERSION:
            raise ProtocolMismatch

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        response["Tus-Version"] = VERSION
        return response

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        """What the server can do, as the protocol asks it."""
        headers = {
            "Tus-Extension": _EXTENSIONS,
            "Tus-Max-Size": str(settings.UPLOAD_MAX_BYTES),
            "Tus-Checksum-Algorithm": "sha256",
        }
        return Response(status=204, headers=headers)


class DatasetUploads(Tus):
    """Where uploads into a dataset begin."""

    queryset = Dataset.objects.select_related("system")
    serializer_class = UploadSerializer

    @extend_schema(
        operation_id="uploads_open",
        summary="Begin to send a file in pieces (tus 1.0)",
        description="Location is where the pieces go: PATCH it, ask it with HEAD after a broken line, and go on. The "
        "last byte makes the ingestion. `Upload-Expires` says until when.",
        request=None,
        parameters=[_VERSION, _LENGTH, _METADATA],
        responses={201: UploadSerializer},
        examples=[
            OpenApiExample("Opened", value={"state": "open", "offset_bytes": 0, "length_bytes": 5}, response_only=True)
        ],
    )
    def create(self, request: Request, pk: str) -> Response:
        told = _metadata(request.headers.get("Upload-Metadata", ""))
        upload = uploads.open(
            self.get_object(),
            name=told.get("filename", ""),
            format=told.get("format", ""),
            length_bytes=_number(request, "Upload-Length"),
            actor=actor(request),
        )
        location = reverse("uploads-detail", args=[upload.pk])
        return Response(UploadSerializer(upload).data, status=201, headers={"Location": location, **_headers(upload)})


@extend_schema_view(
    list=extend_schema(operation_id="uploads_list", summary="List uploads in pieces"),
    retrieve=extend_schema(operation_id="uploads_get", summary="Read one upload; what became of it"),
)
class Uploads(Tus):
    """Files on their way in pieces."""

    queryset = Upload.objects.select_related("dataset__system")
    serializer_class = UploadSerializer
    system_path = "dataset__system"
    filterset_fields = ["dataset", "state"]
    parser_classes = (Piece,)

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Its headers say how many bytes the server has; HEAD asks for them alone, and for an upload that goes on."""
        upload = self.get_object()
        if request.method == "HEAD":
            uploads.check_there(upload)
        return Response(self.get_serializer(upload).data, headers={**_headers(upload), "Cache-Control": "no-store"})

    @extend_schema(
        operation_id="uploads_append",
        summary="Send the next bytes",
        description="What has come is kept when the line breaks; with a checksum all of the piece is, or nothing.",
        request={_MEDIA_TYPE: OpenApiTypes.BINARY},
        parameters=[_VERSION, _OFFSET, _CHECKSUM],
        responses={204: None},
    )
    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        given = request.headers.get("Upload-Checksum")
        upload = uploads.append(
            self.get_object(),
            cast(IO[bytes], request.data or io.BytesIO()),
            offset=_number(request, "Upload-Offset"),
            checksum=uploads.Checksum.parse(given) if given else None,
            actor=actor(request),
        )
        return HttpResponse(status=204, headers=_headers(upload))

    @extend_schema(
        operation_id="uploads_abort", summary="Give an upload up", parameters=[_VERSION], responses={204: None}
    )
    def destroy(self, request: Request, pk: str) -> HttpResponse:
        uploads.abort(self.get_object(), actor=actor(request))
        return HttpResponse(status=204)


def _headers(upload: Upload) -> dict[str, str]:
    told = {"Upload-Offset": str(upload.offset_bytes), "Upload-Length": str(upload.length_bytes)}
    return {**told, "Upload-Expires": _date(upload.expires_at)} if upload.state == Upload.State.OPEN else told


def _date(at: datetime) -> str:
    return http_date(at.timestamp())


def _number(request: Request, header: str) -> int:
    given = request.headers.get(header, "")
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise Invalid("A header is missing or is no number.", problems=[Problem(header, "Send a number of bytes.")])
    return int(given)


def _metadata(header: str) -> dict[str, str]:
    """Keys with their values, which are text in base64. Raises Invalid."""
    found = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        key, _, encoded = pair.partition(" ")
        try:
            found[key] = base64.b64decode(encoded, validate=True).decode()
        except ValueError as error:
            problem = Problem("Upload-Metadata", f"{key} is no text in base64.")
            raise Invalid("The metadata cannot be read.", problems=[problem]) from error
    return found
