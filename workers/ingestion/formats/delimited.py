"""CSV: a first pass finds the widest type of each column over the whole file, a second reads it."""

import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from workers.ingestion import types
from workers.ingestion.formats import text
from workers.ingestion.formats.opened import Limits, Opened, check_column_count, check_columns
from workers.ingestion.inference import Column

MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL"]
BLOCK = 4 << 20
_QUOTED = re.compile(rb'"[^"]*"')
_LINE = re.compile(rb"[^\r\n]+")


def open(path: Path, limits: Limits) -> Opened:
    """Raises an IngestionError or an ArrowException."""
    text.check(path)
    _check_header(path, limits)
    names = _reader(path).schema.names
    check_columns(names, limits)
    columns = {name: Column() for name in names}
    for batch in _reader(path, dict.fromkeys(names, pa.string())):
        for name, values in zip(names, batch.columns, strict=True):
            columns[name].see(values)
    read_as = {name: column.type for name, column in columns.items()}
    schema = types.canonical(pa.schema(list(read_as.items())))
    return Opened(schema, lambda: iter(_reader(path, read_as)))


def _check_header(path: Path, limits: Limits) -> None:
    """Before the reader makes a column of each comma: it needs a kilobyte for every one, whatever their number."""
    with path.open("rb") as file:
        line = _LINE.search(_QUOTED.sub(b"", file.read(BLOCK)))
    check_column_count(line[0].count(b",") + 1 if line else 1, limits)


def _reader(path: Path, read_as: Mapping[str, pa.DataType] | None = None) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=BLOCK, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            null_values=MISSING, strings_can_be_null=True, quoted_strings_can_be_null=False, column_types=read_as
        ),
    )
