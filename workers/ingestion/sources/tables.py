"""Rows of a database into Parquet, one group at a time, with the types that the database has."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet

from workers.ingestion.sources import reading
from workers.ingestion.sources.reading import Bounds

# PostgreSQL's numbers for its types, which never change.
_NUMERIC, _BOOLEAN, _DATE, _TIMESTAMP, _TIMESTAMP_TZ = 1700, 16, 1082, 1114, 1184
_TYPES: dict[int, pa.DataType] = {
    _BOOLEAN: pa.bool_(),
    _DATE: pa.date32(),
    _TIMESTAMP: pa.timestamp("us"),
    _TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
    **dict.fromkeys((20, 21, 23, 26), pa.int64()),
    **dict.fromkeys((700, 701), pa.float64()),
}
_LONGEST_DECIMAL = 38


class Writer:
    """A Parquet file that grows by groups of rows; no more than one group is ever in memory."""

    def __init__(self, target: Path, description: Sequence[Any], bounds: Bounds, *, hidden: Sequence[str] = ()) -> None:
        """hidden: names of columns, the last ones, that are read and not kept."""
        kept = [column for column in description if column.name not in hidden]
        self.target, self.bounds = target, bounds
        self.schema = pa.schema([(column.name, _type(column)) for column in kept])
        self.writer = pa.parquet.ParquetWriter(target, self.schema, compression="zstd")

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.writer.close()

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """One group. Raises FileTooLarge."""
        arrays = [
            pa.array([_plain(row[place], field.type) for row in rows], field.type)
            for place, field in enumerate(self.schema)
        ]
        self.writer.write_table(pa.Table.from_arrays(arrays, schema=self.schema))
        reading.take(self.target.stat().st_size, self.bounds)


def _type(column: Any) -> pa.DataType:
    """The column's type in Arrow; what has none of its own is text, and a number without a scale a double."""
    if column.type_code == _NUMERIC:
        precision, scale = column.precision or 0, column.scale or 0
        exact = 0 < precision <= _LONGEST_DECIMAL and 0 <= scale <= precision
        return pa.decimal128(precision, scale) if exact else pa.float64()
    return _TYPES.get(column.type_code, pa.string())


def _plain(value: Any, kind: pa.DataType) -> Any:
    """A value as Arrow takes it for that type."""
    if isinstance(value, Decimal):
        return value if pa.types.is_decimal(kind) and value.is_finite() else _double(value, kind)
    if value is None or isinstance(value, str) or not pa.types.is_string(kind):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else str(value)


def _double(value: Decimal, kind: pa.DataType) -> float | None:
    """NaN and infinity, which decimals of Arrow do not know, are missing there."""
    return None if pa.types.is_decimal(kind) else float(value)
