"""Rows in, probabilities out: the model's one input matrix and its converted form on onnxruntime."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

from workers.ingestion.profiles import numbers
from workers.ingestion.types import kind
from workers.pipelines.errors import TrainingRefused

INPUT = "features"
Matrix = np.ndarray[Any, np.dtype[np.float32]]
Scores = np.ndarray[Any, np.dtype[np.float64]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


def session(model: bytes) -> onnxruntime.InferenceSession:
    """The model loaded on one thread, so that its sums are made in one order."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def matrix(source: pa.Table | Sequence[Mapping[str, Any]], features: Sequence[str]) -> Matrix:
    """The features as float32, shape (rows, features), NaN where missing; raises TrainingRefused for other columns."""
    absent = _absent(source, features)
    if absent:
        raise TrainingRefused(f"The data has no columns {', '.join(absent)}.", "Name features that the data has.")
    columns = np.empty((len(source), len(features)), dtype=np.float32, order="C")
    # What float32 cannot hold becomes infinite, and training refuses that by name.
    with np.errstate(over="ignore"):
        for position, name in enumerate(features):
            columns[:, position] = _numbers(name, _column(source, name))
    return columns


def score(model: bytes | onnxruntime.InferenceSession, rows: Matrix) -> Scores:
    """The probability of the positive class for each row of the matrix, shape (rows,)."""
    return answer(model, rows)[1]


def answer(model: bytes | onnxruntime.InferenceSession, rows: Matrix) -> tuple[Labels, Scores]:
    """The model's own label and the probability of the positive class for each row."""
    loaded = session(model) if isinstance(model, bytes) else model
    label, probabilities = loaded.run(["label", "probabilities"], {INPUT: rows})
    return np.asarray(label, dtype=np.int64), np.asarray(probabilities[:, 1], dtype=np.float64)


def _absent(source: pa.Table | Sequence[Mapping[str, Any]], features: Sequence[str]) -> list[str]:
    if isinstance(source, pa.Table):
        return [name for name in features if name not in source.column_names]
    # A feature is missing by saying null; one that a row does not mention is a mistake of the caller.
    return [name for name in features if any(name not in row for row in source)]


def _column(source: pa.Table | Sequence[Mapping[str, Any]], name: str) -> pa.ChunkedArray:
    return source[name] if isinstance(source, pa.Table) else pa.chunked_array([pa.array([row[name] for row in source])])


def _numbers(name: str, column: pa.ChunkedArray) -> Scores:
    if kind(column.type) in ("string", "date", "timestamp", ""):
        raise TrainingRefused(
            f"The feature {name!r} holds {kind(column.type)} values.",
            "Encode it as numbers (integer codes for categories) in the dataset.",
        )
    return numbers(column)
