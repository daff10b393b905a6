"""Fairness by training: reductions to weighted problems, and what each candidate trades of accuracy for parity.

Agarwal et al., "A Reductions Approach to Fair Classification" (2018); Hardt, Price and Srebro, "Equality of
Opportunity in Supervised Learning" (2016) for the threshold optimiser. The groups are known while fitting, only then.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from fairlearn import reductions
from fairlearn.postprocessing import ThresholdOptimizer
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from workers.pipelines import scoring, seeds
from workers.pipelines.errors import TrainingRefused
from workers.pipelines.fitting.mixture import MixedClassifier, MixedRegressor
from workers.pipelines.recipes import Recipe
from workers.pipelines.sample import Sample

Array = np.ndarray[Any, Any]
MOMENTS: dict[str, Callable[..., Any]] = {
    "demographic_parity": reductions.DemographicParity,
    "equalized_odds": reductions.EqualizedOdds,
    "true_positive_rate_parity": reductions.TruePositiveRateParity,
    "false_positive_rate_parity": reductions.FalsePositiveRateParity,
    "error_rate_parity": reductions.ErrorRateParity,
}
POSTPROCESSED = ("demographic_parity", "equalized_odds", "true_positive_rate_parity", "false_positive_rate_parity")
RANDOMISED = "It draws its answers by lot; the deployed model answers by the weighted mean instead."
NEEDS_GROUP = "It needs the group of each row when it answers, so it is evidence and is not deployed."
# Log-odds of a constant answer: float32 makes a probability of exactly 0 or 1 of it.
CERTAIN = 100.0


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model that the reduction tried: its answer [rows] to prepared rows, and whether it is the one deployed."""

    kind: str
    answer: Callable[[Array, Array], Array]
    chosen: bool
    deployable: bool = True
    note: str = ""


class Doubles(ClassifierMixin, BaseEstimator):
    """A fitted classifier whose probabilities are float64: the optimiser writes them into a column of their type."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, rows: Array, labels: Array) -> "Doubles":
        """It is fitted already."""
        return self

    def predict_proba(self, rows: Array) -> Array:
        """Probabilities, shape (rows, classes)."""
        return np.asarray(self.estimator.predict_proba(rows), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Mitigated:
    """The model to deploy, which needs no group, and all that was tried beside it."""

    model: BaseEstimator
    candidates: list[Candidate]


def fit(recipe: Recipe, estimator: BaseEstimator, prepared: Array, sample: Sample) -> Mitigated:
    """Fit under the recipe's constraint. Raises TrainingRefused for one group, and for constants only."""
    assert sample.sensitive is not None
    if np.unique(sample.sensitive).size < 2:
        raise TrainingRefused(
            f"The column {recipe.mitigation['attribute']!r} has one group.", "Name a column with two groups or more."
        )
    reduce = _grid_search if recipe.mitigation["kind"] == "grid_search" else _exponentiated_gradient
    with warnings.catch_warnings():
        # What the library does with pandas is not the recipe's affair.
        warnings.simplefilter("ignore", DeprecationWarning)
        return reduce(recipe, estimator, prepared, sample)


def trade_off(
    recipe: Recipe, mitigated: Mitigated, unmitigated: BaseEstimator, samples: dict[str, tuple[Array, Sample]]
) -> list[dict[str, Any]]:
    """Error and disparity of every candidate on each sample (prepared rows and their labels and groups), with n."""
    reference = Candidate(
        "unmitigated", _decides(recipe, unmitigated), chosen=False, note="The same fit, unconstrained."
    )
    candidates = [reference, *mitigated.candidates, *_postprocessed(recipe, unmitigated, *samples["train"])]
    return [
        _point(recipe, number, candidate, split, prepared, sample)
        for number, candidate in enumerate(candidates)
        for split, (prepared, sample) in samples.items()
    ]


def disparity(constraint: str, labels: Array, decision: Array, groups: Array) -> float:
    """The largest difference between groups of the rates that the constraint equates; of a loss, its largest mean."""
    if constraint == "bounded_group_loss":
        return max(float(np.mean((labels - decision)[groups == one] ** 2)) for one in np.unique(groups))
    differences = []
    for rated in _rates(constraint, labels, decision):
        rates = [float(np.mean(rated[groups == one])) for one in np.unique(groups) if not _empty(rated[groups == one])]
        differences.append(max(rates) - min(rates) if rates else 0.0)
    return max(differences)


def _rates(constraint: str, labels: Array, decision: Array) -> Iterator[Any]:
    """Each rate as the rows it is a mean of; the others are masked."""
    if constraint == "demographic_parity":
        yield np.ma.masked_array(decision.astype(float))
    if constraint == "error_rate_parity":
        yield np.ma.masked_array((labels != decision).astype(float))
    if constraint in ("equalized_odds", "true_positive_rate_parity"):
        yield np.ma.masked_array(decision.astype(float), mask=labels != 1)
    if constraint in ("equalized_odds", "false_positive_rate_parity"):
        yield np.ma.masked_array(decision.astype(float), mask=labels != 0)


def _empty(values: Any) -> bool:
    return int(values.count()) == 0


def _grid_search(recipe: Recipe, estimator: BaseEstimator, prepared: Array, sample: Sample) -> Mitigated:
    declared = recipe.mitigation
    search = reductions.GridSearch(
        estimator,
        constraints=_constraint(recipe, sample),
        constraint_weight=declared["constraint_weight"],
        grid_size=declared["grid_size"],
    )
    search.fit(prepared, sample.labels, sensitive_features=sample.sensitive)
    weight = declared["constraint_weight"]
    losses = [
        (1 - weight) * float(error) + weight * float(search.gammas_.iloc[:, position].max())
        for position, error in enumerate(search.objectives_)
    ]
    real = [position for position, one in enumerate(search.predictors_) if not isinstance(one, DummyClassifier)]
    if not real:
        raise TrainingRefused("Every candidate answers the same to all rows.", "Weaken the constraint.")
    best = min(real, key=lambda position: losses[position])
    candidates = [
        Candidate("grid_search", _decides(recipe, one), chosen=position == best, deployable=position in real)
        for position, one in enumerate(search.predictors_)
    ]
    return Mitigated(search.predictors_[best], candidates)


def _exponentiated_gradient(recipe: Recipe, estimator: BaseEstimator, prepared: Array, sample: Sample) -> Mitigated:
    declared = recipe.mitigation
    gradient = reductions.ExponentiatedGradient(
        estimator,
        constraints=_constraint(recipe, sample),
        eps=declared["difference_bound"],
        max_iter=declared["max_iter"],
    )
    gradient.fit(prepared, sample.labels, sensitive_features=sample.sensitive)
    used = [
        (one, float(weight)) for one, weight in zip(gradient.predictors_, gradient.weights_, strict=True) if weight > 0
    ]
    members = [_convertible(one, prepared.shape[1]) for one, _ in used]
    total = sum(weight for _, weight in used)
    weights = [weight / total for _, weight in used]
    model = (MixedClassifier if recipe.classifies else MixedRegressor)(members, weights)
    seed = seeds.spawned(recipe.seed, "randomised answers")
    kind = "exponentiated_gradient"
    candidates = [
        Candidate(kind, _decides(recipe, model), chosen=True),
        Candidate(
            kind,
            lambda rows, groups: np.asarray(gradient.predict(rows, random_state=seed)),
            chosen=False,
            deployable=False,
            note=RANDOMISED,
        ),
        *(Candidate(kind, _decides(recipe, one), chosen=False, note="A member of the mean.") for one in members),
    ]
    return Mitigated(model, candidates)


def _constraint(recipe: Recipe, sample: Sample) -> Any:
    declared = recipe.mitigation
    if declared["constraint"] != "bounded_group_loss":
        bound = {"difference_bound": declared["difference_bound"]} if "difference_bound" in declared else {}
        return MOMENTS[declared["constraint"]](**bound)
    loss = reductions.SquareLoss(float(sample.labels.min()), float(sample.labels.max()))
    return reductions.BoundedGroupLoss(loss, upper_bound=declared.get("upper_bound", float(np.var(sample.labels))))


def _convertible(member: Any, features: int) -> Any:
    """A constant answer as a regression that converts; any other member as it is."""
    if not isinstance(member, DummyClassifier):
        return member
    constant = LogisticRegression()
    constant.classes_ = np.array([0, 1])
    constant.coef_ = np.zeros((1, features))
    constant.intercept_ = np.array([CERTAIN if member.constant == 1 else -CERTAIN])
    constant.n_features_in_ = features
    return constant


def _decides(recipe: Recipe, model: Any) -> Callable[[Array, Array], Array]:
    """The decision of a model that asks for no group."""
    threshold = recipe.threshold or 0.5

    def answer(rows: Array, groups: Array) -> Array:
        if not recipe.classifies:
            return np.asarray(model.predict(rows), dtype=np.float64)
        if isinstance(model, DummyClassifier):
            return np.asarray(model.predict(rows))
        return scoring.decide(recipe.task, model.predict_proba(rows)[:, 1], threshold=threshold)

    return answer


def _postprocessed(recipe: Recipe, unmitigated: BaseEstimator, prepared: Array, sample: Sample) -> list[Candidate]:
    if recipe.mitigation["constraint"] not in POSTPROCESSED:
        return []
    optimiser = ThresholdOptimizer(
        estimator=Doubles(unmitigated),
        constraints=recipe.mitigation["constraint"],
        objective="accuracy_score",
        prefit=True,
        predict_method="predict_proba",
    )
    try:
        optimiser.fit(prepared, sample.labels, sensitive_features=sample.sensitive)
    except ValueError:
        # A group with one class only has no curve to choose a threshold on; the reductions can still serve it.
        return []
    seed = seeds.spawned(recipe.seed, "threshold optimiser")

    def answer(rows: Array, groups: Array) -> Array:
        return np.asarray(optimiser.predict(rows, sensitive_features=groups, random_state=seed))

    return [Candidate("threshold_optimizer", answer, chosen=False, deployable=False, note=NEEDS_GROUP)]


def _point(
    recipe: Recipe, number: int, candidate: Candidate, split: str, prepared: Array, sample: Sample
) -> dict[str, Any]:
    assert sample.sensitive is not None
    decision, constraint = candidate.answer(prepared, sample.sensitive), recipe.mitigation["constraint"]
    wrong = sample.labels != decision if recipe.classifies else (sample.labels - decision) ** 2
    groups, counts = np.unique(sample.sensitive, return_counts=True)
    return {
        "kind": candidate.kind,
        "candidate": number,
        "chosen": candidate.chosen,
        "constraint": constraint,
        "attribute": recipe.mitigation["attribute"],
        "split": split,
        "error": float(np.mean(wrong)),
        "disparity": disparity(constraint, sample.labels, decision, sample.sensitive),
        "n": len(sample),
        "groups": dict(zip(groups.tolist(), counts.tolist(), strict=True)),
        "deployable": candidate.deployable,
        "note": candidate.note,
    }
