"""How much the model needs each feature: what its loss grows by when the feature is shuffled between rows.

Reference: A. Fisher, C. Rudin and F. Dominici, J. Mach. Learn. Res. 20 (2019), 177, on the rows of the loss itself, so
that the interval covers the choice of rows and not only that of the shuffles.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from monitoring.measures import multiclass, resampling
from monitoring.measures.estimate import Estimate
from monitoring.measures.frame import Frame
from workers.pipelines.evaluation.figures import Truth
from workers.pipelines.evaluation.subject import BINARY, REGRESSION
from workers.pipelines.explain.parts import Ids, Pool, Values

REPEATS = 5
METHOD = "permutation, mean increase of the loss, bootstrap over rows"
FEATURE = "feature"


def permutation(pool: Pool, rows: Ids, truth: Truth, *, confidence: float, draws: int, seed: int) -> list[Estimate]:
    """The mean increase of log loss (classes) or squared error (numbers) over five shuffles of each feature.

    `rows` are of the pool, `truth` theirs. The intervals are of one feature each, taken alone.
    """
    frame = Frame(confidence, len(rows), {"loss": loss_name(pool), "repeats": REPEATS}, draws, seed)
    before = _losses(pool, pool.own(rows), truth)
    return list(_increases(pool, rows, truth, before, frame))


def loss_name(pool: Pool) -> str:
    return "squared error" if pool.subject.task == REGRESSION else "log loss"


def mean_absolute(pool: Pool, values: Values, *, confidence: float, draws: int, seed: int) -> list[Estimate]:
    """The mean size of each feature's SHAP values over the rows and outputs, largest first."""
    sizes = np.abs(values).mean(axis=2)
    frame = Frame(confidence, len(sizes), {"outputs": values.shape[2]}, draws, seed)
    method = "SHAP, mean absolute value, bootstrap over rows"
    found = [
        replace(_mean("mean_abs_shap", sizes[:, place], frame, method), attribute=FEATURE, group=part.name)
        for place, part in enumerate(pool.parts)
    ]
    return sorted(found, key=lambda one: (-(one.value or 0.0), one.group))


def _increases(pool: Pool, rows: Ids, truth: Truth, before: Values, frame: Frame) -> Iterator[Estimate]:
    generator = np.random.default_rng(frame.seed)
    for place, part in enumerate(pool.parts):
        grown = np.zeros(len(rows))
        for _ in range(REPEATS):
            ids = pool.own(rows)
            ids[:, place] = generator.permutation(ids[:, place])
            grown += (_losses(pool, ids, truth) - before) / REPEATS
        yield replace(_mean("permutation_importance", grown, frame, METHOD), attribute=FEATURE, group=part.name)


def _losses(pool: Pool, ids: Ids, truth: Truth) -> Values:
    answers = pool.answers(ids)
    if pool.subject.task == REGRESSION:
        return np.square(answers[:, 0] - truth)
    if pool.subject.task == BINARY:
        answers = np.column_stack([1.0 - answers[:, 0], answers[:, 0]])
    return multiclass.losses(np.asarray(truth, dtype=np.int64), answers)


def _mean(metric: str, per_row: Values, frame: Frame, method: str) -> Estimate:
    blocks = resampling.weights(frame.n, draws=frame.draws, seed=frame.seed)
    drawn = np.concatenate([block @ per_row / frame.n for block in blocks])
    return frame.bootstrapped(metric, float(per_row.mean()), resampling.percentiles(drawn, frame.confidence), method)
