"""How skl2onnx writes a Preparation: its own steps, run on nodes instead of arrays."""

from typing import Any

from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import FloatTensorType

from workers.pipelines import matrices
from workers.pipelines.preparation.ops import Graph
from workers.pipelines.preparation.transformer import Preparation


def register() -> None:
    """Make Preparation known to skl2onnx; doing it again changes nothing."""
    update_registered_converter(Preparation, "GovernedPreparation", _shape, _convert)


def _shape(operator: Any) -> None:
    operator.outputs[0].type = FloatTensorType([None, len(operator.raw_operator.names_)])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    names = {one.raw_name: one.full_name for one in operator.inputs}
    graph = Graph(scope, container)
    prepared = operator.raw_operator.run(graph, names.get(matrices.INPUT), names.get(matrices.TEXTS))
    graph.identity(prepared, operator.outputs[0].full_name)
