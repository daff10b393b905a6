"""The columns of an input schema that have a distribution to compare, of a stored table and of logged rows alike."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from registry.serving import values

if TYPE_CHECKING:
    import pyarrow as pa

    from monitoring.measures.profiles import Kind

Column = np.ndarray[Any, Any]
Schema = Sequence[Mapping[str, Any]]

SECONDS_OF_A_DAY = 86_400
MICROSECONDS_OF_A_DAY = SECONDS_OF_A_DAY * 10**6


def kinds(schema: Schema) -> "dict[str, Kind]":
    """How each column is compared; free text and pictures have no distribution of their own and are left out."""
    return {
        column["name"]: "categorical" if column["type"] == "categorical" else "numeric"
        for column in schema
        if column["type"] in READ
    }


def of_rows(rows: Sequence[Mapping[str, Any]], schema: Schema) -> dict[str, Column]:
    """Of features as they were sent: a number is float64, NaN where missing; dates and times are days since 1970."""
    return {column["name"]: _of_rows(rows, column) for column in schema if column["type"] in READ}


def of_table(table: "pa.Table", schema: Schema) -> dict[str, Column]:
    """The same of a dataset version's rows."""
    return {
        column["name"]: _of_table(table[column["name"]], column["type"]) for column in schema if column["type"] in READ
    }


def _of_rows(rows: Sequence[Mapping[str, Any]], column: Mapping[str, Any]) -> Column:
    sent = [row.get(column["name"]) for row in rows]
    if column["type"] == "categorical":
        return np.array(sent, dtype=object)
    read = READ[column["type"]]
    return np.array([np.nan if value is None else read(value) for value in sent], dtype=np.float64)


def _of_table(column: "pa.ChunkedArray", kind: str) -> Column:
    import pyarrow as pa  # loads with the first reference that is made

    if kind == "categorical":
        return np.array(column.to_pylist(), dtype=object)
    if kind in ("date", "timestamp"):
        ticks = column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False)
        days = np.asarray(ticks, dtype=np.float64) / MICROSECONDS_OF_A_DAY
        return np.floor(days) if kind == "date" else days
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _moment(value: str) -> float:
    day, second = values.moment(value)
    return day + second / SECONDS_OF_A_DAY


READ: dict[str, Callable[[Any], Any]] = {
    "numeric": float,
    "boolean": float,
    "date": values.day,
    "timestamp": _moment,
    "categorical": str,
}
