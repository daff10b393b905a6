"""Read delivered files in batches: the types of the whole are known before the first row is written.

A first pass over the text finds the widest type of each column, a second reads it; neither holds the file in memory.
"""

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from workers.ingestion import canonical, types
from workers.ingestion.errors import ColumnsInvalid, FileEmpty, FileMalformed, FileTooLarge, FormatUnknown
from workers.ingestion.inference import Column

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
TEXT_BLOCK = 1 << 20
JSON_BLOCK = 4 << 20
CSV_BLOCK = 4 << 20
BATCH_ROWS = 16_384
LINE_AT_MOST = 64 << 20


@dataclass(frozen=True)
class Limits:
    """What a delivery may hold at most."""

    bytes: int = 512 * 1024 * 1024
    rows: int = 200_000_000
    columns: int = 2_000


USUAL = Limits()


@dataclass(frozen=True)
class Opened:
    """Files that read as one table: its canonical schema, and its rows from the start as often as asked."""

    schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]


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
    _check_columns(schema.names, limits)
    return Opened(schema, partial(_rows_of, opened, schema, limits))


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
    return _named(format, lambda: READERS[format](path, limits))


def _rows_of(opened: Sequence[Opened], schema: pa.Schema, limits: Limits) -> Iterator[pa.RecordBatch]:
    rows = 0
    for one in opened:
        for batch in one.batches():
            rows += batch.num_rows
            _check_rows(rows, limits)
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


def _csv(path: Path, limits: Limits) -> Opened:
    _check_text(path)
    names = _csv_reader(path).schema.names
    _check_columns(names, limits)
    columns = {name: Column() for name in names}
    for batch in _csv_reader(path, dict.fromkeys(names, pa.string())):
        for name, values in zip(names, batch.columns, strict=True):
            columns[name].see(values)
    read_as = {name: column.type for name, column in columns.items()}
    schema = types.canonical(pa.schema(list(read_as.items())))
    return Opened(schema, lambda: _guarded("csv", lambda: iter(_csv_reader(path, read_as))))


def _csv_reader(path: Path, read_as: Mapping[str, pa.DataType] | None = None) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=CSV_BLOCK, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False, column_types=read_as
        ),
    )


def _jsonl(path: Path, limits: Limits) -> Opened:
    _check_text(path)
    found: dict[str, pa.DataType] = {}
    for block in _blocks(path):
        for field in _json_table(block).schema:
            found[field.name] = _json_widest(field.name, found.get(field.name, pa.null()), field.type)
    _check_columns(list(found), limits)
    read_as = pa.schema(list(found.items()))
    return Opened(types.canonical(read_as), lambda: _guarded("jsonl", partial(_json_batches, path, read_as)))


def _json_batches(path: Path, read_as: pa.Schema) -> Iterator[pa.RecordBatch]:
    for block in _blocks(path):
        yield from _json_table(block, read_as).to_batches()


def _json_table(block: bytes, read_as: pa.Schema | None = None) -> pa.Table:
    return pyarrow.json.read_json(
        pa.BufferReader(block),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(block) + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=read_as),
    )


def _json_widest(name: str, one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """As Arrow widens within one block: text that looks like a time is text where other text stands beside it."""
    if {one.id, other.id} == {pa.timestamp("s").id, pa.string().id}:
        return pa.string()
    return types.widest(name, one, other)


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces of whole lines."""
    with path.open("rb") as file:
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        kept = b""
        while block := file.read(JSON_BLOCK):
            whole, newline, rest = (kept + block).rpartition(b"\n")
            kept = rest
            if len(kept) > LINE_AT_MOST:
                raise FileMalformed(f"A line holds more than {LINE_AT_MOST} bytes.", REMEDIES["jsonl"])
            if whole.strip():
                yield whole + newline
        if kept.strip():
            yield kept


def _parquet(path: Path, limits: Limits) -> Opened:
    with pyarrow.parquet.ParquetFile(path) as file:
        # Before a page is decoded: a few kilobytes of Parquet can stand for a billion rows.
        _check_columns(file.schema_arrow.names, limits)
        _check_rows(file.metadata.num_rows, limits)
        schema = types.canonical(file.schema_arrow)
    return Opened(schema, lambda: _guarded("parquet", partial(_parquet_batches, path)))


def _parquet_batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pyarrow.parquet.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS, use_threads=False)


READERS: dict[str, Callable[[Path, Limits], Opened]] = {"csv": _csv, "parquet": _parquet, "jsonl": _jsonl}
REMEDIES = {
    "csv": "Give every row as many comma-separated values as the header has columns.",
    "parquet": "The file is truncated or damaged: write it again and check that the upload was complete.",
    "jsonl": "Write one flat JSON object a line, each column with one type throughout.",
}


def _named(format: str, work: Callable[[], Opened]) -> Opened:
    try:
        return work()
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(format, error) from error


def _guarded(format: str, batches: Callable[[], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """The batches; what the reader says about a damaged file in our words."""
    try:
        yield from batches()
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(format, error) from error


def _unreadable(format: str, error: BaseException) -> FileMalformed:
    return FileMalformed(f"The file is not readable as {format}: {_cause(error)}.", REMEDIES[format])


def _check_text(path: Path) -> None:
    """Refuse what is not UTF-8 text, naming the byte; the readers would take it for binary data or mojibake."""
    with path.open("rb") as file:
        _check_encoding(file)


def _check_encoding(file: IO[bytes]) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    while block := file.read(TEXT_BLOCK):
        held_back = len(decoder.getstate()[0])
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError as error:
            raise _wrong_encoding(f"byte {offset - held_back + error.start} is not UTF-8") from error
        if "\x00" in text:
            raise _wrong_encoding("it holds NUL bytes, as UTF-16 and binary files do")
        offset += len(block)
    if decoder.getstate()[0]:
        raise _wrong_encoding("it ends in the middle of a character")


def _wrong_encoding(cause: str) -> FileMalformed:
    return FileMalformed(f"The file has the wrong encoding: {cause}.", "Save it as UTF-8 text.")


def _check_rows(rows: int, limits: Limits) -> None:
    if rows > limits.rows:
        raise FileTooLarge(f"The file has more than {limits.rows} rows, which are allowed.", "Split the file.")


def _check_columns(names: list[str], limits: Limits) -> None:
    if len(names) > limits.columns:
        raise FileTooLarge(
            f"The file has {len(names)} columns, at most {limits.columns} are allowed.", "Keep the columns you need."
        )
    if not names:
        raise FileEmpty("The file has no rows.", "Upload a file with a header and at least one row.")
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ColumnsInvalid(
            f"Column names appear more than once: {', '.join(map(repr, repeated[:10]))}.",
            "Give every column a name of its own.",
        )
    if any(not name.strip() for name in names):
        raise ColumnsInvalid("A column has no name.", "Give every column a name in the header.")


def _cause(error: BaseException) -> str:
    """The reader's first line without the row that it quotes, which may hold personal data."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return re.sub(r"(got \d+): .*", r"\1", lines[0]).rstrip(".")
