"""What is said about an estimator before a recipe may name it, and the JSON Schemas that its parameters are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator

Schema = Mapping[str, Any]

POSITIVE: Schema = {"type": "number", "exclusiveMinimum": 0}
NOT_NEGATIVE: Schema = {"type": "number", "minimum": 0}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
SOME_SHARE: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 10_000}
DEPTH: Schema = {"type": ["integer", "null"], "minimum": 1, "maximum": 100}
LEAVES: Schema = {"type": ["integer", "null"], "minimum": 2, "maximum": 1024}
SPLIT: Schema = {"type": "integer", "minimum": 2}
MAX_FEATURES: Schema = {"enum": ["sqrt", "log2", None]}
CLASS_WEIGHT: Schema = {"enum": ["balanced", None]}


def unchanged(fitted: BaseEstimator) -> BaseEstimator:
    """Most estimators are exported as they were fitted."""
    return fitted


@dataclass(frozen=True)
class Family:
    """An estimator a recipe may name.

    `parameters` holds the JSON Schema of each parameter that a recipe may set, `defaults` ours, `fixed` what nobody may
    set. `scaled`: trees do not need it, and float32 scaling moves rows across a split. `seeded`: it draws numbers.
    `weighted`: its fit takes weights of rows. `calibrated`: its scores become probabilities only by calibration.
    `early` translates early stopping into its parameters; empty where it has none. `exported` is the fitted estimator
    in the form that converts exactly.
    """

    build: Callable[..., BaseEstimator]
    parameters: Mapping[str, Schema]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    scaled: bool = True
    seeded: bool = True
    weighted: bool = True
    calibrated: bool = False
    early: Mapping[str, Any] = field(default_factory=dict)
    exported: Callable[[BaseEstimator], BaseEstimator] = unchanged

    @property
    def class_weighted(self) -> bool:
        """Whether it weighs classes by a parameter of its own."""
        return "class_weight" in self.parameters
