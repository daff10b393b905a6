"""Parquet: pages of any size may come out of a few bytes, so little is decoded at once and all of it is counted."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from workers.ingestion import types
from workers.ingestion.canonical import BUFFERED
from workers.ingestion.formats import text
from workers.ingestion.formats.opened import Limits, Opened, check_columns, check_rows
from workers.ingestion.types import kind

BATCH_ROWS = 16_384
BATCH_BYTES = 64 << 20


def open(path: Path, limits: Limits) -> Opened:
    """Raises an IngestionError or an ArrowException."""
    with pyarrow.parquet.ParquetFile(path, **BUFFERED) as file:
        # Before a page is decoded: a few kilobytes of Parquet can stand for a billion rows.
        check_columns(file.schema_arrow.names, limits)
        check_rows(file.metadata.num_rows, limits)
        schema = types.canonical(file.schema_arrow)
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
    return Opened(schema, partial(_batches, path, texts))


def _batches(path: Path, texts: list[str]) -> Iterator[pa.RecordBatch]:
    """Text stays what its dictionary says until it is known how long it will be."""
    with pyarrow.parquet.ParquetFile(path, read_dictionary=texts, **BUFFERED) as file:
        for batch in file.iter_batches(BATCH_ROWS, use_threads=False):
            yield from map(text.check_values, map(_plain, _small(batch)))


def _small(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts whose text fits into memory beside everything else."""
    if batch.num_rows > 1 and sum(map(_text_bytes, batch.columns)) > BATCH_BYTES:
        half = batch.num_rows // 2
        yield from _small(batch.slice(0, half))
        yield from _small(batch.slice(half))
    else:
        yield batch


def _text_bytes(values: pa.Array) -> int:
    if not pa.types.is_dictionary(values.type) or kind(values.type.value_type) != "string":
        return 0
    return int(pc.sum(pc.binary_length(values.dictionary).take(values.indices)).as_py() or 0)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [values.dictionary_decode() if pa.types.is_dictionary(values.type) else values for values in batch.columns],
        names=batch.schema.names,
    )
