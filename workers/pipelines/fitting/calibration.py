"""Scores made probabilities, by maps fitted on rows that their model did not see.

Platt, "Probabilistic Outputs for Support Vector Machines" (1999) for `sigmoid`; Zadrozny and Elkan, "Transforming
Classifier Scores into Accurate Multiclass Probability Estimates" (2002) for `isotonic` and for one map a class.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.isotonic import IsotonicRegression

Array = np.ndarray[Any, Any]
# Log-odds beyond these are all the same: float32 tells probabilities near 0 apart, and those near 1 hardly.
LOWEST, HIGHEST = -10.0, 10.0
HIGHEST_KNOT = 6.0
# Knots nearer than this make slopes so steep that a rounding of the score would show in the probability.
APART = 0.25


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + exp(-(slope * score + offset)))."""

    slope: float
    offset: float

    def __call__(self, score: Array) -> Array:
        return np.asarray(special.expit(self.slope * score + self.offset))


@dataclass(frozen=True, eq=False)
class Steps:
    """Straight lines between knots, level outside."""

    knots: Array
    values: Array

    def __call__(self, score: Array) -> Array:
        return np.asarray(np.interp(score, self.knots, self.values))


class Calibrated(ClassifierMixin, BaseEstimator):
    """A fitted classifier and a map for each class (one for two classes), whose answers are normalised to sum to 1."""

    def __init__(self, estimator: Any, maps: list[Sigmoid | Steps]) -> None:
        self.estimator = estimator
        self.maps = maps

    @property
    def classes_(self) -> Array:
        return np.asarray(self.estimator.classes_)

    @property
    def n_features_in_(self) -> int:
        return int(self.estimator.n_features_in_)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, rows: Array, labels: Array) -> "Calibrated":
        """Nothing is fitted here: the maps need rows that the classifier did not see."""
        raise NotImplementedError("Fit the classifier, then calibrate it.")

    def predict_proba(self, rows: Array) -> Array:
        """Probabilities, shape (rows, classes)."""
        of = scores(self.estimator, rows)
        if of.shape[1] == 1:
            positive = self.maps[0](of[:, 0])
            return np.stack([1 - positive, positive], axis=1)
        made = np.stack([to(of[:, position]) for position, to in enumerate(self.maps)], axis=1)
        total = made.sum(axis=1, keepdims=True)
        # Where every map says 0 all classes are alike.
        return np.asarray(np.where(total > 0, made / np.where(total > 0, total, 1), 1 / made.shape[1]))

    def predict(self, rows: Array) -> Array:
        """The class of the largest probability, shape (rows,)."""
        return np.asarray(self.classes_[np.argmax(self.predict_proba(rows), axis=1)])


def scores(estimator: Any, rows: Array) -> Array:
    """What is mapped: distances where a classifier has no probabilities, else log-odds; shape (rows, 1 or classes)."""
    if not hasattr(estimator, "predict_proba"):
        distance = np.asarray(estimator.decision_function(rows), dtype=np.float64)
        return distance.reshape(len(distance), -1)
    probability = np.clip(np.asarray(estimator.predict_proba(rows), dtype=np.float64), 0, 1)
    # Not 1 - p: what the other classes say is exact where p is near 1.
    rest = probability[:, ::-1] if probability.shape[1] == 2 else np.clip(1 - probability, 0, 1)
    with np.errstate(divide="ignore"):
        odds = np.asarray(np.clip(np.log(probability) - np.log(rest), LOWEST, HIGHEST))
    return odds[:, 1:] if odds.shape[1] == 2 else odds


def fitted_maps(method: str, score: Array, labels: Array) -> list[Sigmoid | Steps]:
    """A map for each column of the scores, from rows that no scored model saw; labels are positions of classes."""
    fit = _sigmoid if method == "sigmoid" else _steps
    if score.shape[1] == 1:
        return [fit(score[:, 0], labels == 1)]
    return [fit(score[:, position], labels == position) for position in range(score.shape[1])]


def _sigmoid(score: Array, positive: Array) -> Sigmoid:
    """The likeliest slope and offset for Platt's targets, which are short of 0 and 1, so that no slope is infinite."""
    many, few = positive.sum(), (~positive).sum()
    target = np.where(positive, (many + 1) / (many + 2), 1 / (few + 2))
    scale = max(float(np.abs(score).max()), 1e-12)

    def loss(at: Array) -> tuple[float, Array]:
        linear = at[0] * score / scale + at[1]
        off = special.expit(linear) - target
        return float(np.sum(np.logaddexp(0, linear) - target * linear)), np.array([off @ score / scale, off.sum()])

    found = optimize.minimize(loss, [0.0, np.log((many + 1) / (few + 1))], jac=True, method="BFGS").x
    return Sigmoid(float(found[0] / scale), float(found[1]))


def _steps(score: Array, positive: Array) -> Steps:
    limited = np.clip(score, LOWEST, HIGHEST_KNOT)
    fitted = IsotonicRegression(out_of_bounds="clip").fit(limited, positive.astype(np.float64))
    knots, values = _spread(fitted.X_thresholds_, fitted.y_thresholds_)
    # One row more, a third of it positive: no answer is quite 0 or 1, and no plateau lies on 1/2.
    return Steps(knots, (values * len(score) + 1 / 3) / (len(score) + 1))


def _spread(knots: Array, values: Array) -> tuple[Array, Array]:
    """The same map with its knots apart: a jump becomes a slope, never further to the right than that takes."""
    at, to = [float(knots[0])], [float(values[0])]
    for knot, value in zip(knots[1:].tolist(), values[1:].tolist(), strict=True):
        if knot <= at[-1]:
            # The knot before was moved past this one.
            to[-1] = value
        else:
            at.append(max(knot, at[-1] + APART))
            to.append(value)
    return np.array(at), np.array(to)
