"""What a model's converted form answers, on onnxruntime."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from registry.serving import values
from workers.pipelines.matrices import INPUT, TEXTS, Inputs, Rows, Scores, split

Labels = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What a model answers: label and probabilities [rows, classes], or a value for each row."""

    label: Labels | None
    probabilities: Scores | None
    value: Scores | None


def session(model: bytes) -> onnxruntime.InferenceSession:
    """The model loaded on one thread, so that its sums are made in one order."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def outputs(model: bytes | onnxruntime.InferenceSession, rows: Rows) -> Outputs:
    """The model's answers on the inputs."""
    loaded = session(model) if isinstance(model, bytes) else model
    names = [one.name for one in loaded.get_outputs()]
    answers = dict(zip(names, _run(loaded, split(rows)), strict=True))
    return Outputs(
        label=_as(answers.get("label"), np.int64),
        probabilities=_as(answers.get("probabilities"), np.float64),
        value=_as(answers["value"].reshape(-1), np.float64) if "value" in answers else None,
    )


def feeds(loaded: onnxruntime.InferenceSession, rows: Rows) -> dict[str, np.ndarray[Any, Any]]:
    """The inputs by the names that the model takes."""
    given = split(rows)
    fed = {INPUT: given.features} if given.texts is None else {INPUT: given.features, TEXTS: given.texts}
    taken = {one.name for one in loaded.get_inputs()}
    return {name: values for name, values in fed.items() if name in taken}


def score(model: bytes | onnxruntime.InferenceSession, rows: Rows) -> Scores:
    """The probability of the positive class for each row of the matrix, shape (rows,)."""
    return answer(model, rows)[1]


def answer(model: bytes | onnxruntime.InferenceSession, rows: Rows) -> tuple[Labels, Scores]:
    """The model's own label and the probability of the positive class for each row."""
    answered = outputs(model, rows)
    assert answered.label is not None
    assert answered.probabilities is not None
    return answered.label, answered.probabilities[:, 1]


def _run(loaded: onnxruntime.InferenceSession, given: Inputs) -> list[np.ndarray[Any, Any]]:
    if given.texts is None or len(given) <= values.TEXTS_AT_ONCE:
        return list(loaded.run(None, feeds(loaded, given)))
    starts = range(0, len(given), values.TEXTS_AT_ONCE)
    parts = [loaded.run(None, feeds(loaded, given[start : start + values.TEXTS_AT_ONCE])) for start in starts]
    return [np.concatenate(answered) for answered in zip(*parts, strict=True)]


def _as(answered: np.ndarray[Any, Any] | None, dtype: Any) -> Any:
    return None if answered is None else np.asarray(answered, dtype=dtype)
