"""Read delivered files in batches: the types of the whole are known before the first row is written.

A first pass over the text finds the widest type of each column, a second reads it; neither holds the file in memory.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path

import pyarrow as pa

from workers.ingestion import canonical, types
from workers.ingestion.errors import ColumnsInvalid, FileEmpty, FileTooLarge, FormatUnknown
from workers.ingestion.formats import columnar, delimited, lines
from workers.ingestion.formats.opened import (
    USUAL,
    Limits,
    Opened,
    check_columns,
    check_rows,
    check_value_bytes,
    unreadable,
)

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}

__all__ = ["USUAL", "Limits", "Opened", "canonicalise", "detect", "digest", "open_all", "read", "read_batches"]


def detect(name: str) -> str:
    """The format of a file of this name: csv, parquet or jsonl; raises FormatUnknown."""
    format = SUFFIXES.get(Path(name).suffix.lower())
    if format is None:
        raise FormatUnknown(
            f"The name {Path(name).name!r} does not tell the format.",
            f"Name the format (csv, parquet or jsonl) or use one of the endings {', '.join(SUFFIXES)}.",
        )
    return format


def open_all(paths: Sequence[Path], format: str, limits: Limits = USUAL) -> Opened:
    """Several files of one format as one table, in their order; raises an IngestionError that names the cause."""
    opened = [_open(path, format, limits) for path in paths]
    schema = _together([one.schema for one in opened])
    check_columns(schema.names, limits)
    return Opened(schema, lambda: _guarded(format, partial(_rows_of, opened, schema, limits)))


def read_batches(path: Path, format: str | None = None, limits: Limits = USUAL) -> Iterator[pa.RecordBatch]:
    """The file's rows in their canonical types, some thousands at a time."""
    yield from open_all([path], format or detect(path.name), limits).batches()


def read(path: Path, format: str | None = None, limits: Limits = USUAL) -> pa.Table:
    """The whole file as one table, for files that fit into memory."""
    opened = open_all([path], format or detect(path.name), limits)
    return pa.Table.from_batches(opened.batches(), opened.schema).combine_chunks()


def canonicalise(table: pa.Table) -> bytes:
    """The table as Parquet, the same bytes for the same rows in the same order whatever file they came from.

    The writer names itself in the footer: another release of pyarrow may write other bytes for the same rows.
    """
    sink = BytesIO()
    rows = types.normalise(table)
    canonical.write(sink, rows.schema, iter(rows.to_batches()))
    return sink.getvalue()


def digest(canonical: bytes) -> str:
    """The content digest of a dataset version: hex SHA-256 of its canonical bytes."""
    return hashlib.sha256(canonical).hexdigest()


def _open(path: Path, format: str, limits: Limits) -> Opened:
    if format not in READERS:
        raise FormatUnknown(f"The format {format!r} is not known.", f"Use one of {', '.join(READERS)}.")
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty("The file holds no bytes.", "Check that the upload was complete.")
    if size > limits.bytes:
        raise FileTooLarge(f"The file holds {size} bytes, at most {limits.bytes} are allowed.", "Split the file.")
    with _in_our_words(format):
        return READERS[format](path, limits)


def _rows_of(opened: Sequence[Opened], schema: pa.Schema, limits: Limits) -> Iterator[pa.RecordBatch]:
    rows = size = 0
    for one in opened:
        for batch in one.batches():
            rows, size = rows + batch.num_rows, size + batch.nbytes
            check_rows(rows, limits)
            check_value_bytes(size, limits)
            yield types.conform(batch, schema)
    if rows == 0:
        raise FileEmpty("The file has no rows.", "Upload a file with a header and at least one row.")


def _together(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """One schema that holds the rows of all; files of one delivery have the same columns."""
    together: dict[str, pa.DataType] = {field.name: field.type for field in schemas[0]}
    for schema in schemas[1:]:
        differing = sorted(set(together) ^ set(schema.names))
        if differing:
            raise ColumnsInvalid(
                f"Not every file of the delivery has the columns {', '.join(map(repr, differing[:10]))}.",
                "Deliver files with the same columns together, others by themselves.",
            )
        together = {name: types.widest(name, type, schema.field(name).type) for name, type in together.items()}
    return pa.schema(list(together.items()))


READERS: dict[str, Callable[[Path, Limits], Opened]] = {
    "csv": delimited.open,
    "parquet": columnar.open,
    "jsonl": lines.open,
}


def _guarded(format: str, batches: Callable[[], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    with _in_our_words(format):
        yield from batches()


@contextmanager
def _in_our_words(format: str) -> Iterator[None]:
    """What a reader says about a damaged file becomes a FileMalformed."""
    try:
        yield
    except MemoryError:
        raise  # one of Arrow's own errors too, and it says nothing about the file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(format, error) from error
