"""What a fit leaves to be drawn: plain points under a name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

POINTS_AT_MOST = 200
Array = np.ndarray[Any, Any]


def of(pipeline: Pipeline) -> list[dict[str, Any]]:
    """How the fit went, step by step, of an estimator that keeps it."""
    estimator = getattr(pipeline[-1], "estimator", pipeline[-1])
    series = {
        "train": _series(estimator, "train_score_", "loss_curve_"),
        "validation": _series(estimator, "validation_score_", "validation_scores_"),
    }
    return [
        {"name": "fit", "series": name, "x": "step", "y": "score", "points": _thinned(np.arange(len(values)), values)}
        for name, values in series.items()
        if len(values)
    ]


def threshold(rule: Mapping[str, Any], labels: Array, answer: Array, chosen: float, worth: float) -> dict[str, Any]:
    """Precision and recall over the thresholds, and which one the rule chose."""
    points = []
    for at in np.unique(np.quantile(answer, np.linspace(0, 1, 51))):
        positive = answer >= at
        hits = float(np.sum(positive & (labels == 1)))
        points.append([float(at), hits / max(1.0, float(positive.sum())), hits / float(np.sum(labels == 1))])
    return {
        "name": "threshold",
        "x": "threshold",
        "y": ["precision", "recall"],
        "points": points,
        "rule": dict(rule),
        "chosen": chosen,
        "worth": worth,
        "n": len(labels),
    }


def _series(estimator: Any, *names: str) -> Array:
    found: Any = next((getattr(estimator, name) for name in names if getattr(estimator, name, None) is not None), [])
    return np.asarray(found, dtype=np.float64)


def _thinned(steps: Array, values: Array) -> list[list[float]]:
    kept = np.unique(np.linspace(0, len(values) - 1, min(len(values), POINTS_AT_MOST)).astype(int))
    return [[float(steps[i]), float(values[i])] for i in kept if np.isfinite(values[i])]
