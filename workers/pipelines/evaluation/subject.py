"""The model that is judged: a registered artifact with what it takes, what it gives and when it decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import onnxruntime
import pyarrow as pa

from workers.pipelines import labels, matrices, predict
from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.matrices import Scores
from workers.pipelines.predict import Labels, Outputs
from workers.pipelines.recipes import Recipe

Rows = np.ndarray[Any, np.dtype[np.int64]]
Progress = Callable[[float, str], None]
BINARY, MULTICLASS, REGRESSION = "binary_classification", "multiclass_classification", "regression"


@dataclass(frozen=True)
class Subject:
    """A model version as the measures need it; it loads its artifact once and runs it on one thread."""

    onnx: bytes
    recipe: Recipe
    threshold: float
    input_schema: Sequence[Mapping[str, Any]]
    classes: Sequence[Any] = field(default_factory=lambda: (0, 1))

    @property
    def task(self) -> str:
        return self.recipe.task

    @cached_property
    def session(self) -> onnxruntime.InferenceSession:
        return predict.session(self.onnx)

    def inputs(self, table: pa.Table) -> matrices.Inputs:
        """The table's rows as the model takes them."""
        return matrices.inputs(table, self.input_schema)

    def answers(self, rows: matrices.Inputs) -> "Answers":
        """What the model says of the rows."""
        return Answers(self.task, predict.outputs(self.session, rows), self.threshold)

    def truth(self, table: pa.Table) -> Labels | Scores:
        """The true answers: 0 and 1, places among the classes, or numbers."""
        return np.asarray(labels.labels_of(self.recipe, table, list(self.classes) or None))


@dataclass(frozen=True)
class Answers:
    """A model's answers on rows, in the form that its task has."""

    task: str
    outputs: Outputs
    threshold: float

    @property
    def score(self) -> Scores:
        """The probability of the positive class, or the predicted number."""
        if self.task == REGRESSION:
            assert self.outputs.value is not None
            return self.outputs.value
        return self.probabilities[:, 1]

    @property
    def probabilities(self) -> Scores:
        assert self.outputs.probabilities is not None
        return self.outputs.probabilities

    @property
    def decision(self) -> Labels:
        """The class decided for: of two the positive one at or above the threshold, of several the most probable."""
        if self.task == BINARY:
            return np.asarray(self.score >= self.threshold, dtype=np.int64)
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def take(self, index: Any) -> "Answers":
        """The answers on the rows that an index or a mask names."""
        label, probabilities, value = self.outputs.label, self.outputs.probabilities, self.outputs.value
        kept = Outputs(
            label=None if label is None else label[index],
            probabilities=None if probabilities is None else probabilities[index],
            value=None if value is None else value[index],
        )
        return Answers(self.task, kept, self.threshold)


def sample(table: pa.Table, rows: Rows) -> pa.Table:
    """The numbered rows of the table; raises EvaluationRefused where there are none."""
    if len(rows) == 0:
        raise EvaluationRefused("There are no rows to evaluate on.", "Hold rows out, or name a dataset version.")
    return table.take(pa.array(rows))


def groups(table: pa.Table, names: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
    """The columns by which people are told apart.

    Raises EvaluationRefused for one that the table lacks: leaving a group out in silence would read as a fair result.
    """
    absent = [name for name in names if name not in table.column_names]
    if absent:
        raise EvaluationRefused(
            f"The data has no columns {', '.join(absent)}, which are declared sensitive.",
            "Evaluate on a dataset version that has them.",
        )
    return {name: column(table, name) for name in names}


def column(table: pa.Table, name: str) -> np.ndarray[Any, Any]:
    """One column as an array; nulls become NaN among numbers and None among the rest."""
    return np.asarray(table[name].to_numpy(zero_copy_only=False))
