"""Files: stored under their digest, each with a governed row."""

import io
from typing import IO

from django.conf import settings
from django.db import transaction

from audit import log
from audit.actors import Actor
from registry import artifacts, events
from registry.errors import Invalid
from registry.models import Artifact


def store(source: IO[bytes] | bytes, *, media_type: str, actor: Actor) -> Artifact:
    """Store a file and its row; the same bytes give the same row. Records artifact.stored once.

    The bytes are durable before the row is; a crash between leaves a file that nothing names. Raises Invalid.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    limit = settings.UPLOAD_MAX_BYTES
    try:
        digest, size = artifacts.put(stream, limit_bytes=limit)
    except artifacts.ArtifactTooLarge as error:
        raise Invalid(
            f"The file is larger than {limit} bytes.", remedy="Split it, or raise UPLOAD_MAX_BYTES."
        ) from error
    with transaction.atomic():
        artifact, fresh = Artifact.objects.get_or_create(
            digest=digest, defaults={"size_bytes": size, "media_type": media_type}
        )
        if fresh:
            log.record(events.ArtifactStored(digest=digest, size_bytes=size), subject=artifact, actor=actor)
    return artifact
