"""The rows that a model is given: numbers and texts of a table, or of rows of values, in the model's own order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from registry.serving import columns, values
from workers.ingestion.profiles import numbers
from workers.ingestion.types import kind
from workers.pipelines import images
from workers.pipelines.errors import TrainingRefused

INPUT = "features"
TEXTS = "texts"
SECONDS_OF_A_DAY = 86_400
DTYPES: dict[str, Any] = {INPUT: np.float32, TEXTS: object}
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
Matrix = np.ndarray[Any, np.dtype[np.float32]]
Texts = np.ndarray[Any, np.dtype[np.object_]]
Scores = np.ndarray[Any, np.dtype[np.float64]]
Source: TypeAlias = pa.Table | Sequence[Mapping[str, Any]]
Schema: TypeAlias = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What goes into a model: numbers always, NaN where missing; texts where it takes any, "" where missing."""

    features: Matrix
    texts: Texts | None = None

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, index: Any) -> "Inputs":
        """The rows that an index, a mask or a slice names."""
        return Inputs(self.features[index], None if self.texts is None else self.texts[index])

    @property
    def rows(self) -> "Rows":
        """What a pipeline is fitted on: the matrix itself where there is nothing else."""
        return self.features if self.texts is None else self


Rows: TypeAlias = Matrix | Inputs


def inputs(source: Source, schema: Schema) -> Inputs:
    """The inputs of the model whose input schema is given.

    Raises TrainingRefused for absent columns, columns of another type, texts and images beyond their bounds.
    """
    absent = _absent(source, [entry["name"] for entry in schema])
    if absent:
        raise TrainingRefused(f"The data has no columns {', '.join(absent)}.", "Name features that the data has.")
    widths = {INPUT: 0, TEXTS: 0}
    for entry in schema:
        widths[entry.get("input", INPUT)] += columns.width(entry)
    made = {name: np.empty((len(source), width), dtype=DTYPES[name]) for name, width in widths.items()}
    filled = {INPUT: 0, TEXTS: 0}
    for entry in schema:
        name = entry.get("input", INPUT)
        block = _block(entry, _column(source, entry["name"]))
        made[name][:, filled[name] : filled[name] + block.shape[1]] = block
        filled[name] += block.shape[1]
    return Inputs(made[INPUT], made[TEXTS] if widths[TEXTS] else None)


def split(rows: Rows) -> Inputs:
    """Rows in either form as inputs."""
    return rows if isinstance(rows, Inputs) else Inputs(rows)


def column(rows: Rows, entry: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """The columns of one feature, shape (rows, its width)."""
    given, start = split(rows), entry["position"]
    source = given.features if entry["input"] == INPUT else given.texts
    assert source is not None
    return source[:, start : start + columns.width(entry)]


def digest(rows: Rows) -> bytes:
    """The bytes that stand for the rows: little-endian float32, then each text with its length before it."""
    given = split(rows)
    texts = [] if given.texts is None else [str(text).encode() for text in given.texts.ravel()]
    return given.features.astype("<f4").tobytes() + b"".join(b"%d:%s" % (len(text), text) for text in texts)


def matrix(source: Source, features: Sequence[str]) -> Matrix:
    """The features as float32, shape (rows, features), NaN where missing; raises TrainingRefused for other columns."""
    return inputs(source, [{"name": name, "type": "numeric"} for name in features]).features


def _absent(source: Source, features: Sequence[str]) -> list[str]:
    if isinstance(source, pa.Table):
        return [name for name in features if name not in source.column_names]
    # A feature is missing by saying null; one that a row does not mention is a mistake of the caller.
    return [name for name in features if any(name not in row for row in source)]


def _column(source: Source, name: str) -> pa.ChunkedArray:
    return source[name] if isinstance(source, pa.Table) else pa.chunked_array([pa.array([row[name] for row in source])])


def _block(entry: Mapping[str, Any], column: pa.ChunkedArray) -> np.ndarray[Any, Any]:
    name = entry["name"]
    if entry.get("input") == TEXTS:
        return _texts(entry, column)
    if entry["type"] == "image":
        return images.matrix(column, width=entry["width"], height=entry["height"], mode=entry["mode"], name=name)
    if entry["type"] == "date":
        return _days(name, column)[:, :1]
    if entry["type"] == "timestamp":
        return _days(name, column)
    # What float32 cannot hold becomes infinite, and training refuses that by name.
    with np.errstate(over="ignore"):
        return _numbers(name, column).astype(np.float32).reshape(-1, 1)


def _numbers(name: str, column: pa.ChunkedArray) -> Scores:
    if kind(column.type) in ("string", "date", "timestamp", ""):
        raise TrainingRefused(
            f"The feature {name!r} holds {kind(column.type)} values.",
            "Encode it as numbers (integer codes for categories) in the dataset.",
        )
    return numbers(column)


def _days(name: str, column: pa.ChunkedArray) -> Matrix:
    """Whole days since 1970-01-01 and seconds of the day, both exact in float32, whatever the zone was: it is UTC."""
    if kind(column.type) not in ("date", "timestamp", "empty"):
        raise TrainingRefused(f"The feature {name!r} holds {kind(column.type)} values.", "Bring dates or timestamps.")
    if kind(column.type) != "timestamp":
        column = column.cast(pa.timestamp("s"))
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    ticks = np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False), dtype=np.int64)
    # Rounded down, before 1970 too: a cast to seconds would round towards it.
    days, rest = np.divmod(ticks // TICKS[column.type.unit], SECONDS_OF_A_DAY)
    return np.where(missing[:, None], np.nan, np.stack([days, rest], axis=1)).astype(np.float32)


def _texts(entry: Mapping[str, Any], column: pa.ChunkedArray) -> Texts:
    if kind(column.type) not in ("string", "empty"):
        raise TrainingRefused(f"The feature {entry['name']!r} holds {kind(column.type)} values.", "Bring them as text.")
    texts = ["" if text is None else text for text in column.to_pylist()]
    if entry["type"] == "text":
        longest = max(map(len, texts), default=0)
        if longest > entry["max_length"]:
            raise TrainingRefused(
                f"The text {entry['name']!r} has up to {longest} characters, at most {entry['max_length']} count.",
                "Shorten it, or declare a larger `max_length`.",
            )
        texts = [values.fold(text) for text in texts]
    return np.array(texts, dtype=object).reshape(-1, 1)
