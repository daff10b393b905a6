"""Train a model as a recipe says: hold out, cross-validate, search, refit, convert and prove the conversion."""

import hashlib
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from workers.ingestion.profiles import numbers
from workers.ingestion.types import kind
from workers.pipelines import export, predict, preprocess, search
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.predict import Labels, Matrix
from workers.pipelines.recipes import Recipe
from workers.pipelines.search import Progress

PARITY_ROWS = 1_000
Rows = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Trained:
    """A model with everything needed to judge it and to train it again; plain values but for the arrays."""

    pipeline: Pipeline
    onnx: bytes
    onnx_digest: str
    input_schema: list[dict[str, Any]]
    metrics: dict[str, float]
    parameters: dict[str, Any]
    trials: list[dict[str, Any]]
    train_index: Rows
    holdout_index: Rows
    train_digest: str
    splits: dict[str, dict[str, Any]]
    parity: dict[str, Any]
    warnings: list[str]
    seconds: dict[str, float] = field(compare=False)


class Clock:
    """The seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - started, 3)


def train(recipe: Recipe, table: pa.Table, progress: Progress) -> Trained:
    """The same bytes for the same recipe, rows, code and libraries; raises TrainingRefused or ConversionRefused.

    Everything runs on one thread: sums made in another order would not be the same bits.
    """
    clock = Clock()
    with threadpool_limits(limits=1):
        with clock.step("prepare"):
            rows, labels = _prepare(recipe, table)
            train_index, holdout_index = split(recipe, labels)
            seen, answers = rows[train_index], labels[train_index]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with clock.step("search"):
                trials = search.trials(recipe, seen, answers, lambda share, step: progress(0.8 * share, step))
                chosen = search.best(trials)
            with clock.step("fit"):
                progress(0.8, "fit on all training rows")
                pipeline = search.pipeline(recipe, chosen["parameters"]).fit(seen, answers)
        with clock.step("convert"):
            progress(0.9, "convert to ONNX")
            model = export.to_onnx(pipeline)
        with clock.step("verify"):
            progress(0.95, "compare the converted model with the trained one")
            checked = rows[holdout_index] if len(holdout_index) >= PARITY_ROWS else rows
            parity = export.verify(pipeline, model, checked, recipe.threshold)
    progress(1.0, "trained")
    return Trained(
        pipeline=pipeline,
        onnx=model,
        onnx_digest=hashlib.sha256(model).hexdigest(),
        input_schema=input_schema(recipe, seen),
        metrics=chosen["metrics"],
        parameters=chosen["parameters"],
        trials=trials,
        train_index=train_index,
        holdout_index=holdout_index,
        train_digest=_digest(seen, answers),
        splits={"train": _described(train_index), "holdout": _described(holdout_index)},
        parity=asdict(parity),
        warnings=sorted({f"{warning.category.__name__}: {warning.message}" for warning in caught}),
        seconds=clock.seconds,
    )


def split(recipe: Recipe, labels: Labels) -> tuple[Rows, Rows]:
    """The row numbers to train on and to hold out, sorted; stratified by the label, fixed by the seed."""
    train_index, holdout_index = train_test_split(
        np.arange(len(labels)), test_size=recipe.holdout, stratify=labels, random_state=recipe.seed
    )
    return np.sort(train_index), np.sort(holdout_index)


def input_schema(recipe: Recipe, rows: Matrix) -> list[dict[str, Any]]:
    """What the model was trained on, a feature an entry in the order of the matrix; it informs, it refuses nothing."""
    entries = []
    for position, (name, declared) in enumerate(recipe.features.items()):
        column = rows[:, position]
        present = column[~np.isnan(column)]
        entry: dict[str, Any] = {"name": name, "type": declared, "minimum": None, "maximum": None, "allowed": None}
        if declared == "categorical":
            entry["allowed"] = preprocess.levels(column)
        elif present.size:
            entry |= {"minimum": float(present.min()), "maximum": float(present.max())}
        entries.append(entry)
    return entries


def labels_of(recipe: Recipe, table: pa.Table) -> Labels:
    """The label column as 0 and 1, shape (rows,); raises TrainingRefused for anything else in it."""
    if recipe.label not in table.column_names:
        raise TrainingRefused(f"The data has no column {recipe.label!r}.", "Name a label that the data has.")
    column = table[recipe.label]
    if kind(column.type) not in ("integer", "number", "boolean"):
        raise TrainingRefused(f"The label {recipe.label!r} is no number.", "Encode the classes as 0 and 1.")
    if column.null_count:
        raise TrainingRefused(f"The label {recipe.label!r} is missing in {column.null_count} rows.", "Drop those rows.")
    values = numbers(column)
    if not np.isin(values, (0, 1)).all():
        raise TrainingRefused(
            f"The label {recipe.label!r} has values besides 0 and 1.", "Encode the classes as 0 and 1."
        )
    return values.astype(np.int64)


def _prepare(recipe: Recipe, table: pa.Table) -> tuple[Matrix, Labels]:
    labels = labels_of(recipe, table)
    fewest = int(np.bincount(labels, minlength=2).min())
    # Each fold and the holdout must see both classes.
    if fewest * min(recipe.holdout, (1 - recipe.holdout) / recipe.folds) < 1:
        raise TrainingRefused(
            f"The rarer class of {recipe.label!r} has {fewest} rows: too few for {recipe.folds} folds and a holdout.",
            "Bring more rows of that class, or use fewer folds.",
        )
    rows = predict.matrix(table, list(recipe.features))
    preprocess.refuse_unusable(recipe.features, rows)
    return rows, labels


def _described(index: Rows) -> dict[str, Any]:
    return {"rows": len(index), "digest": hashlib.sha256(index.astype("<i8").tobytes()).hexdigest()}


def _digest(rows: Matrix, labels: Labels) -> str:
    """Hex SHA-256 of exactly what was fitted on: little-endian float32 rows, then the labels as bytes."""
    return hashlib.sha256(rows.astype("<f4").tobytes() + labels.astype(np.int8).tobytes()).hexdigest()
