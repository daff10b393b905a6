"""Rows as a file of a known format: a path as it is, a folder of images as an archive, frames and dicts written out."""

import contextlib
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from mlops_client import frames
from mlops_client.errors import Unusable

_FORMATS = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".zip": "images",
    ".tar": "images",
    ".tgz": "images",
    ".tar.gz": "images",
}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_KEPT_IN_MEMORY_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Parcel:
    """A file to send, open at its start."""

    name: str
    format: str
    size_bytes: int
    file: IO[bytes] = field(repr=False)


@contextlib.contextmanager
def opened(rows: Any, *, name: str, format: str | None = None) -> Iterator[Parcel]:
    """Rows as a file: a path as it is, a folder of images as an archive, frames as Parquet, dicts as JSON Lines.

    Raises Unusable for what is none of these.
    """
    if isinstance(rows, str | Path):
        with _of_path(Path(rows), format) as parcel:
            yield parcel
        return
    with tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY_BYTES) as file:
        made = _write(rows, file)
        yield _parcel(f"{name}.{made}", made, file)


@contextlib.contextmanager
def _of_path(path: Path, format: str | None) -> Iterator[Parcel]:
    if path.is_dir():
        with tempfile.TemporaryFile() as file:
            _archive(path, file)
            yield _parcel(f"{path.name}.zip", format or "images", file)
        return
    format = format or _format(path.name)
    try:
        opened_file = path.open("rb")
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from error
    with opened_file as file:
        yield _parcel(path.name, format, file)


def _format(name: str) -> str:
    """What a file's name says. Raises Unusable."""
    for ending, format in _FORMATS.items():
        if name.lower().endswith(ending):
            return format
    if name.lower().endswith(_COMPRESSED):
        raise Unusable(f"{name} is compressed.", remedy="Unpack it first; Parquet files are small as they are.")
    raise Unusable(f"{name} does not say its format.", remedy="Give the format: csv, parquet, jsonl or images.")


def _parcel(name: str, format: str, file: Any) -> Parcel:
    size = file.seek(0, 2)
    file.seek(0)
    return Parcel(name, format, size, file)


def _write(rows: Any, file: Any) -> str:
    """Write rows that are no file yet; returns the format."""
    if frames.is_frame(rows):
        table = frames.table(rows)
        from pyarrow import parquet  # as in frames.table, which has found it

        parquet.write_table(table, file)
        return "parquet"
    if isinstance(rows, Mapping) or not isinstance(rows, Sequence):
        remedy = "Give a file's path, a DataFrame, a pyarrow Table or a list of dicts."
        raise Unusable(f"{type(rows).__name__} holds no rows.", remedy=remedy)
    for row in frames.dicts(rows):
        file.write(json.dumps(row).encode() + b"\n")
    return "jsonl"


def _archive(folder: Path, file: Any) -> None:
    """The same folder gives the same bytes: names in order, no times, nothing hidden, as what a file manager leaves."""
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            name = path.relative_to(folder)
            if not any(part.startswith(".") for part in name.parts):
                archive.writestr(zipfile.ZipInfo(name.as_posix()), path.read_bytes())
