"""The declared preparation of features: its grammar, their place in the inputs, the fitted steps, what they did."""

from typing import Any

from sklearn.compose import ColumnTransformer

from workers.pipelines.preparation import version1
from workers.pipelines.preparation.grammar import FEATURES_SCHEMA, SCHEMA, Plan, plan
from workers.pipelines.preparation.layout import Layout, bind, input_schema, refuse_unusable
from workers.pipelines.preparation.report import report
from workers.pipelines.preparation.transformer import Preparation

__all__ = [
    "FEATURES_SCHEMA",
    "SCHEMA",
    "Layout",
    "Plan",
    "Preparation",
    "bind",
    "input_schema",
    "plan",
    "refuse_unusable",
    "report",
    "transformer",
]


def transformer(layout: Layout, *, task: str, scaled: bool, seed: int) -> ColumnTransformer | Preparation:
    """The unfitted first step of every pipeline; what comes after it sees a dense float32 matrix.

    A recipe that version 1 of the grammar could say gets the transformer of version 1, and so the same bytes as ever.
    """
    if layout.plain:
        features: dict[str, Any] = {entry["name"]: entry["type"] for entry in layout.entries}
        return version1.transformer(features, scaled=scaled)
    return Preparation(layout, task=task, scaled=scaled, seed=seed)
