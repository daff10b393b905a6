"""What an evaluation measures beside performance and fairness, as data: slices, curves, robustness, explanations."""

from collections.abc import Mapping
from typing import Any

from workers.ingestion import documents
from workers.pipelines.errors import EvaluationInvalid

CORRUPTIONS = ("noise", "blur", "contrast", "brightness", "occlusion", "shift")
_SHARE = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
_SHARES = {"type": "array", "minItems": 1, "maxItems": 5, "uniqueItems": True, "items": _SHARE}
_NAME = {"type": "string", "minLength": 1, "maxLength": 100}
_STEPS = {
    "type": "array",
    "minItems": 1,
    "maxItems": 5,
    "uniqueItems": True,
    "items": {"type": "number", "exclusiveMinimum": 0, "maximum": 10},
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "confidence": {"type": "number", "minimum": 0.5, "exclusiveMaximum": 1},
        "draws": {"type": "integer", "minimum": 100, "maximum": 10_000},
        "curves": {"type": "boolean"},
        "leakage": {"type": "boolean"},
        "slices": {
            "type": "object",
            "additionalProperties": False,
            "required": ["columns"],
            "properties": {
                "columns": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 20,
                    "items": {"anyOf": [_NAME, {"type": "array", "minItems": 2, "maxItems": 2, "items": _NAME}]},
                },
                "edges": {
                    "type": "object",
                    "additionalProperties": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": 20,
                        "uniqueItems": True,
                        "items": {"type": "number"},
                    },
                },
                "least": {"type": "integer", "minimum": 10},
            },
        },
        "robustness": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "noise": _STEPS,
                "missing": _SHARES,
                "shift": _STEPS,
                "reweighting": _STEPS,
                "corruptions": {
                    "type": "array",
                    "minItems": 1,
                    "uniqueItems": True,
                    "items": {"enum": list(CORRUPTIONS)},
                },
                "adversarial": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {
                        "attack": {"const": "hop_skip_jump"},
                        "rows": {"type": "integer", "minimum": 5, "maximum": 200},
                        "queries": {"type": "integer", "minimum": 50, "maximum": 5_000},
                        "budgets": _STEPS,
                    },
                },
                "membership": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"rows": {"type": "integer", "minimum": 100, "maximum": 20_000}},
                },
            },
        },
        "explanations": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "rows": {"type": "integer", "minimum": 10, "maximum": 1_000},
                "background": {"type": "integer", "minimum": 5, "maximum": 100},
            },
        },
    },
}
DEFAULTS: dict[str, Any] = {"confidence": 0.95, "draws": 1000, "curves": False, "leakage": False}
#: What each part takes where it is asked for and not told.
PARTS: dict[str, dict[str, Any]] = {
    "slices": {"edges": {}, "least": 30},
    "adversarial": {"attack": "hop_skip_jump", "rows": 30, "queries": 500, "budgets": [0.25, 0.5, 1.0]},
    "membership": {"rows": 4_000},
    "explanations": {"rows": 100, "background": 30},
}
ROBUSTNESS: dict[str, Any] = {"noise": [0.1, 0.5], "missing": [0.1, 0.3], "shift": [0.5], "reweighting": [0.5]}


def validate(document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with their defaults; raises EvaluationInvalid naming the path and the remedy.

    An empty mapping is what every evaluation was before there were settings: performance and fairness, no more.
    `robustness` without a perturbation means the four of tables.
    """
    broken = documents.problem(SCHEMA, document)
    if broken:
        raise EvaluationInvalid(broken.detail, broken.remedy)
    filled = {**DEFAULTS, **document}
    for name in ("slices", "explanations"):
        if name in filled:
            filled[name] = {**PARTS[name], **filled[name]}
    if "robustness" in filled:
        filled["robustness"] = _robustness(filled["robustness"])
    return filled


def _robustness(given: Mapping[str, Any]) -> dict[str, Any]:
    asked = dict(given) if given else dict(ROBUSTNESS)
    for name in ("adversarial", "membership"):
        if name in asked:
            asked[name] = {**PARTS[name], **asked[name]}
    return asked
