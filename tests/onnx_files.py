"""A model file small enough to be written by hand, in the shape that our exporter gives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8


def logistic(weights: Sequence[float], bias: float) -> bytes:
    """An ONNX logistic regression: `features`, float32 of (n, columns), to `probabilities` of (n, 2)."""
    constants = {
        "weights": np.array(weights, dtype=np.float32).reshape(-1, 1),
        "bias": np.array([bias], dtype=np.float32),
        "one": np.array([1], dtype=np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["positive"]),
        helper.make_node("Sub", ["one", "positive"], ["negative"]),
        helper.make_node("Concat", ["negative", "positive"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "logistic",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(weights)])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
        initializer=[numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return bytes(model.SerializeToString())


def looking_up(columns: int) -> bytes:
    """A model that looks its answer up by the first feature, 0 or 1, and fails at any other value."""
    constants: dict[str, np.ndarray[Any, Any]] = {
        "first": np.array(0, dtype=np.int64),
        "answers": np.array([[0.7, 0.3], [0.2, 0.8]], dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["features", "first"], ["chosen"], axis=1),
        helper.make_node("Cast", ["chosen"], ["place"], to=TensorProto.INT64),
        helper.make_node("Gather", ["answers", "place"], ["probabilities"], axis=0),
    ]
    graph = helper.make_graph(
        nodes,
        "looking_up",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, columns])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2])],
        initializer=[numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return bytes(model.SerializeToString())
