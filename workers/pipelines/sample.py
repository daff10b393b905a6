"""Rows on their way through training: the inputs, their labels, and what splits and mitigation need beside them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from workers.pipelines.errors import TrainingRefused
from workers.pipelines.matrices import Rows
from workers.pipelines.recipes import Recipe

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows in the order of the table; `groups`, `times` and `sensitive` only where the recipe names their column."""

    rows: Rows
    labels: Array
    groups: Array | None = None
    times: Array | None = None
    sensitive: Array | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: Array) -> "Sample":
        """The rows with these numbers, in this order."""

        def of(values: Array | None) -> Array | None:
            return None if values is None else values[index]

        return Sample(self.rows[index], self.labels[index], of(self.groups), of(self.times), of(self.sensitive))


def beside(recipe: Recipe, table: pa.Table) -> dict[str, Array | None]:
    """The columns that are no features: group and time as positions among their sorted values, groups to protect as
    text. Raises TrainingRefused for one that is absent or has gaps."""
    return {
        "groups": _ranks(table, recipe.column("group"), "group"),
        "times": _ranks(table, recipe.column("time"), "time"),
        "sensitive": _texts(table, recipe.mitigation.get("attribute")),
    }


def _ranks(table: pa.Table, name: str | None, use: str) -> Array | None:
    if name is None:
        return None
    column = _complete(table, name, use)
    return np.asarray(pc.rank(column, tiebreaker="dense").to_numpy(), dtype=np.int64) - 1


def _texts(table: pa.Table, name: str | None) -> Array | None:
    if name is None:
        return None
    return np.array([str(value) for value in _complete(table, name, "group to protect").to_pylist()])


def _complete(table: pa.Table, name: str, use: str) -> pa.ChunkedArray:
    if name not in table.column_names:
        raise TrainingRefused(f"The data has no column {name!r}, the {use} of the recipe.", "Name one that it has.")
    column = table[name]
    if column.null_count:
        raise TrainingRefused(
            f"The column {name!r} is missing in {column.null_count} rows; it says which {use} a row is of.",
            "Fill those rows, or drop them.",
        )
    return column
