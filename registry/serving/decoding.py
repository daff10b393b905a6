"""Rows of a request into the model's matrix, with an error that names row and column. Pure."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from audit.tlog import canonical
from registry.errors import Invalid, Problem

Matrix = np.ndarray[Any, np.dtype[np.float32]]
MAX_PROBLEMS = 20
MAX_ATTRIBUTES = 20
LARGEST = float(np.finfo(np.float32).max)


def matrix(rows: Sequence[Mapping[str, Any]], schema: Sequence[Mapping[str, Any]]) -> Matrix:
    """float32 of shape (rows, columns of the schema), NaN where a value is null.

    Raises Invalid naming every missing column, unknown column and value that is no number or none that float32 holds,
    twenty at most.
    """
    names = [column["name"] for column in schema]
    problems = [problem for number, row in enumerate(rows) for problem in _problems(number, row, names)]
    if problems:
        raise Invalid(
            "Some rows do not fit the version's input schema.",
            remedy="Send exactly the schema's columns, as numbers or null.",
            problems=problems[:MAX_PROBLEMS],
        )
    return np.array([[_number(row[name]) for name in names] for row in rows], dtype=np.float32)


def _problems(number: int, row: Mapping[str, Any], names: Sequence[str]) -> list[Problem]:
    def at(name: str) -> str:
        return f"/rows/{number}/features/{name}"

    missing = [Problem(at(name), "is missing") for name in names if name not in row]
    unknown = [Problem(at(name), "is not a column of this version") for name in row if name not in names]
    wrong = [
        Problem(at(name), complaint)
        for name in names
        if name in row and (complaint := _complaint(row[name])) is not None
    ]
    return missing + unknown + wrong


def _complaint(value: object) -> str | None:
    """What is wrong with a feature's value. A whole number of any length is compared exactly, never converted."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"is {type(value).__name__}, not a number"
    if not -LARGEST <= value <= LARGEST:  # Not a number is not between them either.
        return "is not finite or too large for a 32-bit float"
    return None


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
