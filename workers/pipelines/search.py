"""Compare parameter sets by cross-validation on the training rows; the held-out rows are never touched."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from workers.pipelines import estimators, preprocess
from workers.pipelines.predict import Labels, Matrix, Scores
from workers.pipelines.recipes import Recipe

Progress = Callable[[float, str], None]
METRICS: dict[str, Callable[[Labels, Scores], float]] = {
    "roc_auc": roc_auc_score,
    "average_precision": average_precision_score,
    "log_loss": log_loss,
    "brier": brier_score_loss,
}
SELECTED_BY = "roc_auc"


def pipeline(recipe: Recipe, parameters: dict[str, Any]) -> Pipeline:
    """The unfitted preparation and estimator as one object, so that every fit learns both on the same rows."""
    scaled = estimators.FAMILIES[recipe.estimator].scaled
    return Pipeline(
        [
            ("prepare", preprocess.transformer(recipe.features, scaled=scaled)),
            ("estimate", estimators.build(recipe.estimator, parameters, seed=recipe.seed)),
        ]
    )


def trials(recipe: Recipe, rows: Matrix, labels: Labels, progress: Progress) -> list[dict[str, Any]]:
    """One entry a parameter set: its parameters and the mean and deviation over the folds of every metric."""
    candidates = recipe.candidates()
    done, total = 0, len(candidates) * recipe.folds
    compared = []
    for number, parameters in enumerate(candidates, start=1):
        folds = []
        for scores in _folds(recipe, parameters, rows, labels):
            folds.append(scores)
            done += 1
            progress(done / total, f"candidate {number} of {len(candidates)}, fold {len(folds)} of {recipe.folds}")
        compared.append({"parameters": parameters, "metrics": _summary(folds)})
    return compared


def best(compared: list[dict[str, Any]]) -> dict[str, Any]:
    """The trial with the highest mean; the earlier one of equals, so that the choice is repeatable."""
    return max(compared, key=lambda trial: trial["metrics"][f"cv_{SELECTED_BY}_mean"])


def _folds(recipe: Recipe, parameters: dict[str, Any], rows: Matrix, labels: Labels) -> Iterator[dict[str, float]]:
    splitter = StratifiedKFold(recipe.folds, shuffle=True, random_state=recipe.seed)
    for train, test in splitter.split(rows, labels):
        fitted = pipeline(recipe, parameters).fit(rows[train], labels[train])
        score = fitted.predict_proba(rows[test])[:, 1]
        yield {name: float(metric(labels[test], score)) for name, metric in METRICS.items()}


def _summary(folds: list[dict[str, float]]) -> dict[str, float]:
    summary: dict[str, float] = {}
    for name in METRICS:
        values = np.array([fold[name] for fold in folds])
        summary |= {f"cv_{name}_mean": float(values.mean()), f"cv_{name}_std": float(values.std(ddof=1))}
    return summary
