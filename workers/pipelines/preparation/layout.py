"""Where each feature stands in the model's two inputs; the data decides whether a category is a number or a text."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from registry.serving import columns
from workers.ingestion.types import NUMERIC, kind
from workers.pipelines import matrices
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.matrices import Matrix, Rows
from workers.pipelines.preparation.grammar import Plan

NUMBERS = (*NUMERIC, "boolean", "empty")
ACCEPTED = {
    "numeric": NUMBERS,
    "categorical": (*NUMBERS, "string"),
    "boolean": NUMBERS,
    "date": ("date", "timestamp", "empty"),
    "timestamp": ("date", "timestamp", "empty"),
    "text": ("string", "empty"),
    "image": ("binary",),
}
LEVELS_AT_MOST = 500
CODES_AT_MOST = 10_000
# Above this float32 cannot tell neighbouring integers apart.
LARGEST_LEVEL = 2**24


@dataclass(frozen=True)
class Layout:
    """A plan bound to columns: one entry a feature, in the order of the inputs, as the input schema keeps it."""

    plan: Plan
    entries: tuple[dict[str, Any], ...]

    @property
    def plain(self) -> bool:
        """Whether version 1 of the grammar could say it; such a recipe gives the same bytes as ever."""
        kinds = {entry["type"] for entry in self.entries}
        declared = [*self.plan.features.values()]
        return (
            not self.plan.document
            and kinds <= {"numeric", "categorical"}
            and not self.texts
            and all(isinstance(one, str) for one in declared)
        )

    @property
    def texts(self) -> int:
        """How many columns the input `texts` has; none, and the model has no such input."""
        return sum(entry["input"] == "texts" for entry in self.entries)

    @property
    def features(self) -> int:
        """How many columns the input `features` has."""
        return sum(columns.width(entry) for entry in self.entries if entry["input"] == "features")

    def entry(self, name: str) -> dict[str, Any]:
        return next(entry for entry in self.entries if entry["name"] == name)


def bind(plan: Plan, table: pa.Table | pa.Schema | None = None) -> Layout:
    """The plan on these columns, or on numbers throughout where none are given.

    Raises TrainingRefused for absent columns and for types that the feature's kind does not take.
    """
    schema = table.schema if isinstance(table, pa.Table) else table
    absent = [] if schema is None else [name for name in plan.features if name not in schema.names]
    if absent:
        raise TrainingRefused(f"The data has no columns {', '.join(absent)}.", "Name features that the data has.")
    places = {"features": 0, "texts": 0}
    entries = []
    for name in plan.features:
        entry = _entry(plan, name, _kind(schema, name))
        entry["position"] = places[entry["input"]]
        places[entry["input"]] += columns.width(entry)
        entries.append(entry)
    return Layout(plan, tuple(entries))


def input_schema(layout: Layout, rows: Rows) -> list[dict[str, Any]]:
    """What the model was trained on, a feature an entry; it informs, it refuses nothing."""
    return [{**entry, **_seen(entry, matrices.column(rows, entry))} for entry in layout.entries]


def refuse_unusable(layout: Layout, rows: Rows) -> None:
    """Raises TrainingRefused for a column without values, with infinite ones, or of categories that are no codes."""
    for entry in layout.entries:
        column = matrices.column(rows, entry)
        name = entry["name"]
        if not _present(column).size:
            raise TrainingRefused(f"The feature {name!r} holds no values.", "Remove it from the features.")
        if column.dtype == np.float32 and np.isinf(column).any():
            raise TrainingRefused(
                f"The feature {name!r} holds infinite values, or values too large for float32.",
                "Replace them by numbers, or leave them missing.",
            )
        if entry["type"] == "image" and np.isnan(column).any():
            raise TrainingRefused(f"The image {name!r} is missing in some rows.", "Drop those rows.")
        if entry["type"] == "categorical":
            _refuse_levels(name, _present(column), layout.plan.options(name))


def _kind(schema: pa.Schema | None, name: str) -> str:
    if schema is None:
        return ""
    found = schema.field(name).type
    return "binary" if pa.types.is_binary(found) or pa.types.is_large_binary(found) else kind(found)


def _entry(plan: Plan, name: str, found: str) -> dict[str, Any]:
    declared = plan.kind(name)
    if found and found not in ACCEPTED[declared]:
        raise TrainingRefused(
            f"The feature {name!r} holds {found} values.",
            f"Declare it as what it is; {declared} takes {', '.join(ACCEPTED[declared])}.",
        )
    texts = declared == "text" or (declared == "categorical" and found == "string")
    entry: dict[str, Any] = {"name": name, "type": declared, "input": "texts" if texts else "features"}
    options = plan.options(name)
    if declared == "image":
        entry |= {key: options[key] for key in ("width", "height", "mode")}
    if declared == "text":
        entry["max_length"] = options["text"]["max_length"]
    return entry


def _present(column: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    flat = column.ravel()
    return np.asarray(flat[~np.isnan(flat)] if column.dtype == np.float32 else flat[flat != ""])


def _seen(entry: dict[str, Any], column: np.ndarray[Any, Any]) -> dict[str, Any]:
    present = _present(column[:, :1])
    seen: dict[str, Any] = {"minimum": None, "maximum": None, "allowed": None}
    if entry["type"] == "categorical":
        levels = np.unique(present).tolist()
        seen["allowed"] = levels if entry["input"] == "texts" else [int(level) for level in levels]
    elif entry["type"] in ("numeric", "boolean", "date", "timestamp") and present.size:
        seen |= {"minimum": float(present.min()), "maximum": float(present.max())}
    return seen


def _refuse_levels(name: str, present: np.ndarray[Any, Any], options: dict[str, Any]) -> None:
    for complaint, remedy in _level_problems(present, options):
        raise TrainingRefused(f"The categorical feature {name!r} {complaint}", remedy)


def _level_problems(present: Matrix, options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    numbers = present.dtype == np.float32
    if numbers and not np.all((present == np.floor(present)) & (np.abs(present) <= LARGEST_LEVEL)):
        yield (
            f"holds values that are no whole numbers up to {LARGEST_LEVEL}.",
            "Encode its levels as integer codes, or declare it numeric.",
        )
    spread = options["encoding"]["kind"] == "one_hot" and options["rare"] is None
    most = LEVELS_AT_MOST if spread else CODES_AT_MOST
    if np.unique(present).size > most:
        yield (
            f"has {np.unique(present).size} levels, at most {most} are allowed.",
            "Group its rare levels, or declare it numeric.",
        )
