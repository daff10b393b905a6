"""The grammar of a training recipe as a closed JSON Schema; contradictions between its parts are found apart."""

from typing import Any

from workers.pipelines import estimators, preparation, scoring
from workers.pipelines.preparation import augment

SEED_BELOW = 2**32
NAMES = sorted({name for families in estimators.FAMILIES.values() for name in families})
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
SHARE: dict[str, Any] = {"type": "number", "minimum": 0.05, "maximum": 0.9}
THRESHOLD: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
COST: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def count(least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": least, "maximum": most}


ESTIMATOR = closed(["name"], name={"enum": NAMES}, parameters={"type": "object"})
ALGORITHM = closed(["name"], name={"enum": NAMES}, parameters={"type": "object"}, search={"type": "object"})
PRUNING = closed(
    ["kind"],
    kind={"enum": ["median", "successive_halving"]},
    startup=count(1, 100),
    warmup=count(1, 20),
    reduction=count(2, 10),
)
SEARCH = closed(
    ["kind"],
    kind={"enum": ["grid", "random", "bayesian"]},
    parameters={"type": "object"},
    trials=count(1, 500),
    batch=count(1, 64),
    pruning=PRUNING,
)
CROSS_VALIDATION = closed(
    ["folds"],
    kind={"enum": ["stratified", "kfold", "repeated", "group", "time"]},
    folds=count(2, 20),
    repeats=count(2, 20),
    group=TEXT,
    time=TEXT,
    nested=closed(["folds"], folds=count(2, 10)),
)
HOLDOUT = closed(["share", "kind"], share=SHARE, kind={"enum": ["random", "group", "time"]}, group=TEXT, time=TEXT)
RULE = closed(
    ["rule"],
    rule={"enum": ["max_f1", "max_balanced_accuracy", "cost", "target_recall", "target_precision"]},
    false_positive=COST,
    false_negative=COST,
    target={"type": "number", "exclusiveMinimum": 0, "maximum": 1},
)
IMBALANCE = closed(
    ["kind"],
    kind={"enum": ["class_weight", "oversample", "undersample"]},
    ratio={"type": "number", "exclusiveMinimum": 0, "maximum": 1},
)
MITIGATION = closed(
    ["kind", "constraint", "attribute"],
    kind={"enum": ["grid_search", "exponentiated_gradient"]},
    constraint={
        "enum": [
            "demographic_parity",
            "equalized_odds",
            "true_positive_rate_parity",
            "false_positive_rate_parity",
            "error_rate_parity",
            "bounded_group_loss",
        ]
    },
    attribute=TEXT,
    difference_bound={"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    upper_bound={"type": "number", "exclusiveMinimum": 0},
    grid_size=count(2, 100),
    constraint_weight={"type": "number", "minimum": 0, "maximum": 1},
    max_iter=count(1, 100),
)
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **closed(
        ["task", "label", "features"],
        task={"enum": list(estimators.FAMILIES)},
        label=TEXT,
        features=preparation.FEATURES_SCHEMA,
        preparation=preparation.SCHEMA,
        augmentation=augment.SCHEMA,
        imbalance=IMBALANCE,
        estimator=ESTIMATOR,
        algorithms={"type": "array", "minItems": 1, "maxItems": 20, "items": ALGORITHM},
        search=SEARCH,
        cross_validation=CROSS_VALIDATION,
        holdout={"if": {"type": "object"}, "then": HOLDOUT, "else": SHARE},
        calibration=closed(["method"], method={"enum": ["sigmoid", "isotonic"]}, folds=count(2, 20)),
        early_stopping=closed(
            [],
            rounds=count(1, 1000),
            share={"type": "number", "minimum": 0.05, "maximum": 0.5},
            tolerance={"type": "number", "minimum": 0},
        ),
        mitigation=MITIGATION,
        selected_by={"enum": sorted({name for metrics in scoring.METRICS.values() for name in metrics})},
        seed={"type": "integer", "minimum": 0, "maximum": SEED_BELOW - 1},
        threshold={"if": {"type": "object"}, "then": RULE, "else": THRESHOLD},
    ),
}
