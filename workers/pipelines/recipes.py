"""A training recipe as data: what to learn, from which columns, with which estimator, split and seed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sklearn.model_selection import ParameterGrid

from workers.ingestion import documents
from workers.pipelines import estimators
from workers.pipelines.errors import RecipeInvalid

CANDIDATES_AT_MOST = 200
DEFAULTS: dict[str, Any] = {
    "cross_validation": {"folds": 5},
    "holdout": 0.3,
    "seed": 0,
    "threshold": 0.5,
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["task", "label", "features", "estimator"],
    "properties": {
        "task": {"const": "binary_classification"},
        "label": {"type": "string", "minLength": 1},
        "features": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1000,
            "additionalProperties": {"enum": ["numeric", "categorical"]},
        },
        "estimator": {
            "type": "object",
            "additionalProperties": False,
            "required": ["name"],
            "properties": {"name": {"enum": list(estimators.FAMILIES)}, "parameters": {"type": "object"}},
        },
        "search": {
            "type": "object",
            "additionalProperties": False,
            "required": ["kind", "parameters"],
            "properties": {"kind": {"const": "grid"}, "parameters": {"type": "object"}},
        },
        "cross_validation": {
            "type": "object",
            "additionalProperties": False,
            "required": ["folds"],
            "properties": {"folds": {"type": "integer", "minimum": 2, "maximum": 20}},
        },
        "holdout": {"type": "number", "minimum": 0.05, "maximum": 0.9},
        "seed": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
        "threshold": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    },
}


@dataclass(frozen=True)
class Recipe:
    """A validated recipe with its defaults filled; the features are in the order of the model's input."""

    task: str
    label: str
    features: Mapping[str, str]
    estimator: str
    parameters: Mapping[str, Any]
    grid: Mapping[str, list[Any]]
    folds: int
    holdout: float
    seed: int
    threshold: float

    @property
    def document(self) -> dict[str, Any]:
        """The recipe as data again, complete, so that it means the same under later defaults."""
        document: dict[str, Any] = {
            "task": self.task,
            "label": self.label,
            "features": dict(self.features),
            "estimator": {"name": self.estimator, "parameters": dict(self.parameters)},
            "cross_validation": {"folds": self.folds},
            "holdout": self.holdout,
            "seed": self.seed,
            "threshold": self.threshold,
        }
        return document | ({"search": {"kind": "grid", "parameters": dict(self.grid)}} if self.grid else {})

    @property
    def digest(self) -> str:
        """Hex SHA-256 of the complete document, whatever the order of its keys."""
        return hashlib.sha256(json.dumps(self.document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    def candidates(self) -> list[dict[str, Any]]:
        """The parameter sets to compare, in a fixed order; the one set of the recipe when nothing is searched."""
        return [{**self.parameters, **point} for point in ParameterGrid(self.grid)]


def validate(document: Mapping[str, Any]) -> Recipe:
    """The complete recipe; raises RecipeInvalid naming the path and the remedy."""
    _refuse("$", SCHEMA, document)
    filled = {**DEFAULTS, **document}
    estimator = filled["estimator"]
    recipe = Recipe(
        task=filled["task"],
        label=filled["label"],
        # By name: a JSON object has no order, and PostgreSQL's jsonb does not keep the one it was given.
        features=dict(sorted(filled["features"].items())),
        estimator=estimator["name"],
        parameters={**estimators.FAMILIES[estimator["name"]].defaults, **estimator.get("parameters", {})},
        grid=filled.get("search", {}).get("parameters", {}),
        folds=filled["cross_validation"]["folds"],
        holdout=filled["holdout"],
        seed=filled["seed"],
        threshold=filled["threshold"],
    )
    _refuse("$.estimator.parameters", estimators.parameters_schema(recipe.estimator), estimator.get("parameters", {}))
    if "search" in filled:
        _refuse("$.search.parameters", estimators.grid_schema(recipe.estimator), recipe.grid)
    _refuse_contradictions(recipe)
    return recipe


def _refuse(at: str, schema: Mapping[str, Any], document: object) -> None:
    broken = documents.problem(schema, document)
    if broken:
        raise RecipeInvalid(broken.detail.replace("$", at, 1), broken.remedy)


def _refuse_contradictions(recipe: Recipe) -> None:
    if recipe.label in recipe.features:
        raise RecipeInvalid(
            f"$.features: {recipe.label!r} is the label.", "Remove it: a model must not see its answer."
        )
    if len(ParameterGrid(recipe.grid)) > CANDIDATES_AT_MOST:
        raise RecipeInvalid(
            f"$.search: the grid has {len(ParameterGrid(recipe.grid))} candidates, at most {CANDIDATES_AT_MOST}.",
            "Search fewer values.",
        )
