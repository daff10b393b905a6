"""How far predicted numbers lie from the true ones, and whether a candidate's lie nearer than the champion's."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitoring.measures import resampling
from monitoring.measures.estimate import Detail, Estimate
from monitoring.measures.frame import Frame
from monitoring.measures.performance import DRAWS

Floats = NDArray[np.float64]

BOOTSTRAP = "bootstrap over rows, percentile"
PAIRED = "paired bootstrap over rows, percentile"
METRICS = ("mse", "rmse", "mae", "mape", "r2", "bias")
REASONS = {"mape": "a true value is 0", "r2": "the true values do not vary"}


def regression(
    y_true: ArrayLike, predicted: ArrayLike, *, confidence: float = 0.95, draws: int = DRAWS, seed: int = 0
) -> list[Estimate]:
    """Estimate mse, rmse, mae, mape (a share, not a percentage), r2 and bias (mean of predicted minus true).

    Rows without a true value are left out and counted in `detail["dropped"]`. mape is undefined where a true value is
    0, and r2 where they do not vary; all are where a value is infinite. Values agree with scikit-learn. Raises
    ValueError on unequal lengths.
    """
    (truth, guess), detail = _complete(y_true, predicted)
    frame = Frame(confidence, truth.size, detail, draws, seed)
    if reason := _unusable(truth, guess):
        return [frame.undefined(metric, BOOTSTRAP, reason) for metric in METRICS]
    sums = _per_row(truth, guess)
    blocks = resampling.weights(truth.size, draws=draws, seed=seed)
    drawn = _figures(np.concatenate([block @ sums for block in blocks]) / truth.size)
    values = _figures(sums.sum(axis=0)[None] / truth.size)
    return [_estimate(metric, float(values[metric][0]), drawn[metric], frame) for metric in METRICS]


def compare(
    y_true: ArrayLike,
    candidate: ArrayLike,
    champion: ArrayLike,
    *,
    confidence: float = 0.95,
    draws: int = DRAWS,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate candidate minus champion on the same rows: mse, rmse, mae (where less is better) and r2.

    Both models' own values stand in `detail`; the pairing is kept by resampling rows.
    """
    (truth, first, second), detail = _complete(y_true, candidate, champion)
    frame = Frame(confidence, truth.size, detail, draws, seed)
    if reason := _unusable(truth, first, second):
        return [frame.undefined(metric, PAIRED, reason) for metric in ("mse", "rmse", "mae", "r2")]
    sums = [_per_row(truth, guess) for guess in (first, second)]
    drawn: list[list[Floats]] = [[], []]
    for block in resampling.weights(truth.size, draws=draws, seed=seed):
        for side, per_row in zip(drawn, sums, strict=True):
            side.append(block @ per_row / truth.size)
    sampled = [_figures(np.concatenate(side)) for side in drawn]
    values = [_figures(per_row.sum(axis=0)[None] / truth.size) for per_row in sums]
    return [_difference(metric, values, sampled, frame) for metric in ("mse", "rmse", "mae", "r2")]


def _complete(*arrays: ArrayLike) -> tuple[list[Floats], Detail]:
    columns = [np.asarray(array, dtype=np.float64) for array in arrays]
    if any(column.ndim != 1 or column.size != columns[0].size for column in columns):
        raise ValueError("true and predicted values must be one-dimensional and of equal length")
    complete = ~np.logical_or.reduce([np.isnan(column) for column in columns])
    dropped = int(np.count_nonzero(~complete))
    return [column[complete] for column in columns], {"dropped": dropped} if dropped else {}


def _unusable(*columns: Floats) -> str | None:
    """An infinite error would be nothing in the draws that leave its row out, and NaN in their sums."""
    if columns[0].size == 0:
        return "no rows"
    return None if all(np.isfinite(one).all() for one in columns) else "a value is infinite"


def _per_row(truth: Floats, guess: Floats) -> Floats:
    """What each row adds to the sums that every figure is made of, (rows, 6).

    The true values are centred first: the spread of large ones would drown in their squares.
    """
    error = guess - truth
    centred = truth - truth.mean()
    share = np.abs(error) / np.abs(truth) if np.all(truth != 0) else np.full(truth.size, np.nan)
    return np.column_stack([np.square(error), np.abs(error), share, error, centred, np.square(centred)])


def _figures(means: Floats) -> dict[str, Floats]:
    squared, absolute, share, error, centre, spread = means.T
    variance = spread - np.square(centre)
    explained = np.full(len(means), np.nan)
    np.divide(squared, variance, out=explained, where=variance > 0)
    return {
        "mse": squared,
        "rmse": np.sqrt(squared),
        "mae": absolute,
        "mape": share,
        "r2": 1.0 - explained,
        "bias": error,
    }


def _estimate(metric: str, value: float, drawn: Floats, frame: Frame) -> Estimate:
    if np.isnan(value):
        return frame.undefined(metric, BOOTSTRAP, REASONS[metric])
    return frame.bootstrapped(metric, value, resampling.percentiles(drawn, frame.confidence), BOOTSTRAP)


def _difference(metric: str, values: list[dict[str, Floats]], drawn: list[dict[str, Floats]], frame: Frame) -> Estimate:
    first, second = (float(side[metric][0]) for side in values)
    if np.isnan([first, second]).any():
        return frame.undefined(metric, PAIRED, REASONS[metric])
    interval = resampling.percentiles(drawn[0][metric] - drawn[1][metric], frame.confidence)
    found = frame.bootstrapped(metric, first - second, interval, PAIRED)
    found.detail.update(candidate=first, champion=second)
    return found
