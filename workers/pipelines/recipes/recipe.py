"""A training recipe that was read: what to learn, from which columns, how it is searched, judged and split."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workers.pipelines import preparation as preparing
from workers.pipelines import scoring

Section = Mapping[str, Any]


@dataclass(frozen=True)
class Algorithm:
    """One estimator of the declared set: its complete parameters, and what a search varies of them."""

    name: str
    parameters: Mapping[str, Any]
    space: Mapping[str, Any]


@dataclass(frozen=True)
class Recipe:
    """A validated recipe with its defaults filled; the features are in the order of the model's input.

    A section that was not declared is empty. `document` is the recipe as data again, complete, so that it means the
    same under later defaults; it names only the sections that were declared, so that a later section changes no digest.
    """

    task: str
    label: str
    features: Section
    algorithms: tuple[Algorithm, ...]
    preparation: Section
    augmentation: Section
    imbalance: Section
    search: Section
    cross_validation: Section
    holdout: Section
    calibration: Section
    early_stopping: Section
    mitigation: Section
    selected_by: str
    seed: int
    threshold: float | None
    threshold_rule: Section
    document: Section

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the complete document, whatever the order of its keys."""
        return hashlib.sha256(json.dumps(self.document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def plan(self) -> preparing.Plan:
        """What is done to the features before an estimator sees them."""
        return preparing.plan(self.features, self.preparation)

    @property
    def classifies(self) -> bool:
        return self.task != "regression"

    @property
    def binary(self) -> bool:
        return self.task == "binary_classification"

    @property
    def folds(self) -> int:
        """How many fits judge one set of parameters."""
        repeats = self.cross_validation.get("repeats", 1)
        return int(self.cross_validation["folds"] * repeats)

    @property
    def higher_is_better(self) -> bool:
        return scoring.METRICS[self.task][self.selected_by].higher_is_better

    def column(self, kind: str) -> str | None:
        """The column by which rows belong together (`group`) or follow each other (`time`), if any split needs it."""
        return self.cross_validation.get(kind) or self.holdout.get(kind)
