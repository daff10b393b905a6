"""Checks of a contract as data: comparisons of columns and constants under all, any and not; nothing is executed.

Where a value is missing, a comparison is neither kept nor broken (Kleene's logic, as in SQL); `missing` asks for that.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": pc.less,
    "<=": pc.less_equal,
    "=": pc.equal,
    "!=": pc.not_equal,
    ">=": pc.greater_equal,
    ">": pc.greater,
}
#: Larger numbers are none of any column, and no comparison of Arrow takes them.
LARGEST = 1e300
NUMBER = {"type": "number", "minimum": -LARGEST, "maximum": LARGEST}
VALUE = {**NUMBER, "type": ["integer", "number", "string", "boolean"]}
RULES = {"type": "array", "minItems": 1, "maxItems": 20, "items": {"$ref": "#/$defs/rule"}}


def _closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


COLUMN = {"type": "string", "minLength": 1}
RULE: dict[str, Any] = {
    "oneOf": [
        _closed(all=RULES),
        _closed(any=RULES),
        {**_closed(), "required": ["not"], "properties": {"not": {"$ref": "#/$defs/rule"}}},
        _closed(column=COLUMN, missing={"type": "boolean"}),
        {
            **_closed(column=COLUMN),
            "required": ["column", "in"],
            "properties": {"column": COLUMN, "in": {"type": "array", "minItems": 1, "maxItems": 1000, "items": VALUE}},
        },
        {
            **_closed(column=COLUMN),
            "required": ["column", "is", "to"],
            "properties": {
                "column": COLUMN,
                "is": {"enum": list(COMPARISONS)},
                "to": {"oneOf": [VALUE, _closed(column=COLUMN)]},
            },
        },
    ]
}


def columns(rule: Mapping[str, Any]) -> list[str]:
    """Every column that the rule reads, once each, in the order in which it names them."""
    return list(dict.fromkeys(_columns(rule)))


def holds(rule: Mapping[str, Any], rows: pa.RecordBatch) -> Any:
    """Per row true, false or null for unknown; raises ArrowException where the types cannot be compared."""
    if "all" in rule:
        return reduce(pc.and_kleene, [holds(one, rows) for one in rule["all"]])
    if "any" in rule:
        return reduce(pc.or_kleene, [holds(one, rows) for one in rule["any"]])
    if "not" in rule:
        return pc.invert(holds(rule["not"], rows))
    column = rows.column(rule["column"])
    if "missing" in rule:
        return pc.equal(pc.is_null(column), pa.scalar(rule["missing"]))
    if "in" in rule:
        listed = pa.array([_constant(value, column.type).as_py() for value in rule["in"]], column.type)
        return pc.if_else(pc.is_null(column), pa.scalar(None, pa.bool_()), pc.is_in(column, listed))
    other = rule["to"]
    right = rows.column(other["column"]) if isinstance(other, Mapping) else _constant(other, column.type)
    return COMPARISONS[rule["is"]](column, right)


def _columns(rule: Mapping[str, Any]) -> Iterator[str]:
    for one in [*rule.get("all", []), *rule.get("any", []), *([rule["not"]] if "not" in rule else [])]:
        yield from _columns(one)
    if "column" in rule:
        yield rule["column"]
    if isinstance(rule.get("to"), Mapping):
        yield rule["to"]["column"]


def _constant(value: Any, column_type: Any) -> Any:
    """A constant as a value of the column's kind: dates and times are written as ISO text."""
    constant = pa.scalar(float(value) if isinstance(value, int) and abs(value) >= 2**63 else value)
    if pa.types.is_date(column_type) or pa.types.is_timestamp(column_type):
        return constant.cast(column_type)
    if isinstance(value, bool) != pa.types.is_boolean(column_type):
        raise pa.ArrowTypeError(f"{value!r} is no value of a column of {column_type}")
    return constant
