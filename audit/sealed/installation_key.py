"""The key that wraps every data key: a file outside the database, and how it is replaced without a gap.

In SIGNING_KEY_DIR, readable by its owner alone:
    sealing.key    the current one, under which every new key is wrapped
    sealing.old    the one before, from the start of a rotation until nothing is wrapped under it any more
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

KEY_BYTES = 32
_EMPTIED = bytes(KEY_BYTES)
CURRENT, OLD, LOCK = "sealing.key", "sealing.old", "sealing.lock"


class KeyGone(Exception):
    """This process sees a file that a rotation has emptied: a container that was given the file, not its folder."""


def current() -> bytes:
    """The key to wrap with, made at first use. Losing it loses every sealed word. Raises KeyGone."""
    path = _path(CURRENT)
    if not path.exists():
        _make(path)
    key = path.read_bytes()
    if key == _EMPTIED:  # anybody can guess it: nothing may be wrapped under it
        raise KeyGone("The sealing key was replaced, and this process still has the old file: give it the new one.")
    return key


def known() -> list[bytes]:
    """Every key that may open something, the current one first. Raises KeyGone."""
    keys = [current()]
    with contextlib.suppress(FileNotFoundError):
        old = _path(OLD).read_bytes()
        keys += [old] if old != _EMPTIED else []
    return keys


@contextlib.contextmanager
def rotation() -> Iterator[None]:
    """Nobody else rotates on this machine as long as the block."""
    current()
    descriptor = os.open(_path(LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def replace() -> None:
    """Put a new key in place of the current one, which stays as the old one. Goes on where an earlier one stopped.

    A crash leaves: a draft; or both names on one key; or the new key in place and the old one beside it, which is the
    state after this function. In each of them everything opens.
    """
    for draft in _path(CURRENT).parent.glob(f"{CURRENT}.*"):
        draft.unlink()
    if not _path(OLD).exists():
        os.link(_path(CURRENT), _path(OLD))
    if _path(OLD).samefile(_path(CURRENT)):
        _draft(_path(CURRENT)).rename(_path(CURRENT))
    _flush(_path(CURRENT).parent)


def destroy_old() -> None:
    """Overwrite and remove the old key: only once nothing is wrapped under it."""
    assert not _path(OLD).samefile(_path(CURRENT))
    with _path(OLD).open("r+b") as file:
        file.write(_EMPTIED)
        file.flush()
        os.fsync(file.fileno())
    _path(OLD).unlink()
    _flush(_path(CURRENT).parent)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = _draft(path)
    with contextlib.suppress(FileExistsError):  # another process was first: its key stands
        os.link(draft, path)
    draft.unlink()


def _draft(path: Path) -> Path:
    """A new key under a name that nobody else uses."""
    draft = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return draft


def _path(name: str) -> Path:
    return Path(settings.SIGNING_KEY_DIR) / name


def _flush(folder: Path) -> None:
    """A rename is on the disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
