"""Convert a fitted pipeline to ONNX, the same bytes for the same fit, and prove that it answers the same."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx.helper import make_opsetid
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.base import is_regressor
from sklearn.pipeline import Pipeline

from workers.pipelines import matrices, predict
from workers.pipelines.errors import ConversionRefused
from workers.pipelines.matrices import Rows, Scores
from workers.pipelines.preparation import converter
from workers.pipelines.preparation.transformer import Preparation

# Pinned, or an upgrade of the converter would change the operators of a model that nobody retrained.
OPSET = {"": 18, "ai.onnx.ml": 3}
TOLERANCE = 1e-5
QUANTILE = 0.999
VALUE = "value"


@dataclass(frozen=True)
class Parity:
    """How the converted model compared with the trained one: no label differs, and the answers by this much.

    The differences are of probabilities, of every class; for a regression they are relative to the value, or to the
    spread of all values where that is larger. `ties` are rows whose label differs because the trained model holds two
    classes for equally probable: half of a forest's trees against the other half.
    """

    rows: int
    label_flips: int
    decision_flips: int
    difference_p999: float
    difference_max: float
    ties: int = 0


def to_onnx(pipeline: Pipeline) -> bytes:
    """The model with the inputs "features" float32 [rows, k] and "texts" [rows, m], each where it takes any.

    Its outputs are "label" and "probabilities", or "value" float32 [rows, 1].
    """
    converter.register()
    with warnings.catch_warnings():
        # skl2onnx writes booleans as integers for boosted trees; protobuf 6 warns of it, 7 refuses (so it is pinned).
        warnings.filterwarnings("ignore", "Field onnx.AttributeProto.ints", DeprecationWarning)
        model = convert_sklearn(
            pipeline,
            # A random name otherwise, and other bytes at every conversion.
            name="model",
            initial_types=_inputs(pipeline),
            target_opset=OPSET,
            **_outputs(pipeline),
        )
    # They come out of a set, in an order that changes from one process to the next, and sometimes twice.
    versions = {opset.domain: opset.version for opset in model.opset_import}
    del model.opset_import[:]
    model.opset_import.extend(make_opsetid(domain, versions[domain]) for domain in sorted(versions))
    return bytes(model.SerializeToString(deterministic=True))


def verify(pipeline: Pipeline, model: bytes, rows: Rows, threshold: float | None = None) -> Parity:
    """Both models on the same rows; raises ConversionRefused when an answer or a probability differs.

    The threshold is that of a binary decision; without one no decision is compared.
    """
    regression = is_regressor(pipeline)
    parity = _values(pipeline, model, rows) if regression else _classes(pipeline, model, rows, threshold)
    if parity.label_flips or parity.decision_flips or not parity.difference_p999 <= TOLERANCE:
        at = "" if threshold is None else f" and {parity.decision_flips} decisions at {threshold}"
        what = "values" if regression else "probabilities"
        raise ConversionRefused(
            f"On {parity.rows} rows the converted model changed {parity.label_flips} labels{at}; its {what} differ by "
            f"{parity.difference_p999:.2g} at the 99.9 percentile ({TOLERANCE:g} allowed) and "
            f"{parity.difference_max:.2g} at most.",
            "Bring numeric features to fewer digits, or choose another estimator.",
        )
    return parity


def _inputs(pipeline: Pipeline) -> list[tuple[str, Any]]:
    prepared = pipeline[0]
    if not isinstance(prepared, Preparation):
        return [(matrices.INPUT, FloatTensorType([None, pipeline.n_features_in_]))]
    # An input without columns is none: a recipe of texts alone has no numbers.
    layout = prepared.layout
    features = [(matrices.INPUT, FloatTensorType([None, layout.features]))] if layout.features else []
    texts = [(matrices.TEXTS, StringTensorType([None, layout.texts]))] if layout.texts else []
    return [*features, *texts]


def _outputs(pipeline: Pipeline) -> dict[str, Any]:
    if is_regressor(pipeline):
        return {"final_types": [(VALUE, FloatTensorType([None, 1]))]}
    return {"options": {id(pipeline): {"zipmap": False}}}


def _classes(pipeline: Pipeline, model: bytes, rows: Rows, threshold: float | None) -> Parity:
    answered = predict.outputs(model, rows)
    assert answered.probabilities is not None
    expected = pipeline.predict_proba(rows)
    flips = 0
    if threshold is not None:
        flips = int(np.sum((answered.probabilities[:, 1] >= threshold) != (expected[:, 1] >= threshold)))
    other = answered.label != pipeline.predict(rows)
    second, first = np.sort(expected, axis=1)[:, -2:].T
    tied = other & (first - second <= TOLERANCE)
    difference = np.abs(answered.probabilities - expected).max(axis=1)
    return _parity(difference, labels=int(np.sum(other & ~tied)), decisions=flips, ties=int(tied.sum()))


def _values(pipeline: Pipeline, model: bytes, rows: Rows) -> Parity:
    answered = predict.outputs(model, rows)
    assert answered.value is not None
    expected = np.asarray(pipeline.predict(rows), dtype=np.float64).reshape(-1)
    size = np.maximum(np.abs(expected), expected.std())
    return _parity(np.abs(answered.value - expected) / np.where(size > 0, size, 1), labels=0, decisions=0)


def _parity(difference: Scores, *, labels: int, decisions: int, ties: int = 0) -> Parity:
    return Parity(
        rows=len(difference),
        label_flips=labels,
        decision_flips=decisions,
        difference_p999=float(np.quantile(difference, QUANTILE)),
        difference_max=float(difference.max()),
        ties=ties,
    )
