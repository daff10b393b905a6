"""How far a regression's answers lie from truths that have not come: each row's loss, learned where they have.

A second model learns the size of the first one's error from the inputs and the answer; its mean over a window estimates
the mean absolute and squared error there, as long as the errors still depend on the inputs as they did on the
reference. How wrong that is on rows it did not see, leaning to one side as a window does that has shifted, makes the
band.
Reference: NannyML's direct loss estimation (DLE), whose point estimate this is; the band is ours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from monitoring.measures import resampling
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame

Floats = NDArray[np.float64]

METHOD = "loss learned on reference rows, out-of-bag multiples under shifts, percentile"
METRICS = ("mae", "mse", "rmse")
MODELS = 8
TILTS, STEEPEST = 200, 1.0
TINY = 1e-12
LEAST_REFERENCE = 500


@dataclass(frozen=True, eq=False)
class Loss:
    """One loss, learned: models, each row's loss as a multiple of what was foretold, and that of rows leaning aside."""

    models: tuple[HistGradientBoostingRegressor, ...]
    multiples: Floats
    tilted: Floats


@dataclass(frozen=True, eq=False)
class Learned:
    """Absolute and squared error, learned from `inputs` columns (the last one the answer)."""

    absolute: Loss
    squared: Loss
    inputs: int


def learn(features: ArrayLike, predicted: ArrayLike, truth: ArrayLike, *, seed: int = 0) -> Learned:
    """Learn the losses from rows that the model was not fitted on; features (rows, inputs), NaN where missing.

    Raises ValueError on unequal lengths and on fewer than 500 rows with an answer and a truth.
    """
    rows, answers, truths = _joined(features, predicted), np.asarray(predicted, float), np.asarray(truth, float)
    if truths.shape != answers.shape:
        raise ValueError("answers and truths must be one-dimensional and of equal length")
    known = ~np.isnan(answers) & ~np.isnan(truths)
    if known.sum() < LEAST_REFERENCE:
        raise ValueError(f"{known.sum()} reference rows with a truth: at least {LEAST_REFERENCE} are needed")
    error = np.abs(answers - truths)[known]
    absolute, squared = (_learned(rows[known], loss, seed) for loss in (error, np.square(error)))
    return Learned(absolute, squared, rows.shape[1])


def estimate(
    learned: Learned,
    features: ArrayLike,
    predicted: ArrayLike,
    *,
    confidence: float = 0.95,
    draws: int = 400,
    seed: int = 0,
) -> list[Estimate]:
    """Estimate mae, mse and rmse of rows without truths; the interval is where the truths' own figures will lie.

    Rows without an answer are left out and counted in `detail["dropped"]`. Raises ValueError on other inputs.
    """
    rows, answers = _joined(features, predicted), np.asarray(predicted, float)
    if rows.shape[1] != learned.inputs:
        raise ValueError(f"the losses were learned on {learned.inputs - 1} inputs, here are {rows.shape[1] - 1}")
    known = rows[~np.isnan(answers)]
    dropped = answers.size - len(known)
    frame = Frame(confidence, len(known), {"dropped": dropped} if dropped else {}, draws, seed)
    if not len(known):
        return [frame.undefined(metric, METHOD, "no rows") for metric in METRICS]
    (mae, absolute), (mse, squared) = (_means(one, known, frame) for one in (learned.absolute, learned.squared))
    found = ((mae, absolute), (mse, squared), (float(np.sqrt(mse)), np.sqrt(squared)))
    return [
        frame.bootstrapped(metric, value, resampling.percentiles(drawn, confidence), METHOD)
        for metric, (value, drawn) in zip(METRICS, found, strict=True)
    ]


def _joined(features: ArrayLike, predicted: ArrayLike) -> Floats:
    columns, answers = np.asarray(features, np.float64), np.asarray(predicted, np.float64)
    if columns.ndim != 2 or answers.shape != columns.shape[:1]:
        raise ValueError("features must be (rows, inputs), and the answers one a row")
    return np.column_stack([columns, answers])


def _learned(rows: Floats, loss: Floats, seed: int) -> Loss:
    """Models of resampled rows, each judged on the rows that it did not see."""
    generator, models = np.random.default_rng(seed), []
    told, times = np.zeros(len(rows)), np.zeros(len(rows))
    for _ in range(MODELS):
        taken = generator.integers(0, len(rows), len(rows))
        model = HistGradientBoostingRegressor(loss="gamma", max_iter=40, min_samples_leaf=40, random_state=seed)
        models.append(model.fit(rows[taken], np.maximum(loss[taken], TINY)))
        unseen = np.setdiff1d(np.arange(len(rows)), taken)
        told[unseen] += model.predict(rows[unseen])
        times[unseen] += 1
    seen = times > 0
    judged = told[seen] / times[seen]
    return Loss(tuple(models), loss[seen] / judged, _tilted(rows[seen], loss[seen], judged, generator))


def _tilted(rows: Floats, loss: Floats, told: Floats, generator: np.random.Generator) -> Floats:
    """How many times what was foretold the loss comes to where the rows lean to one side, for many sides."""
    spread = rows.std(axis=0, where=~np.isnan(rows))
    even = np.nan_to_num((rows - np.nanmean(rows, axis=0)) / np.where(spread > 0, spread, 1.0))
    sides = generator.normal(size=(even.shape[1], TILTS))
    leaning = even @ (sides / np.linalg.norm(sides, axis=0)) * generator.uniform(0, STEEPEST, TILTS)
    weights = np.exp(np.minimum(leaning, STEEPEST * 3))
    return np.asarray((loss @ weights) / (told @ weights), np.float64)


def _means(learned: Loss, rows: Floats, frame: Frame) -> tuple[float, Floats]:
    """The mean loss, and the means that may come out: a model, a lean and multiples of as many rows each time."""
    foretold = np.array([model.predict(rows) for model in learned.models])
    generator = np.random.default_rng(frame.seed)
    usual = learned.multiples / learned.multiples.mean()
    drawn = [
        float(foretold[draw % len(foretold)] @ generator.choice(usual, len(rows)))
        / len(rows)
        * generator.choice(learned.tilted)
        for draw in range(frame.draws)
    ]
    return float(foretold.mean() * learned.tilted.mean()), np.array(drawn)
