"""The one file that a dataset version is: written row group by row group, read back in batches.

The rule (docs/decisions/0019-row-groups.md): a row group ends at 65,536 rows, or after the 1,024 rows with which its
values come to 128 MiB (images: 16 rows, 64 MiB); so the bytes follow from the rows alone, and memory is bounded.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

ROW_GROUP_ROWS = 65_536
ROW_GROUP_BYTES = 128 * 1024 * 1024
STEP_ROWS = 1_024
BATCH_ROWS = 65_536
CHUNK_BYTES = 1 << 20
#: Of each column so much of the file is in memory at once. Unless it is told otherwise, Arrow keeps all that it read.
BUFFERED: dict[str, Any] = {"pre_buffer": False, "buffer_size": CHUNK_BYTES}


@dataclass(frozen=True)
class Rows:
    """A canonical file on disk."""

    path: Path

    @property
    def schema(self) -> pa.Schema:
        """Names and types, from the file's footer."""
        return pyarrow.parquet.read_schema(self.path).remove_metadata()

    @property
    def count(self) -> int:
        """How many rows."""
        return int(pyarrow.parquet.read_metadata(self.path).num_rows)

    def batches(self, columns: Sequence[str] | None = None, *, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The rows in order, so many at a time; of these columns only, where named."""
        with pyarrow.parquet.ParquetFile(self.path, **BUFFERED) as file:
            yield from file.iter_batches(rows, columns=columns, use_threads=False)

    def digest(self) -> str:
        """The content digest of the dataset version: hex SHA-256 of the file."""
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while block := file.read(CHUNK_BYTES):
                digest.update(block)
        return digest.hexdigest()


class Writer:
    """Takes batches of one canonical schema of any size; the file is the same whatever their sizes."""

    def __init__(
        self,
        target: Path | IO[bytes],
        schema: pa.Schema,
        *,
        group_bytes: int = ROW_GROUP_BYTES,
        step_rows: int = STEP_ROWS,
    ) -> None:
        self.rows = 0
        self._schema, self._group_bytes, self._step_rows = schema, group_bytes, step_rows
        self._fixed_bytes = sum(_width(field.type) for field in schema)
        self._texts = [place for place, field in enumerate(schema) if not _width(field.type)]
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = self._pending_bytes = 0
        self._file = pyarrow.parquet.ParquetWriter(
            target,
            schema,
            version="2.6",
            data_page_version="1.0",
            compression="zstd",
            compression_level=3,
            store_schema=False,
            use_dictionary=True,
            write_statistics=True,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows; a full row group goes to the file."""
        start = 0
        while start < batch.num_rows:
            piece = batch.slice(start, self._step_rows - self._pending_rows % self._step_rows)
            start += piece.num_rows
            self._pending.append(piece)
            self._pending_rows += piece.num_rows
            self._pending_bytes += self._size(piece)
            whole_step = self._pending_rows % self._step_rows == 0
            if self._pending_rows == ROW_GROUP_ROWS or (whole_step and self._pending_bytes >= self._group_bytes):
                self._flush()

    def close(self) -> None:
        """Write what is left and the footer."""
        if self._pending:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        # One chunk a column, or the page boundaries would follow the batches in which the rows came.
        table = pa.Table.from_batches(self._pending, self._schema).combine_chunks()
        self._file.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self.rows += self._pending_rows
        self._pending, self._pending_rows, self._pending_bytes = [], 0, 0

    def _size(self, piece: pa.RecordBatch) -> int:
        lengths = (pc.sum(pc.binary_length(piece.column(place))).as_py() or 0 for place in self._texts)
        return int(self._fixed_bytes * piece.num_rows + sum(lengths))


def write(target: Path | IO[bytes], schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
    """All batches as one canonical file; returns the number of rows."""
    with closing(Writer(target, schema)) as writer:
        for batch in batches:
            writer.write(batch)
    return writer.rows


def _width(column_type: Any) -> int:
    """Bytes a value, or 0 where they differ from value to value."""
    if pa.types.is_null(column_type) or pa.types.is_boolean(column_type):
        return 1
    if pa.types.is_string(column_type) or pa.types.is_binary(column_type):
        return 0
    return int(column_type.bit_width // 8)
