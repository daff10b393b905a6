"""The content-addressed store: bytes under their SHA-256, on any file system that fsspec knows."""

import contextlib
import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import fsspec
from django.conf import settings

CHUNK_BYTES = 1024 * 1024


class ArtifactCorrupt(Exception):
    """The stored bytes do not have the digest they are filed under."""


class ArtifactTooLarge(Exception):
    """More bytes came than the limit allows; nothing was kept."""


def put(source: IO[bytes], *, limit_bytes: int) -> tuple[str, int]:
    """Store a stream; returns its digest in hex and its size. The same bytes twice change nothing.

    Raises ArtifactTooLarge.
    """
    store, root = _store()
    draft = f"{root}/drafts/{secrets.token_hex(16)}"
    store.makedirs(f"{root}/drafts", exist_ok=True)
    digest, size = hashlib.sha256(), 0
    try:
        with store.open(draft, "wb") as target:
            while chunk := source.read(CHUNK_BYTES):
                size += len(chunk)
                if size > limit_bytes:
                    raise ArtifactTooLarge(f"More than {limit_bytes} bytes.")
                digest.update(chunk)
                target.write(chunk)
        final = _path(root, digest.hexdigest())
        store.makedirs(final.rpartition("/")[0], exist_ok=True)
        store.mv(draft, final)
    finally:
        if store.exists(draft):
            store.rm(draft)
    return digest.hexdigest(), size


def read(digest: str) -> bytes:
    """The bytes of an artifact, checked against the digest. Raises ArtifactCorrupt, FileNotFoundError."""
    store, root = _store()
    data: bytes = store.cat_file(_path(root, digest))
    if hashlib.sha256(data).hexdigest() != digest:
        raise ArtifactCorrupt(f"The artifact {digest} has changed in the store.")
    return data


def exists(digest: str) -> bool:
    """Whether the store has a file under that digest."""
    store, root = _store()
    return bool(store.exists(_path(root, digest)))


def remove(digest: str) -> None:
    """Delete the bytes; nothing where they are gone already. The caller holds the lock of the artifact's row."""
    store, root = _store()
    with contextlib.suppress(FileNotFoundError):
        store.rm_file(_path(root, digest))


@contextmanager
def local(digest: str, *, suffix: str = "") -> Iterator[Path]:
    """The artifact as a file on this machine, checked against the digest, for as long as the block runs.

    The bytes pass through in pieces. Raises ArtifactCorrupt, FileNotFoundError.
    """
    store, root = _store()
    hashed = hashlib.sha256()
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        with store.open(_path(root, digest), "rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                hashed.update(chunk)
                file.write(chunk)
        if hashed.hexdigest() != digest:
            raise ArtifactCorrupt(f"The artifact {digest} has changed in the store.")
        file.flush()
        yield Path(file.name)


def _store() -> tuple[Any, str]:
    store, root = fsspec.url_to_fs(settings.ARTIFACT_URL)
    return store, root.rstrip("/")


def _path(root: str, digest: str) -> str:
    return f"{root}/sha256/{digest[:2]}/{digest}"
