"""The column types a dataset version may have, and the one form each is kept in."""

import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.errors import ColumnsInvalid

KINDS = ("integer", "number", "decimal", "boolean", "string", "date", "timestamp", "empty")
NUMERIC = ("integer", "number", "decimal")


def kind(column_type: pa.DataType) -> str:
    """One of KINDS for a type of a normalised table, or "" for a type that a flat table cannot hold."""
    tests = (
        ("integer", pa.types.is_integer),
        ("number", pa.types.is_floating),
        ("decimal", pa.types.is_decimal),
        ("boolean", pa.types.is_boolean),
        ("string", lambda t: pa.types.is_string(t) or pa.types.is_large_string(t) or pa.types.is_string_view(t)),
        ("date", pa.types.is_date),
        ("timestamp", pa.types.is_timestamp),
        ("empty", pa.types.is_null),
    )
    return next((name for name, matches in tests if matches(column_type)), "")


def normalise(table: pa.Table) -> pa.Table:
    """The same rows with one type per kind (int64, double, string, microseconds), no metadata, and null for NaN.

    A CSV file cannot say int16, so widths must not make two datasets of the same rows.
    """
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        column = _normalise_column(field.name, column)
        fields.append(pa.field(field.name, column.type))
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _normalise_column(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not kind(column.type):
        raise ColumnsInvalid(
            f"Column {name!r} has the type {column.type}, which a flat table cannot hold.",
            "Flatten it into columns of numbers, text, booleans, dates or timestamps, or drop it.",
        )
    column = column.cast(_canonical(column.type))
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def _canonical(column_type: pa.DataType) -> pa.DataType:
    if pa.types.is_uint64(column_type) or kind(column_type) in ("decimal", "boolean", "empty"):
        return column_type
    if pa.types.is_timestamp(column_type) and column_type.unit == "ns":
        return column_type
    return {
        "integer": pa.int64(),
        "number": pa.float64(),
        "string": pa.string(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", getattr(column_type, "tz", None)),
    }[kind(column_type)]
