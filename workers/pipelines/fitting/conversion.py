"""How skl2onnx writes our own estimators: calibrated scores, and models that are mixed. Importing it registers them."""

from typing import Any

import numpy as np
from onnx import TensorProto
from skl2onnx import update_registered_converter
from skl2onnx._supported_operators import sklearn_operator_name_map
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

from workers.pipelines.fitting.calibration import HIGHEST, LOWEST, Calibrated, Sigmoid, Steps
from workers.pipelines.fitting.mixture import MixedClassifier, MixedRegressor

Array = np.ndarray[Any, Any]


class Nodes:
    """Nodes written one after the other; each call gives the name of the value it makes."""

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope, self.container = scope, container

    def __call__(self, kind: str, *inputs: str | Array, to: str | None = None, **attributes: Any) -> str:
        made = to or self.scope.get_unique_variable_name(kind.lower())
        names = [one if isinstance(one, str) else self._constant(one) for one in inputs]
        name = self.scope.get_unique_operator_name(kind)
        self.container.add_node(kind, names, made, name=name, op_version=18, **attributes)
        return made

    def _constant(self, value: Array) -> str:
        name = self.scope.get_unique_variable_name("constant")
        kind = TensorProto.INT64 if value.dtype == np.int64 else TensorProto.FLOAT
        self.container.add_initializer(name, kind, value.shape, value.ravel().tolist())
        return str(name)


def floats(*values: float) -> Array:
    return np.array(values, dtype=np.float32)


def _classifier_shape(operator: Any) -> None:
    count = len(operator.raw_operator.classes_)
    operator.outputs[0].type = Int64TensorType([None])
    operator.outputs[1].type = FloatTensorType([None, count])


def _regressor_shape(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, 1])


def _calibrated(scope: Any, operator: Any, container: Any) -> None:
    """Our own, for the library's isotonic map jumps to the nearest knot where the trained one interpolates."""
    model, nodes = operator.raw_operator, Nodes(scope, container)
    distance, binary = not hasattr(model.estimator, "predict_proba"), len(model.maps) == 1
    score = _member(nodes, operator, model.estimator, raw=distance)
    if not distance:
        score = _odds(nodes, nodes("Min", nodes("Max", score, floats(0)), floats(1)), binary=binary)
    if binary:
        score = nodes("Gather", score, np.array([1], dtype=np.int64), axis=1)
        positive = _mapped(nodes, score, model.maps[0])
        made = nodes("Concat", nodes("Sub", floats(1), positive), positive, axis=1)
    else:
        made = _normalised(nodes, score, model.maps)
    _finish(nodes, operator, made)


def _odds(nodes: Nodes, probability: str, *, binary: bool) -> str:
    """The limited log-odds of each class, as `calibration.scores` makes them."""
    turned = np.array([1, 0], dtype=np.int64)
    rest = nodes("Gather", probability, turned, axis=1) if binary else nodes("Sub", floats(1), probability)
    odds = nodes("Sub", nodes("Log", probability), nodes("Log", rest))
    return nodes("Min", nodes("Max", odds, floats(LOWEST)), floats(HIGHEST))


def _normalised(nodes: Nodes, score: str, maps: list[Sigmoid | Steps]) -> str:
    columns = [
        _mapped(nodes, nodes("Gather", score, np.array([position], dtype=np.int64), axis=1), to)
        for position, to in enumerate(maps)
    ]
    made = nodes("Concat", *columns, axis=1)
    total = nodes("ReduceSum", made, np.array([1], dtype=np.int64), keepdims=1)
    some = nodes("Greater", total, floats(0))
    share = nodes("Div", made, nodes("Where", some, total, floats(1)))
    return nodes("Where", some, share, floats(1 / len(maps)))


def _mapped(nodes: Nodes, score: str, to: Sigmoid | Steps) -> str:
    if isinstance(to, Sigmoid):
        linear = nodes("Add", nodes("Mul", score, floats(to.slope)), floats(to.offset))
        return nodes("Sigmoid", linear)
    if len(to.knots) == 1:
        return nodes("Add", nodes("Mul", score, floats(0)), floats(to.values[0]))
    # A sum of ramps, each from its knot to the next: the same lines without a search for the knot.
    width, rise = np.diff(to.knots), np.diff(to.values)
    into = nodes("Sub", score, to.knots[:-1].astype(np.float32))
    ramp = nodes("Min", nodes("Max", into, floats(0)), width.astype(np.float32))
    slopes = (rise / width).astype(np.float32).reshape(-1, 1)
    return nodes("Add", nodes("MatMul", ramp, slopes), floats(to.values[0]))


def _mixed_classes(scope: Any, operator: Any, container: Any) -> None:
    nodes = Nodes(scope, container)
    _finish(nodes, operator, _weighted(nodes, operator))


def _mixed_values(scope: Any, operator: Any, container: Any) -> None:
    nodes = Nodes(scope, container)
    nodes("Identity", _weighted(nodes, operator), to=operator.outputs[0].full_name)


def _weighted(nodes: Nodes, operator: Any) -> str:
    model = operator.raw_operator
    parts = [
        nodes("Mul", _member(nodes, operator, one), floats(weight))
        for one, weight in zip(model.members, model.weights, strict=True)
    ]
    return nodes("Sum", *parts)


def _member(nodes: Nodes, operator: Any, estimator: Any, *, raw: bool = False) -> str:
    """A fitted estimator on the operator's own inputs; the name of its probabilities, distances, or values."""
    scope = nodes.scope
    alias = sklearn_operator_name_map[type(estimator)]
    inner = scope.declare_local_operator(alias, estimator)
    inner.inputs = operator.inputs
    if raw:
        nodes.container.add_options(id(estimator), {"raw_scores": True})
    if hasattr(estimator, "classes_"):
        inner.outputs.append(scope.declare_local_variable("member_label", Int64TensorType()))
    inner.outputs.append(scope.declare_local_variable("member_answer", FloatTensorType()))
    return str(inner.outputs[-1].full_name)


def _finish(nodes: Nodes, operator: Any, probabilities: str) -> None:
    label, answer = operator.outputs
    nodes("Identity", probabilities, to=answer.full_name)
    nodes("ArgMax", answer.full_name, to=label.full_name, axis=1, keepdims=0)


ZIPMAP = {"zipmap": [True, False]}
update_registered_converter(Calibrated, "GovernedCalibrated", _classifier_shape, _calibrated, options=ZIPMAP)
update_registered_converter(MixedClassifier, "GovernedMixture", _classifier_shape, _mixed_classes, options=ZIPMAP)
update_registered_converter(MixedRegressor, "GovernedMeans", _regressor_shape, _mixed_values)
