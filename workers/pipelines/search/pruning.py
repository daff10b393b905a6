"""Whether a trial is worth finishing, told from the trials of earlier batches at the same fold.

Golovin et al., "Google Vizier" (2017) for the median rule; Jamieson and Talwalkar, "Non-stochastic Best Arm
Identification and Hyperparameter Optimization" (2016) for successive halving. Optuna's own compare with whatever has
ended by then, which depends on how fast the workers were.
"""

from collections.abc import Sequence

import numpy as np

from workers.pipelines.recipes import Recipe
from workers.pipelines.trials import FAILED, TrialResult


def stops(recipe: Recipe, earlier: Sequence[TrialResult], reported: Sequence[float]) -> bool:
    """Whether to give up after as many folds as are reported; the value is the mean over them."""
    rule, folds = recipe.search.get("pruning"), len(reported)
    if rule is None or folds < rule["warmup"] or folds >= recipe.folds:
        return False
    others = [result.reported[folds - 1] for result in earlier if len(result.reported) >= folds]
    if sum(result.state != FAILED for result in earlier) < rule["startup"] or not others:
        return False
    sign = 1 if recipe.higher_is_better else -1
    value, compared = sign * reported[-1], sign * np.array(others)
    if rule["kind"] == "median":
        return bool(value < np.median(compared))
    if not _rung(folds, rule["warmup"], rule["reduction"]):
        return False
    # Among all that came to this rung, itself included, one in `reduction` goes on.
    kept = max(1, (len(compared) + 1) // rule["reduction"])
    return bool(np.sum(compared > value) >= kept)


def _rung(folds: int, first: int, reduction: int) -> bool:
    rung = first
    while rung < folds:
        rung *= reduction
    return rung == folds
