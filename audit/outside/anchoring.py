"""Copies of every published checkpoint in folders outside the database's reach, each written once and for ever.

A checkpoint of size 1,234,567 stands at ``<SHA-256 of the origin>/000/001/234/1234567``: no folder has more than a
thousand names, and the largest name in the largest folder is the newest.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from audit.tlog import checkpoint, note, witnessing
from audit.tlog.errors import NoteError

_LEVELS = 4


class AnchorAway(Exception):
    """It cannot be reached or used now. Every storage behind fsspec has errors of its own; this stands for all."""


class AnchorDiffers(Exception):
    """Another checkpoint of this size is kept there: the log was forked, or the anchor was written to."""


def keep(url: str, signed: bytes) -> None:
    """Write a signed checkpoint under its origin and size, unless it stands there. Raises AnchorDiffers, AnchorAway."""
    text = note.text_of(signed)
    head = checkpoint.parse(text)
    try:
        kept = _write_or_read(url, place(head.origin, head.size), signed)
    except Exception as problem:  # each file system behind fsspec has errors of its own, of no common kind
        raise AnchorAway(f"{type(problem).__name__}: {problem}") from problem
    if not _says(kept, text):
        raise AnchorDiffers(f"{url} keeps another checkpoint of size {head.size} of {head.origin}.")


def newest(url: str, origin: str) -> bytes | None:
    """The checkpoint of the largest size that is kept for an origin. Raises AnchorAway."""
    try:
        return _newest(url, witnessing.origin_hash(origin))
    except Exception as problem:  # each file system behind fsspec has errors of its own, of no common kind
        raise AnchorAway(f"{type(problem).__name__}: {problem}") from problem


def place(origin: str, size: int) -> str:
    """Where a checkpoint of that size stands."""
    digits = f"{size // 1000:09d}"
    return f"{witnessing.origin_hash(origin)}/{digits[:-6]}/{digits[-6:-3]}/{digits[-3:]}/{size}"


def _newest(url: str, origin_hash: str) -> bytes | None:
    files, path = _opened(url, origin_hash)
    for _ in range(_LEVELS):
        try:
            names = _numbers(files.ls(path, detail=False, refresh=True))
        except FileNotFoundError:
            return None
        if not names:
            return None
        path = f"{path}/{max(names, key=int)}"
    return bytes(files.cat_file(path))


def _write_or_read(url: str, name: str, data: bytes) -> bytes:
    """What stands there in the end."""
    files, path = _opened(url, name)
    try:
        _write_new(files, path, data)
    except FileExistsError:
        return bytes(files.cat_file(path))
    return data


def _opened(url: str, name: str) -> tuple[fsspec.AbstractFileSystem, str]:
    files, root = fsspec.core.url_to_fs(url)
    return files, f"{root.rstrip('/')}/{name}"


def _numbers(paths: Iterable[str]) -> list[str]:
    names = (path.rstrip("/").rpartition("/")[2] for path in paths)
    return [name for name in names if name.isascii() and name.isdecimal()]


def _write_new(files: fsspec.AbstractFileSystem, path: str, data: bytes) -> None:
    """Whole or not at all, and never over another. Raises FileExistsError."""
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    if isinstance(files, LocalFileSystem):
        _link_new(Path(path), data)
        return
    with files.open(path, "xb") as file:  # object stores write at the close, and refuse it if the name is taken
        file.write(data)


def _link_new(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    finally:
        draft.unlink()


def _says(kept: bytes, text: str) -> bool:
    """The same head; the witnesses' lines may be others."""
    try:
        return note.text_of(kept) == text
    except NoteError:
        return False
