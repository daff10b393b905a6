"""Files: stored under their digest, each with a governed row, for as long as something living refers to them."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Model, QuerySet

from audit import log
from audit.actors import Actor
from registry import artifacts, events
from registry.errors import Invalid
from registry.models import AISystem, Artifact, DatasetVersion, Ingestion, ModelVersion


@dataclass(frozen=True, slots=True)
class Referrer:
    """A row that names a file; a living one keeps its bytes."""

    kind: str
    id: UUID
    name: str
    system: UUID
    living: bool


@dataclass(frozen=True, slots=True)
class _Column:
    """Where rows of one table name files. living: whether such a row still needs the bytes."""

    kind: str
    model: type[Model]
    column: str
    system: str
    names: tuple[str, ...]
    living: Callable[[Any], bool] = lambda row: True


_COLUMNS = (
    _Column(
        "model_version", ModelVersion, "artifact", "model__system", ("model",),
        living=lambda row: row.lifecycle != ModelVersion.Lifecycle.PURGED,
    ),
    _Column("dataset_version", DatasetVersion, "artifact", "dataset__system", ("dataset",)),
    _Column("ingestion", Ingestion, "source", "dataset__system", ("dataset",)),
)  # fmt: skip


def store(source: IO[bytes] | bytes, *, media_type: str, actor: Actor, limit_bytes: int | None = None) -> Artifact:
    """Store a file and its row; the same bytes give the same row. Records artifact.stored once, again after a purge.

    The bytes are durable before the row is; a crash between leaves a file that nothing names. The row stays locked, so
    that no purge overlooks the referrer that the caller is about to make. The bytes pass through in pieces.
    limit_bytes: what is taken at most; UPLOAD_MAX_BYTES by default. Raises Invalid.
    """
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    digest, size = _put(stream, limit_bytes or settings.UPLOAD_MAX_BYTES)
    with transaction.atomic():
        artifact, fresh = Artifact.objects.get_or_create(
            digest=digest, defaults={"size_bytes": size, "media_type": media_type}
        )
        artifact = artifact if fresh else Artifact.objects.select_for_update(no_key=True).get(pk=artifact.pk)
        if not fresh and artifact.purged_at is not None:
            _bring_back(artifact, stream, size)
            fresh = True
        if fresh:
            log.record(events.ArtifactStored(digest=digest, size_bytes=size), subject=artifact, actor=actor)
    return artifact


def referrers(artifact: Artifact, *, among: QuerySet[AISystem] | None = None) -> Iterator[Referrer]:
    """Every row that names the file, one query a table; among: only those of these systems."""
    for place in _COLUMNS:
        rows = place.model._default_manager.filter(**{place.column: artifact}).select_related(*place.names)
        if among is not None:
            rows = rows.filter(**{f"{place.system}__in": among})
        for row in rows.order_by("pk"):
            system = getattr(row, place.system.partition("__")[0]).system_id
            yield Referrer(place.kind, row.pk, str(row), system, place.living(row))


def visible(systems: QuerySet[AISystem]) -> QuerySet[Artifact]:
    """The artifacts that a row of one of these systems names."""
    found = Artifact.objects.none()
    for place in _COLUMNS:
        named = place.model._default_manager.filter(**{f"{place.system}__in": systems}).values(place.column)
        found = found | Artifact.objects.filter(pk__in=named)
    return found


def _put(stream: IO[bytes], limit: int) -> tuple[str, int]:
    try:
        return artifacts.put(stream, limit_bytes=limit)
    except artifacts.ArtifactTooLarge as error:
        raise Invalid(
            f"The file is larger than {limit} bytes.", remedy="Split it, or raise UPLOAD_MAX_BYTES."
        ) from error


def _bring_back(artifact: Artifact, stream: IO[bytes], size: int) -> None:
    """A purged file came again: whoever removes files holds this row's lock, and may have been quicker than it."""
    if not artifacts.exists(artifact.digest):
        stream.seek(0)
        _put(stream, size)
    artifact.purged_at = None
    artifact.save(update_fields=["purged_at"])
