"""The rules of a data contract: a column in, the rows that break the rule out."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.profiles import numbers
from workers.ingestion.types import NUMERIC, kind

EXAMPLES = 5
Mask = np.ndarray[Any, np.dtype[np.bool_]]


def violation(
    column: str, rule: str, severity: str, count: int, examples: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """One broken promise as plain JSON values."""
    return {"column": column, "rule": rule, "severity": severity, "count": count, "examples": list(examples)}


def type_holds(promised: str | None, column: pa.ChunkedArray) -> bool:
    """Whether the column is of the promised kind; a whole column of nulls is of every kind, integers are numbers."""
    actual = kind(column.type)
    if promised is None or actual == "empty" or actual == promised:
        return True
    if promised == "integer" and actual == "number":
        values = numbers(column)
        return bool(np.all(np.isnan(values) | (values == np.floor(values))))
    return promised == "number" and actual in NUMERIC


def broken(promised: Mapping[str, Any], column: pa.ChunkedArray) -> Iterator[tuple[str, Mask]]:
    """Each value rule of the promise with its mask, shape (rows,), True where a row breaks it."""
    present = _mask(pc.is_valid(column))
    if not promised.get("nullable", True):
        yield "nullable", ~present
    if "allowed" in promised:
        yield "allowed", present & ~_allowed(column, promised["allowed"])
    if "minimum" in promised or "maximum" in promised:
        if kind(column.type) not in (*NUMERIC, "empty"):
            yield "type", present
            return
        values = numbers(column)
        if "minimum" in promised:
            yield "minimum", present & (values < promised["minimum"])
        if "maximum" in promised:
            yield "maximum", present & (values > promised["maximum"])


def repeated_rows(table: pa.Table) -> int:
    """How many rows repeat the values of an earlier row; nulls equal each other."""
    return int(table.num_rows - table.group_by(table.column_names).aggregate([]).num_rows)


def examples(column: pa.ChunkedArray, broken: Mask, personal: bool) -> list[dict[str, Any]]:
    """The first rows that break a rule; text is masked to its first letter, personal columns altogether."""
    rows = np.flatnonzero(broken)[:EXAMPLES]
    return [{"row": int(row), "value": _masked(column[int(row)].as_py(), personal)} for row in rows]


def _allowed(column: pa.ChunkedArray, allowed: Sequence[Any]) -> Mask:
    if kind(column.type) in NUMERIC:
        listed = [float(value) for value in allowed if isinstance(value, int | float) and not isinstance(value, bool)]
        return np.isin(numbers(column), listed)
    wanted = bool if kind(column.type) == "boolean" else str
    spelled = [_text(value) for value in allowed if isinstance(value, wanted)]
    return _mask(pc.is_in(column.cast(pa.string()), pa.array(spelled, pa.string())))


def _text(value: Any) -> str:
    """As Arrow spells it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _masked(value: Any, personal: bool) -> Any:
    if value is None:
        return None
    if personal:
        return "***"
    if isinstance(value, str):
        return value[:1] + "***"
    return value if isinstance(value, bool | int | float) else str(value)


def _mask(values: pa.ChunkedArray) -> Mask:
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
