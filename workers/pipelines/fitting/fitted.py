"""One fit as a recipe says: rows drawn and changed, preparation and estimator learned on them, scores calibrated."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from workers.pipelines import estimators, preparation, seeds
from workers.pipelines.fitting import calibration, conversion, folds, mitigation, sampling
from workers.pipelines.preparation import Layout, augment
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample
from workers.pipelines.trials import Proposal

Array = np.ndarray[Any, Any]
# What converts a fitted pipeline must know our estimators, and whoever fits one must have it loaded.
CONVERSION = conversion


def fit(recipe: Recipe, layout: Layout, chosen: Proposal, sample: Sample) -> Pipeline:
    """The pipeline of preparation and estimator fitted on these rows alone; nothing is learned from any other row."""
    fitted = _fitted(recipe, layout, chosen, sample)
    method = _method(recipe, chosen)
    if method is None:
        return fitted
    score, seen = _unseen_scores(recipe, layout, chosen, sample)
    maps = calibration.fitted_maps(method, score[seen], sample.labels[seen])
    return Pipeline([fitted.steps[0], ("estimate", calibration.Calibrated(fitted[-1], maps))])


def answers(recipe: Recipe, fitted: Pipeline, sample: Sample) -> Array:
    """What the model says of each row: the probability of the positive class, those of all classes, or a value."""
    if not recipe.classifies:
        return np.asarray(fitted.predict(sample.rows), dtype=np.float64)
    probability = np.asarray(fitted.predict_proba(sample.rows), dtype=np.float64)
    return probability[:, 1] if recipe.binary else probability


def unfitted(recipe: Recipe, layout: Layout, chosen: Proposal) -> Pipeline:
    """The preparation and the estimator as one object, so that every fit learns both on the same rows."""
    family = estimators.family(recipe.task, chosen.estimator)
    built = estimators.build(
        recipe.task,
        chosen.estimator,
        _parameters(recipe, chosen),
        seed=recipe.seed,
        early_stopping=recipe.early_stopping or None,
    )
    prepare = preparation.transformer(layout, task=recipe.task, scaled=family.scaled, seed=recipe.seed)
    return Pipeline([("prepare", prepare), ("estimate", built)])


def mitigated(
    recipe: Recipe, layout: Layout, chosen: Proposal, sample: Sample
) -> tuple[Pipeline, mitigation.Mitigated]:
    """The pipeline fitted under the recipe's constraint, and every candidate that was tried for it."""
    index = sampling.drawn(recipe, sample.labels)
    drawn = sample if index is None else sample.take(index)
    pipeline = unfitted(recipe, layout, chosen)
    prepared = pipeline[0].fit_transform(drawn.rows, drawn.labels)
    found = mitigation.fit(recipe, pipeline[-1], prepared, drawn)
    exported = estimators.family(recipe.task, chosen.estimator).exported
    for member in getattr(found.model, "members", [found.model]):
        # Constant answers are members of another kind.
        if isinstance(member, type(pipeline[-1])):
            exported(member)
    return Pipeline([pipeline.steps[0], ("estimate", found.model)]), found


def _fitted(recipe: Recipe, layout: Layout, chosen: Proposal, sample: Sample) -> Pipeline:
    index = sampling.drawn(recipe, sample.labels)
    drawn = sample if index is None else sample.take(index)
    family = estimators.family(recipe.task, chosen.estimator)
    pipeline = unfitted(recipe, layout, chosen)
    if recipe.mitigation:
        return mitigated(recipe, layout, chosen, sample)[0]
    seed = seeds.spawned(recipe.seed, "augmentation")
    rows, labels = augment.expand(drawn.rows, drawn.labels, layout, recipe.augmentation, seed)
    weights = None if family.class_weighted else sampling.weights(recipe, labels)
    pipeline.fit(rows, labels, **({} if weights is None else {"estimate__sample_weight": weights}))
    return Pipeline([pipeline.steps[0], ("estimate", family.exported(pipeline[-1]))])


def _parameters(recipe: Recipe, chosen: Proposal) -> Mapping[str, Any]:
    by_parameter = estimators.family(recipe.task, chosen.estimator).class_weighted
    weighs = recipe.imbalance.get("kind") == "class_weight" and by_parameter
    return {**chosen.parameters, **({"class_weight": "balanced"} if weighs else {})}


def _method(recipe: Recipe, chosen: Proposal) -> str | None:
    declared = recipe.calibration.get("method")
    needed = estimators.family(recipe.task, chosen.estimator).calibrated
    return str(declared) if declared else "sigmoid" if needed else None


def _unseen_scores(recipe: Recipe, layout: Layout, chosen: Proposal, sample: Sample) -> tuple[Array, Array]:
    """The score of each row by a model that did not see it, and which rows have one."""
    score: Array | None = None
    seen = np.zeros(len(sample), dtype=bool)
    for train, test in folds.partition(recipe, sample, recipe.calibration.get("folds", 5), "calibration"):
        fitted = _fitted(recipe, layout, chosen, sample.take(train))
        of = calibration.scores(fitted[-1], fitted[0].transform(sample.rows[test]))
        score = np.zeros((len(sample), of.shape[1])) if score is None else score
        score[test], seen[test] = of, True
    assert score is not None
    return score, seen
