"""Rows in whatever a data scientist holds them: DataFrames, pyarrow Tables, dicts. Libraries load only where used."""

import base64
import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from mlops_client.errors import Unusable

_TAKEN = "Give a DataFrame, a pyarrow Table, a list of dicts, or one dict."


def dicts(rows: Any) -> list[dict[str, Any]]:
    """Each row as a dict of JSON values. Raises Unusable."""
    if isinstance(rows, Mapping):
        rows = [rows]
    elif is_frame(rows):
        rows = _of_frame(rows)
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) for row in rows):
        raise Unusable(f"{type(rows).__name__} holds no rows.", remedy=_TAKEN)
    return [{str(name): value(inner) for name, inner in row.items()} for row in rows]


def is_frame(rows: Any) -> bool:
    """Whether it is a table of pandas, polars, pyarrow or another that speaks Arrow."""
    return hasattr(rows, "__arrow_c_stream__") or hasattr(rows, "to_dict")


def value(of: Any) -> Any:
    """A value as JSON has it: null for what is missing, dates in ISO 8601, bytes as base64. Raises Unusable."""
    if hasattr(of, "item") and not isinstance(of, str | bytes):
        of = of.item()
    match of:
        case float() if not math.isfinite(of):
            return None
        case None | bool() | int() | float() | str():
            return of
        case bytes():
            return base64.b64encode(of).decode()
        case date():
            # pandas' NaT is a date that equals nothing, itself included.
            return of.isoformat() if of == of else None
    if type(of).__name__ == "NAType":
        return None
    raise Unusable(f"{of!r} is of type {type(of).__name__}, which JSON does not have.")


def table(rows: Any) -> Any:
    """A pyarrow Table of any frame; without an index. Raises Unusable where pyarrow is not installed."""
    try:
        import pyarrow  # the client does without it; a frame that becomes a file needs it
    except ImportError as error:
        remedy = "Install pyarrow, or write the frame to a CSV file and give its path."
        raise Unusable("A DataFrame is sent as Parquet, for which pyarrow is missing.", remedy=remedy) from error
    if type(rows).__module__.partition(".")[0] == "pandas":
        return pyarrow.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    return pyarrow.table(rows)


def _of_frame(rows: Any) -> list[dict[str, Any]]:
    if hasattr(rows, "to_pylist"):
        return list(rows.to_pylist())
    if hasattr(rows, "to_dicts"):
        return list(rows.to_dicts())
    return list(rows.to_dict(orient="records"))
