"""Unpack an archive that nobody vouches for: every name and size is checked before a byte of it is written.

Files are laid down under numbers, so no name of the archive ever becomes a name on this machine.
"""

import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from workers.ingestion.errors import FileEmpty, FileMalformed, FileTooLarge
from workers.ingestion.files import Limits

ENTRY_BYTES = 16 * 1024 * 1024
RATIO, RATIO_FROM_BYTES = 100, 1024 * 1024
ENTRIES = 1_000_000
CHUNK_BYTES = 1 << 20
#: What file managers leave behind.
IGNORED = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$|\._[^/]*$)")


@dataclass(frozen=True)
class Entry:
    """A file of the archive: what it was called there, and where its bytes lie now."""

    name: PurePosixPath
    path: Path

    def __str__(self) -> str:
        return repr(str(self.name))


def unpack(paths: Sequence[Path], into: Path, limits: Limits) -> list[Entry]:
    """Every file of the zip or tar archives; raises FileMalformed or FileTooLarge, naming the entry."""
    into.mkdir()
    entries: dict[PurePosixPath, Entry] = {}
    total = 0
    for path in paths:
        if path.stat().st_size == 0:
            raise FileEmpty("The file holds no bytes.", "Check that the upload was complete.")
        for name, size, source in _entries(path):
            total += size
            _check_sizes(name, size, total, len(entries), limits)
            if name in entries:
                raise FileMalformed(f"The entry {str(name)!r} is there twice.", "Pack the archive anew.")
            entries[name] = Entry(name, into / str(len(entries)))
            _lay_down(source, entries[name], size)
    return list(entries.values())


def _entries(path: Path) -> Iterator[tuple[PurePosixPath, int, IO[bytes]]]:
    try:
        if zipfile.is_zipfile(path):
            yield from _zipped(path)
        else:
            yield from _tarred(path)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise FileMalformed(
            f"The file is not readable as a zip or tar archive: {_cause(error)}.",
            "Pack it anew and check that the upload was complete.",
        ) from error


def _zipped(path: Path) -> Iterator[tuple[PurePosixPath, int, IO[bytes]]]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir() or IGNORED.search(info.filename):
                continue
            name = _checked(info.orig_filename)
            if info.flag_bits & 1:
                raise _refused(name, "is encrypted", "Pack the archive without a password.")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise _refused(name, "is a link or a device", "Pack the files themselves.")
            if info.file_size > RATIO_FROM_BYTES and info.file_size > RATIO * max(1, info.compress_size):
                raise _bomb(name)
            with archive.open(info) as source:
                yield name, info.file_size, source


def _tarred(path: Path) -> Iterator[tuple[PurePosixPath, int, IO[bytes]]]:
    packed = path.stat().st_size
    total = 0
    with tarfile.open(path) as archive:
        for member in archive:
            if member.isdir() or IGNORED.search(member.name):
                continue
            name = _checked(member.name)
            source = archive.extractfile(member) if member.isreg() else None
            if source is None:
                raise _refused(name, "is a link or a device", "Pack the files themselves.")
            total += member.size
            if total > RATIO_FROM_BYTES and total > RATIO * packed:
                raise _bomb(name)
            yield name, member.size, source


def _checked(name: str) -> PurePosixPath:
    """The entry's name, which leads nowhere outside the archive."""
    path = PurePosixPath(name)
    if path.is_absolute() or re.match(r"[A-Za-z]:", name):
        raise _refused(path, "has an absolute name", "Pack it with relative names.")
    if ".." in path.parts or "\\" in name or "\x00" in name:
        raise _refused(path, "leads out of the archive", "Pack it with plain names.")
    return path


def _check_sizes(name: PurePosixPath, size: int, total: int, count: int, limits: Limits) -> None:
    if size > ENTRY_BYTES:
        raise FileTooLarge(f"The entry {str(name)!r} holds more than {ENTRY_BYTES} bytes.", "Scale it down.")
    if total > limits.bytes:
        raise FileTooLarge(f"The archive unpacks to more than {limits.bytes} bytes.", "Split it.")
    if count >= ENTRIES:
        raise FileTooLarge(f"The archive holds more than {ENTRIES} files.", "Split it.")


def _lay_down(source: IO[bytes], entry: Entry, size: int) -> None:
    """Write at most as many bytes as were announced: what the archive says of itself need not be true."""
    left = size
    with entry.path.open("wb") as target:
        while block := source.read(min(CHUNK_BYTES, left + 1)):
            left -= len(block)
            if left < 0:
                raise _refused(entry.name, "holds more than it says", "Pack the archive anew.")
            target.write(block)
    if left:
        raise _refused(entry.name, "is cut off", "Pack it anew and check that the upload was complete.")


def _cause(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0].rstrip(".") if lines else "it is damaged"


def _refused(name: PurePosixPath, cause: str, remedy: str) -> FileMalformed:
    return FileMalformed(f"The entry {str(name)!r} {cause}.", remedy)


def _bomb(name: PurePosixPath) -> FileTooLarge:
    return FileTooLarge(
        f"The entry {str(name)!r} unpacks to more than {RATIO} times its size, as zip bombs do.",
        "Pack files that hold what they say.",
    )
