"""Unequal classes: rows drawn again or left out, in the training rows of each fit only, or rows that weigh more."""

from typing import Any

import numpy as np
from sklearn.utils import resample
from sklearn.utils.class_weight import compute_sample_weight

from workers.pipelines import seeds
from workers.pipelines.recipes import Recipe

Array = np.ndarray[Any, Any]


def drawn(recipe: Recipe, labels: Array) -> Array | None:
    """The numbers of the rows to fit on, or None where all are taken as they are.

    Oversampling draws rows of rarer classes again, until each has `ratio` times the rows of the largest; undersampling
    leaves rows of larger classes out, until none has more than 1 / `ratio` times the rows of the smallest.
    """
    kind = recipe.imbalance.get("kind")
    if kind not in ("oversample", "undersample"):
        return None
    seed = seeds.spawned(recipe.seed, kind)
    counts = np.bincount(labels)
    present = np.flatnonzero(counts)
    chosen = [
        _of_class(kind, np.flatnonzero(labels == one), counts[present], recipe.imbalance, seed) for one in present
    ]
    return np.sort(np.concatenate(chosen))


def weights(recipe: Recipe, labels: Array) -> Array | None:
    """A weight for each row where classes are to weigh the same, for estimators without a parameter for it."""
    if recipe.imbalance.get("kind") != "class_weight":
        return None
    return np.asarray(compute_sample_weight("balanced", labels), dtype=np.float64)


def _of_class(kind: str, rows: Array, counts: Array, declared: Any, seed: int) -> Array:
    if kind == "oversample":
        wanted = round(counts.max() * declared["ratio"])
        more = wanted - len(rows)
        return np.concatenate([rows, resample(rows, n_samples=more, random_state=seed)]) if more > 0 else rows
    wanted = round(counts.min() / declared["ratio"])
    return resample(rows, replace=False, n_samples=wanted, random_state=seed) if wanted < len(rows) else rows
