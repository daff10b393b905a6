"""Curves as data: a few hundred points that lie exactly on the whole curve, ready to store, to draw and to check."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import calibration as calibrated
from monitoring.measures import intervals

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Keep = NDArray[np.bool_]

POINTS = 200


@dataclass(frozen=True, slots=True)
class Curve:
    """Named columns of equal length, JSON as they stand: `x` and `y` say which are drawn."""

    name: str
    x: str
    y: str
    columns: dict[str, list[float]]
    n: int
    detail: dict[str, object] = field(default_factory=dict)


def roc(y_true: ArrayLike, score: ArrayLike) -> Curve | None:
    """False positive rate against true positive rate, from (0, 0) to (1, 1); None with one class only.

    Every vertex of the curve, or, of more than 200, those evenly spread along it; `threshold` is the score at and above
    which rows count as positive (the first point's, where none does, is one more than the highest).
    """
    found = _cumulated(y_true, score)
    if found is None:
        return None
    hits, alarms, thresholds = found
    false_rate, true_rate = alarms / alarms[-1], hits / hits[-1]
    keep = _vertices(alarms, hits)
    keep &= _spread(false_rate + true_rate, keep)
    return Curve(
        "roc",
        "false_positive_rate",
        "true_positive_rate",
        _columns(keep, false_positive_rate=false_rate, true_positive_rate=true_rate, threshold=thresholds),
        int(hits[-1] + alarms[-1]),
    )


def precision_recall(y_true: ArrayLike, score: ArrayLike) -> Curve | None:
    """Recall against precision by falling threshold; None with one class only. `detail` has the share of positives."""
    found = _cumulated(y_true, score)
    if found is None:
        return None
    hits, alarms, thresholds = (one[1:] for one in found)
    recall, precision = hits / hits[-1], hits / (hits + alarms)
    keep = _spread((hits + alarms) / (hits[-1] + alarms[-1]) + recall, np.ones(hits.size, bool))
    n = int(hits[-1] + alarms[-1])
    columns = _columns(keep, recall=recall, precision=precision, threshold=thresholds)
    return Curve("precision_recall", "recall", "precision", columns, n, {"positives": float(hits[-1] / n)})


def gain(y_true: ArrayLike, score: ArrayLike) -> Curve | None:
    """Share of rows taken, highest scores first, against the share of positives among them found."""
    found = _cumulated(y_true, score)
    if found is None:
        return None
    hits, alarms, thresholds = found
    n = int(hits[-1] + alarms[-1])
    taken, found_share = (hits + alarms) / n, hits / hits[-1]
    keep = _vertices(hits + alarms, hits)
    keep &= _spread(taken + found_share, keep)
    columns = _columns(keep, share_of_rows=taken, share_of_positives=found_share, threshold=thresholds)
    return Curve("gain", "share_of_rows", "share_of_positives", columns, n, {"positives": float(hits[-1] / n)})


def calibration(y_true: ArrayLike, score: ArrayLike, *, confidence: float = 0.95, bins: int = 10) -> Curve | None:
    """Mean probability against the share that came true, in equal-mass bins, with Wilson intervals; None without rows.

    The intervals are of one bin each, taken alone.
    """
    truth, probability = np.asarray(y_true, np.float64), np.asarray(score, np.float64)
    if truth.size == 0:
        return None
    codes = np.unique(calibrated.bins(probability, bins), return_inverse=True)[1]
    rows = np.bincount(codes)
    positives = np.bincount(codes, weights=truth).astype(np.int64)
    bounds = [intervals.wilson(int(k), int(n), confidence) for k, n in zip(positives, rows, strict=True)]
    columns = {
        "mean_probability": (np.bincount(codes, weights=probability) / rows).tolist(),
        "share_positive": (positives / rows).tolist(),
        "low": [low for low, _ in bounds],
        "high": [high for _, high in bounds],
        "rows": rows.astype(float).tolist(),
    }
    return Curve("calibration", "mean_probability", "share_positive", columns, truth.size, {"confidence": confidence})


def confusion(
    label: ArrayLike, decision: ArrayLike, *, classes: Sequence[object], confidence: float = 0.95
) -> dict[str, object]:
    """The confusion matrix: counts (true class, decided class), and for each the share of its true class with its exact
    (Clopper-Pearson) interval, taken alone; None in a row of a class without rows."""
    width = len(classes)
    cells = np.bincount(
        np.asarray(label, np.int64) * width + np.asarray(decision, np.int64), minlength=width * width
    ).reshape(width, width)
    rows = cells.sum(axis=1)
    exact = [
        [intervals.clopper_pearson(int(k), int(n), confidence) if n else (None, None) for k in line]
        for line, n in zip(cells, rows, strict=True)
    ]
    return {
        "classes": [str(one) for one in classes],
        "counts": cells.tolist(),
        "shares": [[float(k / n) if n else None for k in line] for line, n in zip(cells, rows, strict=True)],
        "low": [[low for low, _ in line] for line in exact],
        "high": [[high for _, high in line] for line in exact],
        "confidence": confidence,
        "n": int(cells.sum()),
    }


def residuals(y_true: ArrayLike, predicted: ArrayLike, *, bins: int = 20) -> Curve | None:
    """Mean predicted value against mean true value in equal-mass bins, with the spread of the true."""
    truth, guess = np.asarray(y_true, np.float64), np.asarray(predicted, np.float64)
    if truth.size == 0:
        return None
    codes = np.unique(calibrated.bins(guess, bins), return_inverse=True)[1]
    parts = [truth[codes == code] for code in range(int(codes.max()) + 1)]
    columns = {
        "mean_predicted": [float(guess[codes == code].mean()) for code in range(len(parts))],
        "mean_true": [float(part.mean()) for part in parts],
        "low": [float(np.quantile(part, 0.1)) for part in parts],
        "high": [float(np.quantile(part, 0.9)) for part in parts],
        "rows": [float(part.size) for part in parts],
    }
    return Curve("residuals", "mean_predicted", "mean_true", columns, truth.size, {"band": "tenth to ninetieth"})


def _cumulated(y_true: ArrayLike, score: ArrayLike) -> tuple[Floats, Floats, Floats] | None:
    """True and false positives at each distinct score, falling, from none at all; and the scores themselves."""
    label, scored = np.asarray(y_true, np.float64), np.asarray(score, np.float64)
    positives = float(label.sum())
    if not 0.0 < positives < label.size:
        return None
    order = np.argsort(-scored, kind="stable")
    ranked = scored[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)
    hits = np.cumsum(label[order])[ends]
    thresholds = np.concatenate([[ranked[0] + 1.0], ranked[ends]])
    return np.concatenate([[0.0], hits]), np.concatenate([[0.0], ends + 1.0 - hits]), thresholds


def _vertices(x: Floats, y: Floats) -> Keep:
    """The points that the line through their neighbours misses; counts, so that the comparison is exact."""
    keep = np.ones(x.size, bool)
    before, after = (x[1:-1] - x[:-2], y[1:-1] - y[:-2]), (x[2:] - x[1:-1], y[2:] - y[1:-1])
    keep[1:-1] = before[0] * after[1] != before[1] * after[0]
    return keep


def _spread(along: Floats, candidates: Keep) -> Keep:
    """Of the candidates at most 200: the first, the last, and those nearest to even steps along the curve."""
    places = np.flatnonzero(candidates)
    keep = np.zeros(along.size, bool)
    if places.size > POINTS:
        steps = np.linspace(along[places[0]], along[places[-1]], POINTS)
        nearest = np.searchsorted(along[places], steps).clip(0, places.size - 1)
        places = places[np.unique(np.concatenate([[0], nearest, [places.size - 1]]))]
    keep[places] = True
    return keep


def _columns(keep: Keep, **columns: Floats) -> dict[str, list[float]]:
    return {name: values[keep].tolist() for name, values in columns.items()}
