"""The answers of two models on the same rows: how far they lie apart."""

from typing import Any

import numpy as np
import pyarrow as pa

from workers.pipelines import matrices, predict
from workers.pipelines.training.trained import Trained


def answers(first: bytes, again: Trained, table: pa.Table) -> dict[str, Any]:
    """On every row of the table: how many labels differ, and the largest difference of a probability or a value.

    difference_max is None where the two do not even answer in the same shape.
    """
    inputs = matrices.inputs(table, again.input_schema)
    before, after = predict.outputs(first, inputs), predict.outputs(again.onnx, inputs)
    pairs = [(before.probabilities, after.probabilities), (before.value, after.value)]
    figures = [(one, other) for one, other in pairs if one is not None and other is not None]
    alike = bool(figures) and all(one.shape == other.shape for one, other in figures)
    most = max(float(np.max(np.abs(one - other), initial=0.0)) for one, other in figures) if alike else None
    flips = None if before.label is None or after.label is None else int(np.sum(before.label != after.label))
    return {"rows": table.num_rows, "label_flips": flips, "difference_max": most}
