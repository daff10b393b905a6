"""Everything that is no tree: lines, neighbours, densities, networks, kernels. Their inputs are scaled."""

from typing import Any

from sklearn import discriminant_analysis, linear_model, naive_bayes, neighbors, neural_network, svm
from sklearn.base import BaseEstimator

from workers.pipelines.estimators.family import (
    CLASS_WEIGHT,
    COUNT,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    Family,
    Schema,
)

NETWORK_EARLY = {
    "switch": "early_stopping",
    "rounds": "n_iter_no_change",
    "share": "validation_fraction",
    "tolerance": "tol",
}
STEPS: dict[str, Schema] = {"max_iter": COUNT, "tol": POSITIVE}
NEIGHBOURS: dict[str, Schema] = {
    "n_neighbors": {"type": "integer", "minimum": 1, "maximum": 200},
    "weights": {"enum": ["uniform", "distance"]},
    "p": {"enum": [1, 2]},
}
NETWORK: dict[str, Schema] = {
    "hidden_layer_sizes": {
        "type": "array",
        "minItems": 1,
        "maxItems": 4,
        "items": {"type": "integer", "minimum": 1, "maximum": 1024},
    },
    "activation": {"enum": ["relu", "tanh", "logistic"]},
    "alpha": NOT_NEGATIVE,
    "learning_rate_init": POSITIVE,
    "batch_size": {"type": "integer", "minimum": 1, "maximum": 10_000},
    **STEPS,
}
KERNEL: dict[str, Schema] = {
    "C": POSITIVE,
    "kernel": {"enum": ["rbf", "linear", "poly", "sigmoid"]},
    "gamma": {"anyOf": [{"enum": ["scale", "auto"]}, POSITIVE]},
    "degree": {"type": "integer", "minimum": 1, "maximum": 5},
    "tol": POSITIVE,
}


def as_logistic(fitted: Any) -> BaseEstimator:
    """The same line as a logistic regression: skl2onnx doubles the log-odds of a discriminant of two classes."""
    same = linear_model.LogisticRegression()
    same.coef_, same.intercept_, same.classes_ = fitted.coef_, fitted.intercept_, fitted.classes_
    same.n_features_in_, same.n_iter_ = fitted.n_features_in_, [0]
    return same


CLASSIFIERS: dict[str, Family] = {
    "logistic_regression": Family(
        linear_model.LogisticRegression,
        {"C": POSITIVE, "max_iter": COUNT, "tol": POSITIVE, "class_weight": CLASS_WEIGHT},
        {"max_iter": 1000},
    ),
    "k_neighbors": Family(neighbors.KNeighborsClassifier, NEIGHBOURS, seeded=False, weighted=False),
    "gaussian_nb": Family(naive_bayes.GaussianNB, {"var_smoothing": POSITIVE}, seeded=False),
    "mlp": Family(neural_network.MLPClassifier, NETWORK, {"max_iter": 300}, early=NETWORK_EARLY),
    # Its own probabilities are drawn by folds of its own; ours are calibrated on the recipe's.
    "svm": Family(svm.SVC, {**KERNEL, "class_weight": CLASS_WEIGHT}, calibrated=True),
    "linear_discriminant": Family(
        discriminant_analysis.LinearDiscriminantAnalysis,
        {"shrinkage": {"anyOf": [{"enum": ["auto", None]}, SHARE]}},
        # Without it nearly collinear columns get weights so large that float32 cannot add them up.
        {"shrinkage": "auto"},
        fixed={"solver": "lsqr"},
        seeded=False,
        weighted=False,
        exported=as_logistic,
    ),
}
REGRESSORS: dict[str, Family] = {
    "linear_regression": Family(linear_model.LinearRegression, {}, seeded=False),
    "ridge": Family(linear_model.Ridge, {"alpha": NOT_NEGATIVE, "tol": POSITIVE}),
    "lasso": Family(linear_model.Lasso, {"alpha": POSITIVE, **STEPS}, {"max_iter": 5000}),
    "elastic_net": Family(linear_model.ElasticNet, {"alpha": POSITIVE, "l1_ratio": SHARE, **STEPS}, {"max_iter": 5000}),
    "bayesian_ridge": Family(linear_model.BayesianRidge, {**STEPS}, seeded=False),
    "huber": Family(
        linear_model.HuberRegressor,
        {"epsilon": {"type": "number", "exclusiveMinimum": 1}, "alpha": NOT_NEGATIVE, **STEPS},
        {"max_iter": 1000},
        seeded=False,
    ),
    "k_neighbors": Family(neighbors.KNeighborsRegressor, NEIGHBOURS, seeded=False, weighted=False),
    "mlp": Family(neural_network.MLPRegressor, NETWORK, {"max_iter": 300}, early=NETWORK_EARLY),
    "svm": Family(svm.SVR, {**KERNEL, "epsilon": NOT_NEGATIVE}, seeded=False),
}
