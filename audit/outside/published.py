"""The folder of the published log (C2SP tlog-tiles) on this machine's disk: what stands there stands for ever."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from audit.tlog import tiles

CHECKPOINT = "checkpoint"


class OtherBytes(Exception):
    """A file that never changes stands there with other bytes: another history was published here."""


class Folder:
    """Tiles and bundles are written once, the checkpoint is replaced; each file is whole at every moment."""

    def __init__(self, root: Path) -> None:
        """Take the folder; it is made where it is missing."""
        self.root = root
        self._touched: set[Path] = set()
        root.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """One publisher at a time; the lock goes with its process."""
        with (self.root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def checkpoint(self) -> bytes | None:
        """The published checkpoint's bytes."""
        path = self.root / CHECKPOINT
        return path.read_bytes() if path.exists() else None

    def store(self, path: str, data: bytes) -> bool:
        """Write a tile or a bundle, or find it there; whether it was missing. Raises OtherBytes."""
        target = self.root / path
        missing = not target.exists()
        if missing:
            self._replace(target, data)
        elif target.read_bytes() != data:
            raise OtherBytes(f"{target} was published with other bytes.")
        if tiles.parse_path(path).width == tiles.WIDTH:
            # Who asks for a part of a tile takes it from the whole, which is there now.
            shutil.rmtree(target.with_name(f"{target.name}.p"), ignore_errors=True)
        return missing

    def show(self, checkpoint: bytes) -> None:
        """Publish the checkpoint, once all that it commits to is on the disk."""
        self._settle()
        self._replace(self.root / CHECKPOINT, checkpoint)
        self._settle()

    def _replace(self, target: Path, data: bytes) -> None:
        """A reader and a crash see the old file or the new one; its name is on the disk after `_settle`."""
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.draft")
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())  # before the name: a name without its bytes would look like another history
        draft.rename(target)
        self._touched.add(target.parent)

    def _settle(self) -> None:
        """Bring the names to the disk, and those of new folders in the folders above."""
        folders = {above for folder in self._touched for above in (folder, *folder.parents)}
        for folder in sorted(folder for folder in folders if folder.is_relative_to(self.root)):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._touched.clear()
