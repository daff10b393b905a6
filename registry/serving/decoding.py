"""Rows of a request into the model's inputs, with an error that names row and column. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from audit.tlog import canonical
from registry.errors import Invalid, Problem
from registry.serving import columns

Array = np.ndarray[Any, Any]
Matrix = np.ndarray[Any, np.dtype[np.float32]]
MAX_PROBLEMS = 20
MAX_ATTRIBUTES = 20
LARGEST = columns.LARGEST
Schema = Sequence[Mapping[str, Any]]


def is_plain(schema: Schema) -> bool:
    """Whether every column is one number of the input `features`, in the schema's order: the fast way suffices."""
    return all(
        column.get("type", "numeric") in ("numeric", "categorical")
        and (column.get("input", "features"), column.get("position", place)) == ("features", place)
        for place, column in enumerate(schema)
    )


def inputs(rows: Sequence[Mapping[str, Any]], schema: Schema, *, plain: bool) -> dict[str, Array]:
    """The model's inputs by name: `features` float32 [rows, k], and `texts` [rows, m] where the schema has any.

    `plain` is what is_plain answered for the schema. Raises Invalid as `matrix` does, for every type of column.
    """
    if plain:
        return {"features": matrix(rows, schema)}
    made = blank(len(rows), schema)
    problems = [problem for number, row in enumerate(rows) for problem in _fill(made, number, row, schema)]
    if problems:
        raise _misfit(
            problems, "Send exactly the schema's columns, each as its type asks, or null where it is missing."
        )
    return made


def blank(count: int, schema: Schema) -> dict[str, Array]:
    """Inputs of zeros and empty texts, of the schema's shape; one without columns is not among them."""
    widths = {"features": 0, "texts": 0}
    for column in schema:
        widths[column.get("input", "features")] += columns.width({"type": "numeric", **column})
    made: dict[str, Array] = {
        "features": np.zeros((count, widths["features"]), dtype=np.float32),
        "texts": np.full((count, widths["texts"]), "", dtype=object),
    }
    return {name: array for name, array in made.items() if widths[name]}


def matrix(rows: Sequence[Mapping[str, Any]], schema: Sequence[Mapping[str, Any]]) -> Matrix:
    """float32 of shape (rows, columns of the schema), NaN where a value is null.

    Raises Invalid naming every missing column, unknown column and value that is no number or none that float32 holds,
    twenty at most.
    """
    names = [column["name"] for column in schema]
    problems = [problem for number, row in enumerate(rows) for problem in _problems(number, row, names)]
    if problems:
        raise _misfit(problems, "Send exactly the schema's columns, as numbers or null.")
    return np.array([[_number(row[name]) for name in names] for row in rows], dtype=np.float32)


def _problems(number: int, row: Mapping[str, Any], names: Sequence[str]) -> list[Problem]:
    wrong = [
        Problem(_at(number, name), complaint)
        for name in names
        if name in row and (complaint := columns.complaint(row[name])) is not None
    ]
    return [*_others(number, row, names), *wrong]


def _others(number: int, row: Mapping[str, Any], names: Sequence[str]) -> list[Problem]:
    """Columns that the row lacks, or has too many."""
    missing = [Problem(_at(number, name), "is missing") for name in names if name not in row]
    return missing + [
        Problem(_at(number, name), "is not a column of this version") for name in row if name not in names
    ]


def _fill(made: Mapping[str, Array], number: int, row: Mapping[str, Any], schema: Schema) -> Iterator[Problem]:
    """Write one row into the inputs."""
    yield from _others(number, row, [column["name"] for column in schema])
    for column in schema:
        if column["name"] in row:
            start = column["position"]
            try:
                made[column["input"]][number, start : start + columns.width(column)] = columns.read(
                    column, row[column["name"]]
                )
            except columns.Unfit as error:
                yield Problem(_at(number, column["name"]), str(error))


def _at(number: int, name: str) -> str:
    return f"/rows/{number}/features/{name}"


def _misfit(problems: Sequence[Problem], remedy: str) -> Invalid:
    detail = "Some rows do not fit the version's input schema."
    return Invalid(detail, remedy=remedy, problems=problems[:MAX_PROBLEMS])


def check_attributes(rows: Iterable[Mapping[str, Any]]) -> None:
    """Refuse attributes that the log could not commit to: flat, few, printable names, plain values. Raises Invalid."""
    problems = [problem for number, row in enumerate(rows) for problem in _attribute_problems(number, row)]
    if problems:
        raise Invalid(
            "Some attributes cannot be kept.",
            remedy=f"Send at most {MAX_ATTRIBUTES} names with text, a finite number, true, false or null.",
            problems=problems[:MAX_PROBLEMS],
        )


def _attribute_problems(number: int, row: Mapping[str, Any]) -> Iterator[Problem]:
    at = f"/rows/{number}/attributes"
    if len(row) > MAX_ATTRIBUTES:
        yield Problem(at, f"has {len(row)} names")
    for name, value in row.items():
        if not _is_name(name):
            yield Problem(at, f"has the name {name[:50]!r}, which is not made of 1 to 100 printable characters")
        elif not isinstance(value, str | int | float | None):
            yield Problem(f"{at}/{name}", f"is {type(value).__name__}, not text, a number, true, false or null")
        elif isinstance(value, float) and not math.isfinite(value):
            yield Problem(f"{at}/{name}", "is not finite")


def _is_name(name: str) -> bool:
    """As the log's canonical JSON takes keys."""
    return 1 <= len(name) <= 100 and name.isprintable() and max(name) <= canonical.LAST_KEY_CHARACTER


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
