"""Judge a converted model on rows it was not trained on: performance, fairness, and against the champion."""

from collections.abc import Sequence

import pyarrow as pa

from monitoring.measures import fairness, performance
from monitoring.measures.estimate import Estimate
from workers.pipelines import predict, train
from workers.pipelines.errors import EvaluationRefused
from workers.pipelines.predict import Scores
from workers.pipelines.recipes import Recipe
from workers.pipelines.search import Progress
from workers.pipelines.train import Rows


def evaluate(
    onnx: bytes,
    recipe: Recipe,
    table: pa.Table,
    *,
    rows: Rows,
    sensitive: Sequence[str],
    confidence: float = 0.95,
    seed: int = 0,
    progress: Progress,
) -> list[Estimate]:
    """Performance on the numbered rows of the table, then fairness of the decisions by each sensitive column and pair.

    The decision is score >= the recipe's threshold, on the model as it will be served. Raises EvaluationRefused for a
    sensitive column that the table lacks: an evaluation that silently leaves a group out would read as a fair one.
    """
    _refuse_absent(table, sensitive)
    sample = _sample(table, rows)
    progress(0.0, f"score {sample.num_rows} rows")
    label, score = train.labels_of(recipe, sample), _score(onnx, recipe, sample)
    progress(0.2, "performance")
    measured = performance.binary_classification(
        label, score, threshold=recipe.threshold, confidence=confidence, seed=seed
    )
    progress(0.8, "fairness")
    groups = {name: sample[name].to_numpy() for name in sensitive}
    decision = (score >= recipe.threshold).astype(int)
    measured += fairness.selection(decision, groups, label, confidence=confidence, seed=seed)
    progress(1.0, "evaluated")
    return measured


def compare(
    candidate: tuple[bytes, Recipe],
    champion: tuple[bytes, Recipe],
    table: pa.Table,
    *,
    rows: Rows,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Estimate]:
    """Candidate minus champion on the same rows, paired; the two may use different features, never different labels.

    The caller answers for the rows being unseen by both: a champion trained on some of them looks better than it is.
    """
    recipe, other = candidate[1], champion[1]
    if (recipe.label, recipe.threshold) != (other.label, other.threshold):
        raise EvaluationRefused(
            f"The candidate predicts {recipe.label!r} at {recipe.threshold}, "
            f"the champion {other.label!r} at {other.threshold}.",
            "Compare models of the same label at the same threshold.",
        )
    sample = _sample(table, rows)
    return performance.compare(
        train.labels_of(recipe, sample),
        _score(*candidate, sample),
        _score(*champion, sample),
        threshold=recipe.threshold,
        confidence=confidence,
        seed=seed,
    )


def _sample(table: pa.Table, rows: Rows) -> pa.Table:
    if len(rows) == 0:
        raise EvaluationRefused("There are no rows to evaluate on.", "Hold rows out, or name a dataset version.")
    return table.take(pa.array(rows))


def _score(onnx: bytes, recipe: Recipe, sample: pa.Table) -> Scores:
    return predict.score(onnx, predict.matrix(sample, list(recipe.features)))


def _refuse_absent(table: pa.Table, sensitive: Sequence[str]) -> None:
    absent = [name for name in sensitive if name not in table.column_names]
    if absent:
        raise EvaluationRefused(
            f"The data has no columns {', '.join(absent)}, which are declared sensitive.",
            "Evaluate on a dataset version that has them.",
        )
