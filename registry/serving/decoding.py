"""Rows of a request into the model's matrix, with an error that names row and column. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from registry.errors import Invalid, Problem

Matrix = np.ndarray[Any, np.dtype[np.float32]]
MAX_PROBLEMS = 20


def matrix(rows: Sequence[Mapping[str, Any]], schema: Sequence[Mapping[str, Any]]) -> Matrix:
    """float32 of shape (rows, columns of the schema), NaN where a value is null.

    Raises Invalid naming every missing column, unknown column and value that is no number, twenty at most.
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
        Problem(at(name), f"is {type(row[name]).__name__}, not a number")
        for name in names
        if name in row and (isinstance(row[name], bool) or not isinstance(row[name], int | float | None))
    ]
    return missing + unknown + wrong


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
