"""How well probabilities tell several classes apart, and whether a candidate does so better than the champion."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import calibration, confusion, delong, intervals, resampling
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame
from monitoring.measures.performance import DRAWS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BOOTSTRAP = "bootstrap over rows, percentile"
PAIRED = "paired bootstrap over rows, percentile"
INFLUENCE = "one-vs-rest, infinitesimal jackknife, logit scale"
CLASS = "class"


def classification(
    y_true: ArrayLike,
    probabilities: ArrayLike,
    *,
    classes: Sequence[object],
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate fifteen figures of all rows, then precision, recall and roc_auc of each class.

    `y_true` (rows,) holds the index of each row's class, `probabilities` (rows, classes) what the model gives each; the
    decision is the first of the most probable. Averages are macro and weighted as in scikit-learn; roc_auc_macro and
    roc_auc_weighted are one class against the rest. The figures of a class stand under the attribute "class"; those of
    one metric hold together at `confidence` (Bonferroni). Raises ValueError on shapes that do not fit.
    """
    label, probable = _checked(y_true, probabilities, len(classes))
    frame = Frame(confidence, label.size, {"classes": len(classes)}, draws, seed)
    if label.size == 0:
        return [frame.undefined("accuracy", "Wilson", "no rows")]
    decision = probable.argmax(axis=1)
    cells = confusion.counts(label, decision, len(classes))
    return [
        confusion.share("accuracy", int(np.trace(cells)), label.size, frame, reason="no rows"),
        *confusion.averaged(cells, frame),
        confusion.correlation(cells, frame),
        _mean("log_loss", losses(label, probable), frame),
        _mean("brier", squares(label, probable), frame),
        *_areas(label, probable, frame),
        calibration.error(
            "calibration_error_equal_mass", decision == label, np.clip(probable.max(axis=1), 0.0, 1.0), frame
        ),
        *_of_classes(label, probable, cells, [str(name) for name in classes], frame),
    ]


def compare(
    y_true: ArrayLike,
    candidate: ArrayLike,
    champion: ArrayLike,
    *,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate candidate minus champion on the same rows: accuracy, f1_macro, mcc, log_loss and brier (the last two
    better where less). Both models' own values stand in `detail`; the pairing is kept by resampling rows."""
    width = np.shape(candidate)[1]
    label, first = _checked(y_true, candidate, width)
    second = _checked(y_true, champion, width)[1]
    frame = Frame(confidence, label.size, {"classes": width}, draws, seed)
    if label.size == 0:
        return [frame.undefined(name, PAIRED, "no rows") for name in ("accuracy", "f1_macro", "mcc", "log_loss")]
    per_row = {
        "accuracy": [(one.argmax(axis=1) == label).astype(np.float64) for one in (first, second)],
        "log_loss": [losses(label, one) for one in (first, second)],
        "brier": [squares(label, one) for one in (first, second)],
    }
    means = [_mean_difference(name, both[0], both[1], frame) for name, both in per_row.items()]
    return [*means, *_cell_differences(label, first.argmax(axis=1), second.argmax(axis=1), width, frame)]


def losses(label: Integers, probable: Floats) -> Floats:
    """Each row's log loss, clipped as scikit-learn does."""
    epsilon = np.finfo(np.float64).eps
    return -np.log(np.clip(probable[np.arange(label.size), label], epsilon, 1.0 - epsilon))


def squares(label: Integers, probable: Floats) -> Floats:
    """Each row's squared distance from its class, summed over the classes: from 0 to 2."""
    truth = np.eye(probable.shape[1])[label]
    total: Floats = np.square(probable - truth).sum(axis=1)
    return total


def _checked(y_true: ArrayLike, probabilities: ArrayLike, classes: int) -> tuple[Integers, Floats]:
    label, probable = np.asarray(y_true, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
    if label.ndim != 1 or probable.shape != (label.size, classes):
        raise ValueError("labels and probabilities must be of (rows,) and (rows, classes)")
    if label.size and not (label.min() >= 0 and label.max() < classes):
        raise ValueError("labels must be indices of the classes")
    return label, probable


def _mean(metric: str, per_row: Floats, frame: Frame) -> Estimate:
    blocks = resampling.weights(frame.n, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([block @ per_row / frame.n for block in blocks])
    interval = resampling.percentiles(drawn, frame.confidence)
    return frame.bootstrapped(metric, float(per_row.mean()), interval, BOOTSTRAP)


def _areas(label: Integers, probable: Floats, frame: Frame) -> Iterator[Estimate]:
    """The mean of the one-vs-rest areas, plain and weighted by class.

    Each row's influence on the mean is the sum of its influences on the areas, which it enters once as a positive and
    else as a negative: their variance is that of the mean, whatever the areas' dependence.
    """
    classes = probable.shape[1]
    rows = np.bincount(label, minlength=classes)
    if (rows == 0).any():
        absent = f"{int((rows == 0).sum())} classes have no rows"
        yield from (frame.undefined(f"roc_auc_{name}", INFLUENCE, absent) for name in ("macro", "weighted"))
        return
    placed = [delong.placements(label == one, probable[:, one]) for one in range(classes)]
    areas = np.array([float(above.mean()) for above, _ in placed])
    influence = np.zeros((classes, label.size))
    for one, (above, below) in enumerate(placed):
        influence[one, label == one] = (above - areas[one]) * label.size / rows[one]
        influence[one, label != one] = (below - areas[one]) * label.size / (label.size - rows[one])
    for name, weight in (("macro", np.full(classes, 1.0 / classes)), ("weighted", rows / label.size)):
        area, spread = float(weight @ areas), float((weight @ influence).var() / label.size)
        smallest = int(rows.min())
        yield _area(f"roc_auc_{name}", area, spread, (smallest, label.size - smallest), frame)


def _area(metric: str, area: float, spread: float, sizes: tuple[int, int], frame: Frame) -> Estimate:
    method = INFLUENCE
    if spread > 0.0 and 0.0 < area < 1.0:
        low, high = delong.logit_interval(area, spread, frame.confidence)
    else:
        # Complete separation: as wide as the smallest class alone would have it.
        method, (low, high) = "Newcombe method 5", delong.newcombe_interval(area, sizes, frame.confidence)
    return Estimate(metric, area, low, high, frame.confidence, frame.n, method, detail=dict(frame.detail))


def _of_classes(
    label: Integers, probable: Floats, cells: Integers, names: list[str], frame: Frame
) -> Iterator[Estimate]:
    each = replace(frame, confidence=intervals.bonferroni(frame.confidence, len(names)))
    for place, name in enumerate(names):
        right, true, decided = int(cells[place, place]), int(cells[place].sum()), int(cells[:, place].sum())
        found = [
            confusion.share("precision", right, decided, each, reason="never decided"),
            confusion.share("recall", right, true, each, reason="no rows of the class"),
            _one_area(label == place, probable[:, place], each),
        ]
        together = {"simultaneous": True, "family_size": len(names), "share": true / frame.n}
        for one in found:
            detail = {**one.detail, **together}
            yield replace(one, attribute=CLASS, group=name, confidence=frame.confidence, detail=detail)


def _one_area(positive: NDArray[np.bool_], score: Floats, frame: Frame) -> Estimate:
    sizes = int(positive.sum()), int((~positive).sum())
    if min(sizes) == 0:
        return frame.undefined("roc_auc", "DeLong, logit scale", "needs rows of the class and of others")
    above, below = delong.placements(positive, score)
    area, spread = float(above.mean()), delong.variance(above, below)
    found = _area("roc_auc", area, spread or 0.0, sizes, frame)
    return replace(found, method="DeLong, logit scale") if found.method == INFLUENCE else found


def _mean_difference(metric: str, first: Floats, second: Floats, frame: Frame) -> Estimate:
    difference = first - second
    blocks = resampling.weights(frame.n, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([block @ difference / frame.n for block in blocks])
    interval = resampling.percentiles(drawn, frame.confidence)
    values = float(first.mean()), float(second.mean())
    return _difference(metric, values, interval, frame)


def _cell_differences(
    label: Integers, first: Integers, second: Integers, width: int, frame: Frame
) -> Iterator[Estimate]:
    """Differences of figures of the two confusion matrices, by resampling which cells of both each row stands in."""
    joint = (label * width + first) * width + second
    blocks = resampling.weights(frame.n, draws=frame.draws, seed=frame.seed)
    shape = (-1, width, width, width)
    picked = [np.stack([np.bincount(joint, weights=one, minlength=width**3) for one in block]) for block in blocks]
    drawn = np.concatenate(picked).reshape(shape)
    whole = np.bincount(joint, minlength=width**3).reshape(shape)
    for metric in ("f1_macro", "mcc"):
        sampled = _of(metric, drawn.sum(axis=3)) - _of(metric, drawn.sum(axis=2))
        values = float(_of(metric, whole.sum(axis=3))[0]), float(_of(metric, whole.sum(axis=2))[0])
        if np.isnan(values).any():
            yield frame.undefined(metric, PAIRED, "one class only is true, or decided")
        else:
            yield _difference(metric, values, resampling.percentiles(sampled, frame.confidence), frame)


def _of(metric: str, cells: Floats | Integers) -> Floats:
    return confusion.matthews(cells) if metric == "mcc" else confusion.averages(cells)[metric]


def _difference(
    metric: str, values: tuple[float, float], interval: tuple[float, float] | None, frame: Frame
) -> Estimate:
    found = frame.bootstrapped(metric, values[0] - values[1], interval, PAIRED)
    found.detail.update(candidate=values[0], champion=values[1])
    return found
