"""Files that arrive in pieces (tus 1.0): what has come stays, until the file is whole and becomes an ingestion."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import IO

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit import log
from audit.actors import Actor
from registry import events, jobs, pieces
from registry.errors import ChecksumMismatch, Conflict, Gone, Invalid, TooLarge
from registry.models import Dataset, Ingestion, Upload
from registry.permissions import require
from registry.roles import Action
from registry.services import artifacts, rows, sweeping
from registry.services.jobs import TASKS

#: After so many bytes what has come is kept, also of a piece that never ends.
KEPT_BYTES = 16 * 1024 * 1024
State = Upload.State
MEDIA_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "jsonl": "application/jsonl"}


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a piece must hash to; only SHA-256 is spoken."""

    digest: bytes

    @classmethod
    def parse(cls, header: str) -> "Checksum":
        """From `sha256 <base64>`. Raises Invalid."""
        algorithm, _, encoded = header.partition(" ")
        try:
            digest = base64.b64decode(encoded, validate=True)
        except ValueError:
            digest = b""
        if algorithm != "sha256" or len(digest) != hashlib.sha256().digest_size:
            raise Invalid("The checksum cannot be read.", remedy="Send 'sha256 ' and the digest in base64.")
        return cls(digest)


def open(dataset: Dataset, *, name: str, format: str, length_bytes: int, actor: Actor) -> Upload:
    """Begin to take a file in pieces. Records upload.opened. Raises TooLarge, Invalid, NotPermitted."""
    account = require(actor, Action.REGISTER, dataset.system)
    if length_bytes > settings.UPLOAD_MAX_BYTES:
        raise TooLarge(f"At most {settings.UPLOAD_MAX_BYTES} bytes are taken.", remedy="Split the file.")
    upload = Upload(
        dataset=dataset,
        name=name,
        format=format,
        length_bytes=length_bytes,
        expires_at=timezone.now() + timedelta(hours=settings.UPLOAD_HOURS),
        uploaded_by=account,
    )
    if length_bytes < 1 or format not in Ingestion.Format.values:
        raise Invalid("An empty file, or one in an unknown format, cannot become a dataset version.")
    rows.check(upload)
    with transaction.atomic(durable=True):
        upload.save(force_insert=True)
        event = events.UploadOpened(dataset=str(dataset.pk), length_bytes=length_bytes)
        log.record(event, subject=upload, actor=actor)
    return upload


def append(upload: Upload, source: IO[bytes], *, offset: int, actor: Actor, checksum: Checksum | None = None) -> Upload:
    """Add what comes from the offset on, and finish with the last byte of it. Records upload.completed then.

    What was received is kept when the line breaks; with a checksum only all of it is. Nobody is locked out: of two who
    send the same bytes the slower one is refused. Raises Conflict for another offset, ChecksumMismatch, Gone, TooLarge.
    """
    require(actor, Action.REGISTER, upload.dataset.system)
    _check_open(upload, offset)
    upload = _received(upload, source, offset) if checksum is None else _verified(upload, source, offset, checksum)
    return finish(upload, actor=actor) if upload.offset_bytes == upload.length_bytes else upload


def finish(upload: Upload, *, actor: Actor) -> Upload:
    """Make an ingestion of an upload that is whole; twice does it once. Records upload.completed, ingestion.requested.

    A crash before it leaves the pieces and a row that `expire` finds; a crash after it pieces that nobody names.
    """
    with transaction.atomic(durable=True):
        upload = _locked(upload)
        if upload.state != State.OPEN or upload.offset_bytes != upload.length_bytes:
            return upload
        with pieces.joined(upload.pk, upload.parts) as whole:
            media_type = MEDIA_TYPES.get(upload.format, "application/zip")
            artifact = artifacts.store(whole, media_type=media_type, actor=actor)
        ingestion = Ingestion.objects.create(
            dataset_id=upload.dataset_id,
            source=artifact,
            source_name=upload.name,
            format=upload.format,
            requested_by=upload.uploaded_by,
            request=actor.request,
        )
        event = events.IngestionRequested(dataset=str(upload.dataset_id), source=artifact.digest)
        log.record(event, subject=ingestion, actor=actor)
        upload.state, upload.ingestion, upload.parts = State.COMPLETE, ingestion, []
        upload.save()
        done = events.UploadCompleted(ingestion=str(ingestion.pk), digest=artifact.digest)
        log.record(done, subject=upload, actor=actor)
        transaction.on_commit(partial(pieces.remove, upload.pk))
        jobs.enqueue(TASKS[Ingestion], ingestion.pk, request=actor.request)
    return upload


def abort(upload: Upload, *, actor: Actor) -> Upload:
    """Give an upload up; its pieces go. Records upload.aborted. Raises Conflict, Gone, NotPermitted."""
    require(actor, Action.REGISTER, upload.dataset.system)
    with transaction.atomic(durable=True):
        upload = _locked(upload)
        _check_open(upload, upload.offset_bytes)
        _end(upload, because="asked", actor=actor)
    return upload


def expire(*, actor: Actor) -> int:
    """Finish what is whole and was left so by a crash, and remove what took too long; how many were changed."""
    waiting = Upload.objects.filter(state=State.OPEN)
    whole = sweeping.each(waiting.filter(offset_bytes=F("length_bytes")), lambda pk: _finish(pk, actor))
    late = sweeping.each(waiting.filter(expires_at__lt=timezone.now()), lambda pk: _expire(pk, actor))
    return whole.done + late.done


def check_there(upload: Upload) -> None:
    """Raises Gone where an upload was given up or took too long."""
    if upload.state == State.ABORTED or (upload.state == State.OPEN and upload.expires_at < timezone.now()):
        raise Gone("The upload was given up, or took too long.", remedy="Begin it anew.")


def _check_open(upload: Upload, offset: int) -> None:
    check_there(upload)
    if upload.state != State.OPEN:
        raise Conflict("The upload is complete.", remedy="Watch its ingestion.")
    if upload.offset_bytes != offset:
        raise Conflict(
            f"The upload is at byte {upload.offset_bytes}, not at {offset}.", remedy="Ask with HEAD, then go on there."
        )


def _received(upload: Upload, source: IO[bytes], offset: int) -> Upload:
    """Keep a stretch at a time, the last one also where the line breaks within it."""
    stream = _Counted(source, upload.length_bytes - offset)
    while not stream.is_over:
        before = stream.count
        name = pieces.put(upload.pk, stream.stretch(KEPT_BYTES))
        upload = _kept(upload, [name], offset + before, stream.count - before)
    return upload


def _verified(upload: Upload, source: IO[bytes], offset: int, checksum: Checksum) -> Upload:
    """Keep all of it or nothing."""
    stream = _Counted(source, upload.length_bytes - offset)
    name = pieces.put(upload.pk, stream.stretch(upload.length_bytes))
    if stream.digest.digest() != checksum.digest:
        pieces.remove(upload.pk, [name])
        raise ChecksumMismatch("The piece does not have its checksum.", remedy="Send it again from the same offset.")
    return _kept(upload, [name], offset, stream.count)


def _kept(upload: Upload, names: list[str], offset: int, count: int) -> Upload:
    """Count a piece that is stored, if nobody was quicker. Raises Conflict, Gone."""
    try:
        with transaction.atomic(durable=True):
            upload = _locked(upload)
            _check_open(upload, offset)
            upload.offset_bytes, upload.parts = offset + count, [*upload.parts, *names]
            upload.save()
    except (Conflict, Gone):
        pieces.remove(upload.pk, names)
        raise
    return upload


def _locked(upload: Upload) -> Upload:
    return (
        Upload.objects.select_for_update(no_key=True, of=("self",)).select_related("dataset__system").get(pk=upload.pk)
    )


def _finish(pk: str, actor: Actor) -> bool:
    return finish(Upload.objects.get(pk=pk), actor=actor).state == State.COMPLETE


def _expire(pk: str, actor: Actor) -> bool:
    with transaction.atomic(durable=True):
        upload = Upload.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk, state=State.OPEN).first()
        if upload is not None:
            _end(upload, because="expired", actor=actor)
    return upload is not None


def _end(upload: Upload, *, because: str, actor: Actor) -> None:
    upload.state, upload.parts = State.ABORTED, []
    upload.save()
    event = events.UploadAborted(because=because, offset_bytes=upload.offset_bytes)
    log.record(event, subject=upload, actor=actor)
    transaction.on_commit(partial(pieces.remove, upload.pk))


class _Counted:
    """A body as it comes: counted, hashed, ended by its end or by a line that breaks. Raises TooLarge past the room."""

    def __init__(self, source: IO[bytes], room: int) -> None:
        self.source, self.room = source, room
        self.count, self.is_over, self.digest = 0, False, hashlib.sha256()

    def stretch(self, length: int) -> Iterator[bytes]:
        """Chunks of the next so many bytes."""
        left = length
        while left > 0 and not self.is_over:
            chunk = self._chunk(min(left, pieces.CHUNK_BYTES))
            left -= len(chunk)
            if chunk:
                yield chunk

    def _chunk(self, length: int) -> bytes:
        try:
            chunk = self.source.read(length)
        except OSError:
            chunk = b""  # the sender is gone; what came before is good
        self.count += len(chunk)
        self.is_over = not chunk
        if self.count > self.room:
            raise TooLarge("The piece brings more bytes than the upload announced.", remedy="Begin it anew.")
        self.digest.update(chunk)
        return chunk
