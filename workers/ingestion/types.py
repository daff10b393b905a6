"""The column types a dataset version may have, and the one form each is kept in."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.errors import ColumnsInvalid

KINDS = ("integer", "number", "decimal", "boolean", "string", "date", "timestamp", "empty", "image")
NUMERIC = ("integer", "number", "decimal")
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_A_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


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
        ("image", pa.types.is_binary),
    )
    return next((name for name, matches in tests if matches(column_type)), "")


def canonical(schema: pa.Schema) -> pa.Schema:
    """The schema with one type per kind (int64, double, string, microseconds) and no metadata.

    A CSV file cannot say int16, so widths must not make two datasets of the same rows. Raises ColumnsInvalid.
    """
    return pa.schema([pa.field(field.name, _canonical(field.name, field.type)) for field in schema])


def normalise(table: pa.Table) -> pa.Table:
    """The same rows in their canonical types, with null for NaN."""
    schema = canonical(table.schema)
    columns = [_column(field, column) for field, column in zip(schema, table.columns, strict=True)]
    return pa.Table.from_arrays(columns, schema=schema)


def conform(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch's rows as this canonical schema has them: a column that the batch lacks is missing throughout."""
    held = set(batch.schema.names)
    columns = [
        _column(field, batch.column(field.name)) if field.name in held else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def widest(name: str, one: pa.DataType, other: pa.DataType) -> pa.DataType:
    """The canonical type that holds the values of both; raises ColumnsInvalid where none does."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if {kind(one), kind(other)} == {"integer", "number"}:
        return pa.float64()
    raise ColumnsInvalid(
        f"Column {name!r} changes from {kind(one) or one} to {kind(other) or other}.",
        "Give each column one type throughout.",
    )


def _column(field: pa.Field, column: Any) -> Any:
    wanted = field.type
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    column = column.cast(wanted)
    if pa.types.is_floating(wanted):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, wanted), column)
    if kind(wanted) in ("date", "timestamp"):
        _check_years(field, column)
    return column


def _check_years(field: pa.Field, column: Any) -> None:
    """Raises ColumnsInvalid for a time that no calendar of ours can write down."""
    units = 1 if pa.types.is_date(field.type) else 86_400 * _A_SECOND[field.type.unit]
    found = pc.min_max(column.cast(pa.int32() if units == 1 else pa.int64())).as_py()
    if found["min"] is not None and not _FIRST_DAY * units <= found["min"] <= found["max"] < _LAST_DAY * units + units:
        raise ColumnsInvalid(
            f"Column {field.name!r} holds a time outside the years 1 to 9999.", "Correct it, or leave it empty."
        )


def _canonical(name: str, column_type: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(column_type):
        column_type = column_type.value_type
    if not kind(column_type) or kind(column_type) == "image":
        raise ColumnsInvalid(
            f"Column {name!r} has the type {column_type}, which a flat table cannot hold.",
            "Flatten it into columns of numbers, text, booleans, dates or timestamps, or drop it.",
        )
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
