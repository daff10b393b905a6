"""What decisions against true classes amount to: every figure here is a function of the confusion matrix alone."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from monitoring.measures import intervals, resampling
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.frame import Frame

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

METHOD = "multinomial bootstrap over the cells of the confusion matrix, percentile"


def counts(label: Integers, decision: Integers, classes: int) -> Integers:
    """How many rows stand in each cell, (true class, decided class)."""
    return np.bincount(label * classes + decision, minlength=classes * classes).reshape(classes, classes)


def matthews(cells: Integers | Floats) -> Floats:
    """Matthews' correlation of matrices (..., classes, classes); NaN where one class only is true or decided.

    Reference: J. Gorodkin, Comput. Biol. Chem. 28 (2004), 367-374, which is the usual coefficient for two classes.
    """
    true, decided, total = _margins(cells)
    right = np.trace(cells, axis1=-2, axis2=-1)
    covariance = right * total - (true * decided).sum(axis=-1)
    spread = (total**2 - (true**2).sum(axis=-1)) * (total**2 - (decided**2).sum(axis=-1))
    return _ratio(covariance, np.sqrt(spread))


def averages(cells: Integers | Floats) -> dict[str, Floats]:
    """Macro and weighted precision, recall and f1 of matrices (..., classes, classes).

    A class that is never decided has a precision of 0, and one without rows a recall of 0, as in scikit-learn.
    """
    true, decided, total = _margins(cells)
    right = np.diagonal(cells, axis1=-2, axis2=-1).astype(np.float64)
    each = {
        "precision": np.nan_to_num(_ratio(right, decided)),
        "recall": np.nan_to_num(_ratio(right, true)),
        "f1": np.nan_to_num(_ratio(2.0 * right, true + decided)),
    }
    # scikit-learn leaves a class out of the mean that is neither true nor decided anywhere.
    used = np.where(true + decided > 0, 1.0, 0.0)
    found = {f"{name}_macro": (values * used).sum(axis=-1) / used.sum(axis=-1) for name, values in each.items()}
    weight = true / total[..., None]
    return found | {f"{name}_weighted": (values * weight).sum(axis=-1) for name, values in each.items()}


def correlation(cells: Integers, frame: Frame) -> Estimate:
    """Matthews' correlation with its interval."""
    value = float(matthews(cells))
    if np.isnan(value):
        return frame.undefined("mcc", METHOD, "one class only is true, or decided")
    return frame.bootstrapped("mcc", value, _percentiles(matthews(drawn(cells, frame)), value, frame), METHOD)


def averaged(cells: Integers, frame: Frame) -> Iterator[Estimate]:
    """The averages over the classes, each with its interval."""
    sampled = averages(drawn(cells, frame))
    for name, value in averages(cells).items():
        yield frame.bootstrapped(name, float(value), _percentiles(sampled[name], float(value), frame), METHOD)


def drawn(cells: Integers, frame: Frame) -> Floats:
    """Matrices of as many rows, drawn with replacement, which is exactly multinomial.

    But for half a row a true class, spread over what it may be decided as: without it a model that errs nowhere would
    never err in any draw, as if that were known for certain.
    """
    classes = len(cells)
    smoothed = cells + 0.5 / classes * (cells.sum(axis=1, keepdims=True) > 0)
    generator = np.random.default_rng(frame.seed)
    sampled = generator.multinomial(cells.sum(), (smoothed / smoothed.sum()).ravel(), size=frame.draws)
    return sampled.reshape(frame.draws, classes, classes).astype(np.float64)


def share(metric: str, successes: int, n: int, frame: Frame, *, reason: str) -> Estimate:
    """A proportion with Wilson's interval, or why there is none."""
    if n == 0:
        detail: Detail = {**frame.detail, "reason": reason}
        return Estimate(metric, None, None, None, frame.confidence, 0, "Wilson", detail=detail)
    low, high = intervals.wilson(successes, n, frame.confidence)
    return Estimate(metric, successes / n, low, high, frame.confidence, n, "Wilson", detail=dict(frame.detail))


def _percentiles(values: Floats, value: float, frame: Frame) -> tuple[float, float] | None:
    found = resampling.percentiles(values, frame.confidence)
    # The draws are of a matrix smoothed by half a row: where that matters, stretch the interval to the plain value.
    return (min(found[0], value), max(found[1], value)) if found else None


def _margins(cells: Integers | Floats) -> tuple[Floats, Floats, Floats]:
    whole = np.asarray(cells, dtype=np.float64)
    return whole.sum(axis=-1), whole.sum(axis=-2), whole.sum(axis=(-2, -1))


def _ratio(part: Floats, whole: Floats) -> Floats:
    ratio = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
