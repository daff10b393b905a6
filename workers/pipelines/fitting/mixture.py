"""Several fitted models that answer as one: the weighted mean of their probabilities, or of their values."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

Array = np.ndarray[Any, Any]


class _Mixture(BaseEstimator):
    def __init__(self, members: Sequence[Any], weights: Sequence[float]) -> None:
        self.members = members
        self.weights = weights

    @property
    def n_features_in_(self) -> int:
        return int(self.members[0].n_features_in_)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def fit(self, rows: Array, labels: Array) -> "_Mixture":
        """Nothing is fitted here: the members are, each on its own weights of the rows."""
        raise NotImplementedError("Fit the members, then mix them.")


class MixedClassifier(ClassifierMixin, _Mixture):
    """The weighted mean of the members' probabilities; weights are positive and sum to 1."""

    @property
    def classes_(self) -> Array:
        return np.asarray(self.members[0].classes_)

    def predict_proba(self, rows: Array) -> Array:
        """Probabilities, shape (rows, classes)."""
        weighted = [weight * one.predict_proba(rows) for one, weight in zip(self.members, self.weights, strict=True)]
        return np.asarray(np.sum(weighted, axis=0))

    def predict(self, rows: Array) -> Array:
        """The class of the largest probability, shape (rows,)."""
        return np.asarray(self.classes_[np.argmax(self.predict_proba(rows), axis=1)])


class MixedRegressor(RegressorMixin, _Mixture):
    """The weighted mean of the members' values; weights are positive and sum to 1."""

    def predict(self, rows: Array) -> Array:
        """Values, shape (rows,)."""
        weighted = [weight * one.predict(rows) for one, weight in zip(self.members, self.weights, strict=True)]
        return np.asarray(np.sum(weighted, axis=0))
