"""Images in an archive: every entry is checked before its bytes are read, and every image before it is kept.

Labels come from a manifest (manifest.csv or labels.csv with a column path), or from the folder that an image lies in.
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image

from workers.ingestion import archives, files, types
from workers.ingestion.archives import Entry
from workers.ingestion.canonical import Writer
from workers.ingestion.errors import ColumnsInvalid, FileEmpty, FileMalformed, FileTooLarge
from workers.ingestion.files import Limits

FORMATS = ("PNG", "JPEG")
PIXELS_AT_MOST = 50_000_000
MANIFESTS = ("manifest.csv", "labels.csv")
PATHS = ("path", "file", "filename", "image")
OWN = ("path", "image", "width", "height", "mode")
GROUP_BYTES, STEP_ROWS = 64 * 1024 * 1024, 16


def write(paths: Sequence[Path], target: Path, *, into: Path, limits: Limits = files.USUAL) -> int:
    """The images of the archives as one canonical file, sorted by path; returns how many.

    Columns: path, image (the bytes as delivered), width, height, mode, then label or the manifest's columns. Raises an
    IngestionError that names the entry; what was unpacked lies below `into`.
    """
    entries = archives.unpack(paths, into / "entries", limits)
    manifests = [entry for entry in entries if entry.name.name.casefold() in MANIFESTS]
    pictures = sorted((entry for entry in entries if entry not in manifests), key=lambda entry: str(entry.name))
    if not pictures:
        raise FileEmpty("The archive holds no images.", "Deliver PNG or JPEG files.")
    if len(pictures) > limits.rows:
        raise FileTooLarge(f"The archive holds more than {limits.rows} images.", "Split it.")
    told = _manifest(manifests, pictures, limits) if manifests else _folders(pictures)
    own = zip(OWN, (pa.string(), pa.binary(), pa.int64(), pa.int64(), pa.string()), strict=True)
    schema = pa.schema([*own, *((field.name, field.type) for field in told.schema)])
    with closing(Writer(target, schema, group_bytes=GROUP_BYTES, step_rows=STEP_ROWS)) as writer:
        for batch in _batches(pictures, told, schema):
            writer.write(batch)
    return writer.rows


def _batches(pictures: Sequence[Entry], told: pa.Table, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for row, entry in enumerate(pictures):
        data = entry.path.read_bytes()
        width, height, mode = _seen(entry, data)
        own = [[str(entry.name)], [data], [width], [height], [mode]]
        labels = [column.slice(row, 1).combine_chunks() for column in told.columns]
        arrays = [pa.array(value, type) for value, type in zip(own, schema.types, strict=False)]
        yield pa.RecordBatch.from_arrays([*arrays, *labels], schema=schema)


def _seen(entry: Entry, data: bytes) -> tuple[int, int, str]:
    """Size and mode of an image that decodes as a whole; few bytes may claim more pixels than memory holds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                size, mode = picture.size, picture.mode
                if size[0] * size[1] > PIXELS_AT_MOST:
                    raise _too_many_pixels(entry)
                picture.verify()
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                picture.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_many_pixels(entry) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise FileMalformed(
            f"The entry {entry} is no readable PNG or JPEG image.", "Take it out, or convert it to PNG or JPEG."
        ) from error
    return *size, mode


def _too_many_pixels(entry: Entry) -> FileTooLarge:
    return FileTooLarge(f"The image {entry} has more than {PIXELS_AT_MOST} pixels.", "Scale it down.")


def _folders(pictures: Sequence[Entry]) -> pa.Table:
    """The folder of each image as its label; none where all lie in one folder. Numbers where all are numbers."""
    labels = [entry.name.parent.name for entry in pictures]
    if len(set(labels)) == 1:
        return pa.table({"label": pa.nulls(len(labels))})
    if "" in labels:
        raise FileMalformed(
            f"The image {pictures[labels.index('')]} lies in no folder, others do.",
            "Put every image into a folder named after its class, or add manifest.csv.",
        )
    if all(label == str(int(label)) if label.isdecimal() else False for label in labels):
        return pa.table({"label": pa.array(map(int, labels), pa.int64())})
    return pa.table({"label": pa.array(labels, pa.string())})


def _manifest(manifests: Sequence[Entry], pictures: Sequence[Entry], limits: Limits) -> pa.Table:
    """The manifest's columns in the order of the images."""
    if len(manifests) > 1:
        raise FileMalformed(f"There are several manifests: {', '.join(map(str, manifests))}.", "Keep one.")
    told, base = files.read(manifests[0].path, "csv", limits), manifests[0].name.parent
    column = next((name for name in told.column_names if name.casefold() in PATHS), None)
    if column is None:
        raise ColumnsInvalid(f"The manifest {manifests[0]} has no column 'path'.", "Name each image in it.")
    rest = told.drop_columns([column])
    taken = sorted(set(rest.column_names) & set(OWN))
    if taken:
        raise ColumnsInvalid(f"The manifest names columns of ours: {', '.join(taken)}.", "Rename them.")
    rows: dict[str, int] = {}
    for row, name in enumerate(told[column].cast(pa.string()).to_pylist()):
        if str(base / str(name)) in rows:
            raise FileMalformed(f"The manifest names {name!r} twice.", "Name each image once.")
        rows[str(base / str(name))] = row
    _match(rows, [str(entry.name) for entry in pictures])
    return types.normalise(rest.take(pa.array([rows[str(entry.name)] for entry in pictures])))


def _match(rows: dict[str, Any], pictures: list[str]) -> None:
    unnamed, absent = sorted(set(pictures) - set(rows)), sorted(set(rows) - set(pictures))
    if unnamed:
        raise FileMalformed(f"The manifest does not name {_some(unnamed)}.", "Name every image in it.")
    if absent:
        raise FileMalformed(
            f"The manifest names {_some(absent)}, which the archive lacks.", "Add them, or unname them."
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more
