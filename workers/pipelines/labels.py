"""The label column as numbers: 0 and 1, the position of a class, or the value to predict."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.ingestion.profiles import numbers
from workers.ingestion.types import kind
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.recipes import Recipe

Array = np.ndarray[Any, Any]
Class = int | str
CLASSES_AT_MOST = 1_000


def labels_of(recipe: Recipe, table: pa.Table, classes: Sequence[Class] | None = None) -> Array:
    """The label of each row: int64 0 and 1, int64 positions in the classes, or float64 values, shape (rows,).

    `classes` are those of the table where none are given. Raises TrainingRefused for anything else in the column.
    """
    column = _column(recipe, table)
    if recipe.task == "regression":
        return _values(recipe.label, column)
    if recipe.binary:
        return _binary(recipe.label, column)
    known = classes_of(recipe, table) if classes is None else classes
    return _positions(recipe.label, column, known or [])


def classes_of(recipe: Recipe, table: pa.Table) -> list[Class] | None:
    """The classes in the order of the model's probabilities: text or whole numbers, sorted; None for a regression."""
    if recipe.task == "regression":
        return None
    if recipe.binary:
        return [0, 1]
    column = _column(recipe, table)
    if kind(column.type) not in ("string", "integer", "boolean"):
        raise TrainingRefused(
            f"The label {recipe.label!r} holds {kind(column.type)} values.",
            "Name the classes by text or whole numbers.",
        )
    found = sorted(int(value) if isinstance(value, bool) else value for value in pc.unique(column).to_pylist())
    if not 2 <= len(found) <= CLASSES_AT_MOST:
        raise TrainingRefused(
            f"The label {recipe.label!r} has {len(found)} classes; 2 to {CLASSES_AT_MOST} can be told apart.",
            "Bring rows of other classes." if len(found) < 2 else "Group its classes, or learn it by regression.",
        )
    return found


def _column(recipe: Recipe, table: pa.Table) -> pa.ChunkedArray:
    if recipe.label not in table.column_names:
        raise TrainingRefused(f"The data has no column {recipe.label!r}.", "Name a label that the data has.")
    column = table[recipe.label]
    missing = column.null_count
    if pa.types.is_floating(column.type):
        missing += pc.sum(pc.is_nan(column)).as_py() or 0
    if missing:
        raise TrainingRefused(f"The label {recipe.label!r} is missing in {missing} rows.", "Drop those rows.")
    if len(column) == 0:
        raise TrainingRefused("The data has no rows.", "Bring rows.")
    return column


def _binary(name: str, column: pa.ChunkedArray) -> Array:
    if kind(column.type) not in ("integer", "number", "boolean"):
        raise TrainingRefused(f"The label {name!r} is no number.", "Encode the classes as 0 and 1.")
    values = numbers(column)
    if not np.isin(values, (0, 1)).all():
        raise TrainingRefused(f"The label {name!r} has values besides 0 and 1.", "Encode the classes as 0 and 1.")
    return values.astype(np.int64)


def _values(name: str, column: pa.ChunkedArray) -> Array:
    if kind(column.type) not in ("integer", "number", "decimal"):
        raise TrainingRefused(f"The label {name!r} is no number.", "Learn it by classification, or name another.")
    values = np.asarray(numbers(column), dtype=np.float64)
    if not np.isfinite(values).all():
        raise TrainingRefused(f"The label {name!r} holds infinite values.", "Replace them, or drop those rows.")
    if values.min() == values.max():
        raise TrainingRefused(f"The label {name!r} has one value in all rows.", "There is nothing to learn from it.")
    return values


def _positions(name: str, column: pa.ChunkedArray, classes: Sequence[Class]) -> Array:
    place = {value: position for position, value in enumerate(classes)}
    values = column.to_pylist()
    unknown = sorted({str(value) for value in values if value not in place})
    if unknown:
        raise TrainingRefused(
            f"The label {name!r} has classes that the model does not know: {', '.join(unknown[:5])}.",
            f"Known are {', '.join(str(one) for one in classes)[:200]}.",
        )
    return np.array([place[value] for value in values], dtype=np.int64)
