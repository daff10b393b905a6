"""The forms in which documents can be had, for content negotiation."""

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer, JSONRenderer

from registry.services.documents import envelopes, pages


class PageRenderer(BaseRenderer):
    """The document as HTML: no scripts, fit for paper."""

    media_type = "text/html"
    format = "html"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return pages.html(data).encode()


class MarkdownRenderer(BaseRenderer):
    """The document as Markdown."""

    media_type = "text/markdown"
    format = "md"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return pages.text(data).encode()


class Announced(JSONRenderer):
    """Only announces what can be had; the view hands out the bytes itself."""


class EnvelopeRenderer(Announced):
    media_type = envelopes.MEDIA_TYPE
    format = "dsse"


class BundleRenderer(Announced):
    media_type = "application/vnd.dev.sigstore.bundle.v0.3+json"
    format = "sigstore"


class BomRenderer(Announced):
    media_type = "application/vnd.cyclonedx+json"
    format = "cyclonedx"


class CroissantRenderer(Announced):
    media_type = "application/ld+json"
    format = "jsonld"


class FileRenderer(Announced):
    media_type = "application/octet-stream"
    format = "onnx"


PAGES = [JSONRenderer, PageRenderer, MarkdownRenderer]
