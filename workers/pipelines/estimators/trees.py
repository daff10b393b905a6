"""Trees and what is built of them: one, many that vote, many that correct each other."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import ensemble, tree
from sklearn.base import BaseEstimator

from workers.pipelines.estimators.family import (
    CLASS_WEIGHT,
    COUNT,
    DEPTH,
    LEAVES,
    MAX_FEATURES,
    NOT_NEGATIVE,
    POSITIVE,
    SOME_SHARE,
    SPLIT,
    Family,
    Schema,
)

# Our names of early stopping (see recipes.schema) in the words of either library class.
HISTOGRAM_EARLY = {"rounds": "n_iter_no_change", "share": "validation_fraction", "tolerance": "tol"}
BOOSTING_EARLY = {"rounds": "n_iter_no_change", "share": "validation_fraction", "tolerance": "tol"}
GINI: Schema = {"enum": ["gini", "entropy", "log_loss"]}
SQUARED: Schema = {"enum": ["squared_error", "friedman_mse", "poisson"]}
ONE_TREE = {"max_depth": DEPTH, "min_samples_leaf": COUNT, "min_samples_split": SPLIT}
FOREST = {"n_estimators": COUNT, **ONE_TREE, "max_features": MAX_FEATURES}
GRADIENT = {
    "n_estimators": COUNT,
    "learning_rate": POSITIVE,
    "subsample": SOME_SHARE,
    **ONE_TREE,
    "max_features": MAX_FEATURES,
}
HISTOGRAM = {
    "learning_rate": POSITIVE,
    "max_iter": COUNT,
    "max_leaf_nodes": LEAVES,
    "max_depth": DEPTH,
    "min_samples_leaf": COUNT,
    "l2_regularization": NOT_NEGATIVE,
    "max_bins": {"type": "integer", "minimum": 2, "maximum": 255},
}


def forest(build: Callable[..., BaseEstimator], **criterion: Schema) -> Family:
    """Trees that vote; leaves of five rows, or a forest learns rows by heart and its file grows with the data."""
    return Family(
        build,
        {**FOREST, **criterion},
        {"n_estimators": 200, "min_samples_leaf": 5},
        {"n_jobs": 1},
        scaled=False,
    )


def histogram(build: Callable[..., BaseEstimator], **more: Schema) -> Family:
    """Boosted trees on binned values. "auto" would switch early stopping on at 10,000 rows, and so change the method
    with the size of the data."""
    return Family(
        build,
        {**HISTOGRAM, **more},
        fixed={"early_stopping": False},
        scaled=False,
        early={**HISTOGRAM_EARLY, "switch": "early_stopping"},
        exported=floored,
    )


def floored(fitted: Any) -> Any:
    """The same trees with thresholds that float32 holds: to the nearest, one could pass a row to the other side.

    Rows are float32, so none lies between a threshold and the next float32 below it.
    """
    for trees in fitted._predictors:
        for one in trees:
            exact = one.nodes["num_threshold"]
            near = exact.astype(np.float32)
            one.nodes["num_threshold"] = np.where(near > exact, np.nextafter(near, np.float32(-np.inf)), near)
    return fitted


def plain(build: Callable[..., BaseEstimator], parameters: Mapping[str, Any], early: Mapping[str, str]) -> Family:
    """Trees without fixed parameters."""
    return Family(build, parameters, scaled=False, early=early)


CLASSIFIERS: dict[str, Family] = {
    "hist_gradient_boosting": histogram(ensemble.HistGradientBoostingClassifier, class_weight=CLASS_WEIGHT),
    "random_forest": forest(ensemble.RandomForestClassifier, criterion=GINI, class_weight=CLASS_WEIGHT),
    "extra_trees": forest(ensemble.ExtraTreesClassifier, criterion=GINI, class_weight=CLASS_WEIGHT),
    "gradient_boosting": plain(ensemble.GradientBoostingClassifier, GRADIENT, BOOSTING_EARLY),
    "decision_tree": plain(
        tree.DecisionTreeClassifier, {**ONE_TREE, "criterion": GINI, "class_weight": CLASS_WEIGHT}, {}
    ),
}
REGRESSORS: dict[str, Family] = {
    "hist_gradient_boosting": histogram(
        ensemble.HistGradientBoostingRegressor,
        loss={"enum": ["squared_error", "absolute_error", "gamma", "poisson"]},
    ),
    "random_forest": forest(ensemble.RandomForestRegressor, criterion=SQUARED),
    "extra_trees": forest(ensemble.ExtraTreesRegressor, criterion=SQUARED),
    "gradient_boosting": plain(
        ensemble.GradientBoostingRegressor,
        {**GRADIENT, "loss": {"enum": ["squared_error", "absolute_error", "huber"]}},
        BOOSTING_EARLY,
    ),
    "decision_tree": plain(tree.DecisionTreeRegressor, {**ONE_TREE, "criterion": SQUARED}, {}),
}
