"""Pieces of uploads: files beside the artifacts until they are joined to one, each durable before its row counts it."""

import io
import os
import secrets
from collections.abc import Iterable, Sequence
from typing import IO, Any
from uuid import UUID

import fsspec
from django.conf import settings

CHUNK_BYTES = 1024 * 1024


def put(upload: UUID, chunks: Iterable[bytes]) -> str:
    """Store one piece; its name within the upload."""
    store, folder = _folder(upload)
    store.makedirs(folder, exist_ok=True)
    name = secrets.token_hex(16)
    with store.open(f"{folder}/{name}", "wb") as target:
        for chunk in chunks:
            target.write(chunk)
        if "file" in store.protocol:
            target.flush()
            os.fsync(target.fileno())
    return name


def joined(upload: UUID, names: Sequence[str]) -> IO[bytes]:
    """All pieces as one stream that can be read once more from its start."""
    return io.BufferedReader(_Joined(*_folder(upload), names), CHUNK_BYTES)


def remove(upload: UUID, names: Iterable[str] | None = None) -> None:
    """Delete these pieces, or all of the upload."""
    store, folder = _folder(upload)
    if names is None:
        if store.exists(folder):
            store.rm(folder, recursive=True)
        return
    for name in names:
        store.rm_file(f"{folder}/{name}")


class _Joined(io.RawIOBase):
    """Reads one piece after the other."""

    def __init__(self, store: Any, folder: str, names: Sequence[str]) -> None:
        self.store, self.folder, self.names = store, folder, names
        self.waiting, self.current = list(names), io.BytesIO()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if (offset, whence) != (0, os.SEEK_SET):
            raise io.UnsupportedOperation("Pieces are read again from the start only.")
        self.close_current()
        self.waiting, self.current = list(self.names), io.BytesIO()
        return 0

    def readinto(self, buffer: Any) -> int:
        while True:
            chunk = self.current.read(len(buffer))
            if chunk:
                buffer[: len(chunk)] = chunk
                return len(chunk)
            if not self.waiting:
                return 0
            self.close_current()
            self.current = self.store.open(f"{self.folder}/{self.waiting.pop(0)}", "rb")

    def close_current(self) -> None:
        self.current.close()

    def close(self) -> None:
        self.close_current()
        super().close()


def _folder(upload: UUID) -> tuple[Any, str]:
    store, root = fsspec.url_to_fs(settings.ARTIFACT_URL)
    return store, f"{root.rstrip('/')}/uploads/{upload}"
