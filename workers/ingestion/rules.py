"""A contract as a pandera schema, and what pandera found in a batch as violations in plain JSON values."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
from pandera.errors import SchemaErrorReason, SchemaErrors

from workers.ingestion import conditions
from workers.ingestion.errors import ContractInvalid
from workers.ingestion.profiles import numbers, plain
from workers.ingestion.types import NUMERIC, kind

EXAMPLES = 5
TEXT_RULES = ("pattern", "minimum_length", "maximum_length")
TEXT: tuple[str, ...] = ("string",)
Test = Callable[[Any], Any]


def violation(
    column: str, rule: str, severity: str, count: int, examples: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """One broken promise as plain JSON values."""
    return {"column": column, "rule": rule, "severity": severity, "count": count, "examples": list(examples)}


def type_holds(promised: str | None, actual: str) -> bool:
    """Whether a column of this kind can keep the promise; one without any value is of every kind."""
    return promised in (None, actual) or actual == "empty" or (promised in ("integer", "number") and actual in NUMERIC)


def compiled(document: Mapping[str, Any], schema: pa.Schema) -> pandera.DataFrameSchema:
    """The value rules of a contract for a file of this schema; columns that the file lacks are not in it."""
    held = set(schema.names)
    columns = {
        name: pandera.Column(
            checks=[_check(test, rule) for rule, test in _tests(promised, kind(schema.field(name).type))],
            nullable=promised.get("nullable", True),
        )
        for name, promised in document["columns"].items()
        if name in held
    }
    checks = [
        pandera.Check(partial(_row_check, one["rule"]), name=one["name"], ignore_na=False)
        for one in document.get("checks", [])
        if check_fits(one, schema) is None
    ]
    return pandera.DataFrameSchema(columns, checks=checks)


def check_fits(check: Mapping[str, Any], schema: pa.Schema) -> tuple[str, str] | None:
    """Why a check cannot be asked of a file of this schema, as column and rule; None where it can."""
    for name in conditions.columns(check["rule"]):
        if name not in schema.names:
            return name, "present"
    try:
        conditions.holds(check["rule"], _none(schema))
    except pa.ArrowException:
        return "+".join(conditions.columns(check["rule"])), "type"
    return None


def broken(schema: pandera.DataFrameSchema, batch: pa.RecordBatch, start: int) -> dict[tuple[str, str], list[int]]:
    """Which rows of the batch break which rule of which column, all rules at once; start: its first row's number.

    A check over several columns stands under the column "". Raises ContractInvalid for a rule that cannot be asked:
    pandera would count it as kept.
    """
    frame = batch.to_pandas(types_mapper=pd.ArrowDtype)
    frame.index = pd.RangeIndex(start, start + batch.num_rows)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        _refuse_unasked(errors)
        cases = errors.failure_cases
    else:
        return {}
    across = cases["schema_context"] == "DataFrameSchema"
    cases = cases.assign(column=cases["column"].where(~across, "")).dropna(subset=["index"])
    found = cases.groupby(["column", "check"], sort=False)["index"].unique()
    return {
        (str(column), "nullable" if rule == "not_nullable" else str(rule)): sorted(map(int, rows))
        for (column, rule), rows in found.items()
    }


def _refuse_unasked(errors: SchemaErrors) -> None:
    for one in errors.schema_errors:
        if one.reason_code is SchemaErrorReason.CHECK_ERROR:
            name = getattr(one.check, "name", "?")
            raise ContractInvalid(f"The rule {name} cannot be asked of these values.", "Write it in another way.")


def examples(
    batch: pa.RecordBatch, columns: Sequence[str], rows: Sequence[int], personal: Collection[str]
) -> list[Any]:
    """The values of some rows of the batch: text masked to its first letter, personal columns altogether."""
    shown = []
    for row in rows[:EXAMPLES]:
        values = [masked(batch.column(name)[row].as_py(), name in personal) for name in columns]
        one = values[0] if len(columns) == 1 else ", ".join(f"{n}={v}" for n, v in zip(columns, values, strict=True))
        shown.append(one)
    return shown


def masked(value: Any, personal: bool) -> Any:
    """What evidence may show of a value."""
    if value is None:
        return None
    if personal:
        return "***"
    if isinstance(value, str):
        return value[:1] + "***"
    return "***" if isinstance(value, bytes) else plain(value)


def _tests(promised: Mapping[str, Any], actual: str) -> list[tuple[str, Test]]:
    """Each value rule with its test: an Arrow array without missing values in, what holds of each out."""
    if actual == "empty":
        return []
    if not type_holds(promised.get("type"), actual):
        # Ranges and levels of another type mean nothing; the type is the finding.
        return [("type", _never)]
    tests: list[tuple[str, Test]] = []
    if promised.get("type") == "integer" and actual != "integer":
        tests.append(("type", _whole))
    if "allowed" in promised:
        tests.append(("allowed", partial(_allowed, promised["allowed"], actual)))
    fits: dict[str, tuple[str, ...]] = {"minimum": NUMERIC, "maximum": NUMERIC}
    fits |= dict.fromkeys(TEXT_RULES, TEXT)
    fits["fresh_within_days"] = ("date", "timestamp")
    ruled = [rule for rule in fits if rule in promised]
    if any(actual not in fits[rule] for rule in ruled):
        return [*tests, ("type", _never)]
    return tests + [(rule, partial(_BOUNDS[rule], promised[rule])) for rule in ruled if rule in _BOUNDS]


_BOUNDS: dict[str, Callable[[Any, Any], Any]] = {
    "minimum": lambda bound, values: pc.greater_equal(numbers(values), bound),
    "maximum": lambda bound, values: pc.less_equal(numbers(values), bound),
    "pattern": lambda pattern, values: pc.match_substring_regex(values, whole(pattern)),
    "minimum_length": lambda bound, values: pc.greater_equal(pc.utf8_length(values), bound),
    "maximum_length": lambda bound, values: pc.less_equal(pc.utf8_length(values), bound),
}


def whole(pattern: str) -> str:
    """The pattern for a whole value; RE2, which takes time in proportion to the text, whatever the pattern."""
    return f"^(?:{pattern})$"


def _never(values: Any) -> Any:
    return np.zeros(len(values), dtype=np.bool_)


def _whole(values: Any) -> Any:
    found = numbers(values)
    return found == np.floor(found)


def _allowed(allowed: Sequence[Any], actual: str, values: Any) -> Any:
    if actual in NUMERIC:
        listed = [float(value) for value in allowed if isinstance(value, int | float) and not isinstance(value, bool)]
        return np.isin(numbers(values), listed)
    wanted = bool if actual == "boolean" else str
    spelled = [_text(value) for value in allowed if isinstance(value, wanted)]
    return pc.is_in(values.cast(pa.string()), pa.array(spelled, pa.string()))


def _text(value: Any) -> str:
    """As Arrow spells it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check(test: Test, name: str) -> pandera.Check:
    return pandera.Check(partial(_column_check, test), name=name, ignore_na=True)


def _column_check(test: Test, values: pd.Series) -> pd.Series:
    return pd.Series(np.asarray(test(pa.chunked_array(pa.array(values))), dtype=np.bool_), index=values.index)


def _row_check(rule: Mapping[str, Any], frame: pd.DataFrame) -> pd.Series:
    used = frame[conditions.columns(rule)]
    answers = conditions.holds(rule, pa.RecordBatch.from_pandas(used, preserve_index=False))
    return pd.Series(np.asarray(pc.fill_null(answers, True)), index=frame.index)


def _none(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)
