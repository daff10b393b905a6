"""Convert a fitted pipeline to ONNX, the same bytes for the same fit, and prove that it answers the same."""

import warnings
from dataclasses import dataclass

import numpy as np
from onnx.helper import make_opsetid
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.pipeline import Pipeline

from workers.pipelines import predict
from workers.pipelines.errors import ConversionRefused
from workers.pipelines.predict import Matrix

# Pinned, or an upgrade of the converter would change the operators of a model that nobody retrained.
OPSET = {"": 18, "ai.onnx.ml": 3}
TOLERANCE = 1e-5
QUANTILE = 0.999


@dataclass(frozen=True)
class Parity:
    """How the converted model compared with the trained one: no label differs, and the probabilities by this much."""

    rows: int
    label_flips: int
    decision_flips: int
    difference_p999: float
    difference_max: float


def to_onnx(pipeline: Pipeline) -> bytes:
    """The model with one float32 input "features" [rows, k] and the outputs "label" and "probabilities"."""
    with warnings.catch_warnings():
        # skl2onnx writes booleans as integers for boosted trees; protobuf 6 warns of it, 7 refuses (so it is pinned).
        warnings.filterwarnings("ignore", "Field onnx.AttributeProto.ints", DeprecationWarning)
        model = convert_sklearn(
            pipeline,
            # A random name otherwise, and other bytes at every conversion.
            name="model",
            initial_types=[(predict.INPUT, FloatTensorType([None, pipeline.n_features_in_]))],
            options={id(pipeline): {"zipmap": False}},
            target_opset=OPSET,
        )
    # They come out of a set, in an order that changes from one process to the next, and sometimes twice.
    versions = {opset.domain: opset.version for opset in model.opset_import}
    del model.opset_import[:]
    model.opset_import.extend(make_opsetid(domain, versions[domain]) for domain in sorted(versions))
    return bytes(model.SerializeToString(deterministic=True))


def verify(pipeline: Pipeline, model: bytes, rows: Matrix, threshold: float) -> Parity:
    """Both models on the same rows; raises ConversionRefused when an answer or a probability differs."""
    parity = _compare(pipeline, model, rows, threshold)
    if parity.label_flips or parity.decision_flips or parity.difference_p999 > TOLERANCE:
        raise ConversionRefused(
            f"On {parity.rows} rows the converted model changed {parity.label_flips} labels and "
            f"{parity.decision_flips} decisions at {threshold}; its probabilities differ by "
            f"{parity.difference_p999:.2g} at the 99.9 percentile ({TOLERANCE:g} allowed) and "
            f"{parity.difference_max:.2g} at most.",
            "Bring numeric features to fewer digits, or choose another estimator.",
        )
    return parity


def _compare(pipeline: Pipeline, model: bytes, rows: Matrix, threshold: float) -> Parity:
    label, score = predict.answer(model, rows)
    expected = pipeline.predict_proba(rows)[:, 1]
    difference = np.abs(score - expected)
    return Parity(
        rows=len(rows),
        label_flips=int(np.sum(label != pipeline.predict(rows))),
        decision_flips=int(np.sum((score >= threshold) != (expected >= threshold))),
        difference_p999=float(np.quantile(difference, QUANTILE)),
        difference_max=float(difference.max()),
    )
