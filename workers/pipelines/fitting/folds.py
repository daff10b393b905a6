"""Which rows are held out, and which rows judge which fit: at random, by group, or later ones by earlier ones."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    train_test_split,
)

from workers.pipelines import seeds
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample

Rows = np.ndarray[Any, np.dtype[np.int64]]
Splits = list[tuple[Rows, Rows]]


def holdout(recipe: Recipe, sample: Sample) -> tuple[Rows, Rows]:
    """The row numbers to train on and to hold out, sorted; fixed by the seed.

    Random is stratified by the class; groups are held out whole; by time, the latest moments are.
    """
    share, kind = recipe.holdout["share"], recipe.holdout["kind"]
    numbers = np.arange(len(sample))
    if kind == "time":
        return _latest(sample, share)
    if kind == "group":
        assert sample.groups is not None
        _refuse_few(np.unique(sample.groups).size, 2, "groups", "a holdout")
        splitter = GroupShuffleSplit(1, test_size=share, random_state=recipe.seed)
        train, held = next(splitter.split(numbers, groups=sample.groups))
    else:
        stratify = sample.labels if recipe.classifies else None
        train, held = train_test_split(numbers, test_size=share, stratify=stratify, random_state=recipe.seed)
    return np.sort(train), np.sort(held)


def splits(recipe: Recipe, sample: Sample) -> Splits:
    """The folds that compare candidates; each trains on all but its own rows, or by time on the moments before."""
    declared = recipe.cross_validation
    kind = declared.get("kind", "stratified" if recipe.classifies else "kfold")
    folds, seed = declared["folds"], recipe.seed
    if kind == "time":
        made = _by_time(sample, folds)
    elif kind == "group":
        made = _by_group(recipe, sample, folds, seed)
    elif kind == "repeated":
        repeated = RepeatedStratifiedKFold if recipe.classifies else RepeatedKFold
        made = _listed(
            repeated(n_splits=folds, n_repeats=declared["repeats"], random_state=seed).split(
                sample.labels, sample.labels
            )
        )
    else:
        of = StratifiedKFold if kind == "stratified" else KFold
        made = _listed(of(folds, shuffle=True, random_state=seed).split(sample.labels, sample.labels))
    return _checked(recipe, sample, made)


def outer(recipe: Recipe, sample: Sample) -> Splits:
    """The folds around a whole search: of the same kind, drawn apart from those inside it."""
    folds, seed = recipe.cross_validation["nested"]["folds"], seeds.spawned(recipe.seed, "outer folds")
    return _checked(recipe, sample, _apart(recipe, sample, folds, seed))


def partition(recipe: Recipe, sample: Sample, folds: int, purpose: str) -> Splits:
    """Folds of the same kind in which every row is judged exactly once; by time, in blocks without shuffling."""
    return _checked(recipe, sample, _apart(recipe, sample, folds, seeds.spawned(recipe.seed, purpose), whole=True))


def _apart(recipe: Recipe, sample: Sample, folds: int, seed: int, *, whole: bool = False) -> Splits:
    if sample.times is not None and recipe.cross_validation.get("kind") == "time":
        return _blocks(sample, folds) if whole else _by_time(sample, folds)
    if sample.groups is not None:
        return _by_group(recipe, sample, folds, seed)
    of = StratifiedKFold if recipe.classifies else KFold
    return _listed(of(folds, shuffle=True, random_state=seed).split(sample.labels, sample.labels))


def _by_group(recipe: Recipe, sample: Sample, folds: int, seed: int) -> Splits:
    assert sample.groups is not None
    _refuse_few(np.unique(sample.groups).size, folds, "groups", f"{folds} folds")
    of = StratifiedGroupKFold if recipe.classifies else GroupKFold
    return _listed(of(folds, shuffle=True, random_state=seed).split(sample.labels, sample.labels, sample.groups))


def _by_time(sample: Sample, folds: int) -> Splits:
    """By moments, not by rows: rows of one moment are never on both sides."""
    moments = _moments(sample, folds + 1, f"{folds} folds by time")
    found = TimeSeriesSplit(folds).split(moments)
    return [(_within(sample, moments[train]), _within(sample, moments[test])) for train, test in found]


def _blocks(sample: Sample, folds: int) -> Splits:
    moments = _moments(sample, folds, f"{folds} folds by time")
    found = KFold(folds).split(moments)
    return [(_within(sample, moments[train]), _within(sample, moments[test])) for train, test in found]


def _latest(sample: Sample, share: float) -> tuple[Rows, Rows]:
    moments = _moments(sample, 2, "a holdout")
    assert sample.times is not None
    # The first moment after which no more than the share of the rows lies; the last one at least is held out.
    later = np.array([np.mean(sample.times >= moment) for moment in moments])
    first = moments[min(int(np.argmax(later <= share)) if (later <= share).any() else len(moments), len(moments) - 1)]
    if first == moments[0]:
        first = moments[1]
    return np.flatnonzero(sample.times < first), np.flatnonzero(sample.times >= first)


def _moments(sample: Sample, needed: int, purpose: str) -> Rows:
    assert sample.times is not None
    moments = np.unique(sample.times)
    _refuse_few(moments.size, needed, "moments", purpose)
    return moments


def _within(sample: Sample, moments: Rows) -> Rows:
    assert sample.times is not None
    return np.flatnonzero(np.isin(sample.times, moments))


def _listed(found: Iterable[tuple[Rows, Rows]]) -> Splits:
    return [(train, test) for train, test in found]


def _checked(recipe: Recipe, sample: Sample, made: Splits) -> Splits:
    """Raises TrainingRefused where a fold could not be fitted or judged."""
    for number, (train, test) in enumerate(made, start=1):
        if not len(train) or not len(test):
            raise TrainingRefused(f"Fold {number} has no rows.", "Use fewer folds.")
        if not recipe.classifies:
            continue
        present = np.unique(sample.labels).size
        if np.unique(sample.labels[train]).size < present or np.unique(sample.labels[test]).size < 2:
            raise TrainingRefused(
                f"Fold {number} does not see every class of {recipe.label!r}.",
                "Use fewer folds, bring more rows of the rarer class, or split in another way.",
            )
    return made


def _refuse_few(found: int, needed: int, noun: str, purpose: str) -> None:
    if found < needed:
        raise TrainingRefused(
            f"The data has {found} {noun}: too few for {purpose}.",
            f"Bring at least {needed} {noun}, or use fewer folds.",
        )
