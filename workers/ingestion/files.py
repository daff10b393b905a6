"""Read uploaded files into tables, and write the one canonical file whose digest names a dataset version."""

import codecs
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from workers.ingestion.errors import ColumnsInvalid, FileEmpty, FileMalformed, FileTooLarge, FormatUnknown
from workers.ingestion.types import normalise

SUFFIXES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl"}
MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
TEXT_BLOCK = 1 << 20
ROW_GROUP_ROWS = 65_536


@dataclass(frozen=True)
class Limits:
    """What a file may hold at most."""

    bytes: int = 512 * 1024 * 1024
    rows: int = 20_000_000
    columns: int = 2_000


def detect(name: str) -> str:
    """The format of a file of this name: csv, parquet or jsonl; raises FormatUnknown."""
    format = SUFFIXES.get(Path(name).suffix.lower())
    if format is None:
        raise FormatUnknown(
            f"The name {Path(name).name!r} does not tell the format.",
            f"Name the format (csv, parquet or jsonl) or use one of the endings {', '.join(SUFFIXES)}.",
        )
    return format


def read(path: Path, format: str | None = None, limits: Limits = Limits()) -> pa.Table:
    """The file as a normalised table; raises an IngestionError that names the cause and leaves nothing behind."""
    format = format or detect(path.name)
    if format not in READERS:
        raise FormatUnknown(f"The format {format!r} is not known.", f"Use one of {', '.join(READERS)}.")
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty("The file holds no bytes.", "Check that the upload was complete.")
    if size > limits.bytes:
        raise FileTooLarge(f"The file holds {size} bytes, at most {limits.bytes} are allowed.", "Split the file.")
    try:
        table = READERS[format](path, limits)
    except (pa.ArrowException, OSError) as error:
        raise FileMalformed(f"The file is not readable as {format}: {_cause(error)}.", REMEDIES[format]) from error
    _check_shape(table.schema.names, table.num_rows, limits)
    return normalise(table)


def canonicalise(table: pa.Table) -> bytes:
    """The table as Parquet, the same bytes for the same rows in the same order whatever file they came from.

    The writer names itself in the footer: another release of pyarrow may write other bytes for the same rows.
    """
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(
        # One chunk a column, or the page boundaries would follow the blocks in which the file was read.
        normalise(table).combine_chunks(),
        sink,
        version="2.6",
        data_page_version="1.0",
        compression="zstd",
        compression_level=3,
        row_group_size=ROW_GROUP_ROWS,
        store_schema=False,
        use_dictionary=True,
        write_statistics=True,
    )
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return]


def digest(canonical: bytes) -> str:
    """The content digest of a dataset version: hex SHA-256 of its canonical bytes."""
    return hashlib.sha256(canonical).hexdigest()


def _read_csv(path: Path, limits: Limits) -> pa.Table:
    _check_text(path)
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


def _read_jsonl(path: Path, limits: Limits) -> pa.Table:
    _check_text(path)
    return pyarrow.json.read_json(path)


def _read_parquet(path: Path, limits: Limits) -> pa.Table:
    with pyarrow.parquet.ParquetFile(path) as file:
        # Before a page is decoded: a few kilobytes of Parquet can stand for a billion rows.
        _check_shape(file.schema_arrow.names, file.metadata.num_rows, limits)
        return file.read()


READERS: dict[str, Callable[[Path, Limits], pa.Table]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "jsonl": _read_jsonl,
}
REMEDIES = {
    "csv": "Give every row as many comma-separated values as the header has columns.",
    "parquet": "The file is truncated or damaged: write it again and check that the upload was complete.",
    "jsonl": "Write one flat JSON object a line, each column with one type throughout.",
}


def _check_text(path: Path) -> None:
    """Refuse what is not UTF-8 text, naming the byte; the readers would take it for binary data or mojibake."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset = 0
    with path.open("rb") as file:
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


def _check_shape(names: list[str], rows: int, limits: Limits) -> None:
    if len(names) > limits.columns:
        raise FileTooLarge(
            f"The file has {len(names)} columns, at most {limits.columns} are allowed.", "Keep the columns you need."
        )
    if rows > limits.rows:
        raise FileTooLarge(f"The file has {rows} rows, at most {limits.rows} are allowed.", "Split the file.")
    if not names or rows == 0:
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
