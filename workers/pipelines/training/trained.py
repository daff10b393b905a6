"""A trained model, with everything needed to judge it and to train it again."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from warnings import WarningMessage

from sklearn.pipeline import Pipeline

from workers.pipelines import matrices, preparation, scoring
from workers.pipelines.labels import Class
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample
from workers.pipelines.training.inputs import Inputs, Rows
from workers.pipelines.trials import OUTER, TrialResult


@dataclass(frozen=True)
class Trained:
    """A model with everything needed to judge it and to train it again; plain values but for pipeline and indexes.

    `threshold` divides two classes and is None for other tasks; `classes` are in the order of the probabilities.
    """

    pipeline: Pipeline
    onnx: bytes
    onnx_digest: str
    task: str
    estimator: str
    parameters: dict[str, Any]
    classes: list[Class] | None
    threshold: float | None
    input_schema: list[dict[str, Any]]
    output_schema: list[dict[str, Any]]
    metrics: dict[str, float]
    trials: list[dict[str, Any]]
    train_index: Rows
    holdout_index: Rows
    train_digest: str
    splits: dict[str, dict[str, Any]]
    parity: dict[str, Any]
    preparation: list[dict[str, Any]]
    trade_off: list[dict[str, Any]]
    curves: list[dict[str, Any]]
    warnings: list[str]
    seconds: dict[str, float] = field(compare=False)


@dataclass(frozen=True, eq=False)
class Found:
    """What the steps of a training came to: the trial that won and all that were tried, the model in both forms."""

    chosen: TrialResult
    results: Sequence[TrialResult]
    pipeline: Pipeline
    onnx: bytes
    threshold: float | None
    parity: dict[str, Any]
    trade_off: list[dict[str, Any]]
    curves: list[dict[str, Any]]


def of(ready: Inputs, found: Found, *, caught: Sequence[WarningMessage], seconds: dict[str, float]) -> Trained:
    """The whole of it, described from the rows that were fitted on."""
    recipe, layout, seen = ready.shared.recipe, ready.shared.layout, ready.shared.sample
    return Trained(
        pipeline=found.pipeline,
        onnx=found.onnx,
        onnx_digest=hashlib.sha256(found.onnx).hexdigest(),
        task=recipe.task,
        estimator=found.chosen.estimator,
        parameters=dict(found.chosen.parameters),
        classes=ready.classes,
        threshold=found.threshold,
        input_schema=preparation.input_schema(layout, seen.rows),
        output_schema=output_schema(recipe, ready.classes),
        metrics={**found.chosen.metrics, **_nested(recipe, found.results)},
        trials=[result.document for result in found.results],
        train_index=ready.train_index,
        holdout_index=ready.holdout_index,
        train_digest=_digest(recipe, seen),
        splits={"train": _described(ready.train_index), "holdout": _described(ready.holdout_index)},
        parity=found.parity,
        preparation=preparation.report(found.pipeline, seen.rows, layout),
        trade_off=found.trade_off,
        curves=found.curves,
        warnings=sorted({f"{warning.category.__name__}: {warning.message}" for warning in caught}),
        seconds=seconds,
    )


def output_schema(recipe: Recipe, classes: list[Class] | None) -> list[dict[str, Any]]:
    """What the model answers, an entry an answer."""
    if not recipe.classifies:
        return [{"name": "value", "type": "number"}]
    if recipe.binary:
        score = {"name": "score", "type": "number", "minimum": 0, "maximum": 1}
        return [score, {"name": "decision", "type": "integer", "values": [0, 1]}]
    probabilities = {"name": "probabilities", "type": "number", "minimum": 0, "maximum": 1, "classes": classes}
    return [{"name": "label", "type": "integer", "classes": classes}, probabilities]


def _nested(recipe: Recipe, results: Sequence[TrialResult]) -> dict[str, float]:
    """The honest estimate of the whole procedure, search included, where the recipe asks for it."""
    outer = [dict(result.metrics) for result in results if result.estimator == OUTER]
    return scoring.summary(recipe.task, outer, prefix="nested") if outer else {}


def _described(index: Rows) -> dict[str, Any]:
    return {"rows": len(index), "digest": hashlib.sha256(index.astype("<i8").tobytes()).hexdigest()}


def _digest(recipe: Recipe, seen: Sample) -> str:
    """Hex SHA-256 of exactly what was fitted on: the rows, then the labels (a byte each where there are two)."""
    kind = "<f8" if not recipe.classifies else "i1" if recipe.binary else "<i8"
    return hashlib.sha256(matrices.digest(seen.rows) + seen.labels.astype(kind).tobytes()).hexdigest()
