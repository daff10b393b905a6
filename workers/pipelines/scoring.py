"""How candidates are compared: one number a metric from the labels and what a model answers on rows it did not see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Metric:
    """`measure(labels, answer, decision)`: the answer is the probability of the positive class [rows], those of all
    classes [rows, classes], or a value [rows]; the decision is the class or the value."""

    measure: Callable[[Array, Array, Array], float]
    higher_is_better: bool = True


def _ranked(measure: Callable[..., float]) -> Callable[[Array, Array, Array], float]:
    return lambda labels, answer, decision: measure(labels, answer)


def _decided(measure: Callable[..., float], **options: Any) -> Callable[[Array, Array, Array], float]:
    return lambda labels, answer, decision: measure(labels, decision, **options)


def _log_loss(labels: Array, answer: Array, decision: Array) -> float:
    if answer.ndim == 1:
        return float(metrics.log_loss(labels, answer, labels=[0, 1]))
    # Estimators that answer in float32 sum to 1 only nearly.
    shares = answer / answer.sum(axis=1, keepdims=True)
    return float(metrics.log_loss(labels, shares, labels=np.arange(answer.shape[1])))


def _one_against_rest(labels: Array, answer: Array, decision: Array) -> float:
    """The mean area over the classes that the rows have; a class with no row has none."""
    areas = [
        metrics.roc_auc_score(labels == position, answer[:, position])
        for position in range(answer.shape[1])
        if 0 < np.sum(labels == position) < len(labels)
    ]
    return float(np.mean(areas))


def _brier(labels: Array, answer: Array, decision: Array) -> float:
    return float(np.mean(np.sum((answer - np.eye(answer.shape[1])[labels]) ** 2, axis=1)))


BINARY: Mapping[str, Metric] = {
    "roc_auc": Metric(_ranked(metrics.roc_auc_score)),
    "average_precision": Metric(_ranked(metrics.average_precision_score)),
    "log_loss": Metric(_log_loss, higher_is_better=False),
    "brier": Metric(_ranked(metrics.brier_score_loss), higher_is_better=False),
    "accuracy": Metric(_decided(metrics.accuracy_score)),
    "balanced_accuracy": Metric(_decided(metrics.balanced_accuracy_score)),
    "precision": Metric(_decided(metrics.precision_score, zero_division=0.0)),
    "recall": Metric(_decided(metrics.recall_score, zero_division=0.0)),
    "f1": Metric(_decided(metrics.f1_score, zero_division=0.0)),
    "mcc": Metric(_decided(metrics.matthews_corrcoef)),
}
MULTICLASS: Mapping[str, Metric] = {
    "accuracy": Metric(_decided(metrics.accuracy_score)),
    "balanced_accuracy": Metric(_decided(metrics.balanced_accuracy_score)),
    "f1_macro": Metric(_decided(metrics.f1_score, average="macro", zero_division=0.0)),
    "mcc": Metric(_decided(metrics.matthews_corrcoef)),
    "log_loss": Metric(_log_loss, higher_is_better=False),
    "brier": Metric(_brier, higher_is_better=False),
    "roc_auc_ovr": Metric(_one_against_rest),
}
REGRESSION: Mapping[str, Metric] = {
    "rmse": Metric(_decided(metrics.root_mean_squared_error), higher_is_better=False),
    "mse": Metric(_decided(metrics.mean_squared_error), higher_is_better=False),
    "mae": Metric(_decided(metrics.mean_absolute_error), higher_is_better=False),
    "mape": Metric(_decided(metrics.mean_absolute_percentage_error), higher_is_better=False),
    "r2": Metric(_decided(metrics.r2_score)),
}
METRICS: dict[str, Mapping[str, Metric]] = {
    "binary_classification": BINARY,
    "multiclass_classification": MULTICLASS,
    "regression": REGRESSION,
}


def score(task: str, labels: Array, answer: Array, *, threshold: float = 0.5) -> dict[str, float]:
    """Every metric of the task; the threshold divides two classes."""
    decision = decide(task, answer, threshold=threshold)
    return {name: float(metric.measure(labels, answer, decision)) for name, metric in METRICS[task].items()}


def decide(task: str, answer: Array, *, threshold: float = 0.5) -> Array:
    """The class or the value that an answer means."""
    if task == "binary_classification":
        return (answer >= threshold).astype(np.int64)
    return np.argmax(answer, axis=1) if answer.ndim == 2 else answer


def summary(task: str, folds: list[dict[str, float]], *, prefix: str = "cv") -> dict[str, float]:
    """Mean and deviation over the folds of every metric."""
    made: dict[str, float] = {}
    for name in METRICS[task]:
        values = np.array([fold[name] for fold in folds])
        made |= {f"{prefix}_{name}_mean": float(values.mean()), f"{prefix}_{name}_std": float(values.std(ddof=1))}
    return made
