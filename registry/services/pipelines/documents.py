"""What a pipeline's document may say: a closed JSON Schema, so that a typo is refused and not ignored."""

from typing import Any

from jsonschema import Draft202012Validator

from registry import grammars
from registry.errors import Invalid, Problem

_NAME = {"type": "string", "minLength": 1, "maxLength": 200}
_SEED = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_POSITIVE = {"type": "number", "exclusiveMinimum": 0}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["data", "model", "recipe"],
    "properties": {
        "data": {
            "type": "object",
            "additionalProperties": False,
            "required": ["dataset"],
            "properties": {
                "dataset": {**_NAME, "description": "The name of the dataset whose newest version is learned from."},
                "source": {**_NAME, "description": "A source of the dataset, read first."},
                "warnings": {
                    "type": "boolean",
                    "description": "Whether data that its contract only warns about are learned from; true.",
                },
            },
        },
        "model": {**_NAME, "description": "The family that the candidate joins."},
        "recipe": {"type": "object", "description": "As a training run takes it."},
        "seed": _SEED,
        "limits": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"seconds": _POSITIVE, "cpu_seconds": _POSITIVE, "memory_bytes": _POSITIVE},
        },
        "evaluation": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "split": {"enum": ["holdout", "all"]},
                "dataset": {**_NAME, "description": "Another dataset, whose newest version is measured on whole."},
                "against_champion": {"type": "boolean", "description": "Whether to compare with what serves; false."},
                "settings": {"type": "object", "description": "As an evaluation takes them."},
                "seed": _SEED,
            },
        },
        "reproduce": {"type": "boolean", "description": "Whether the run is done again and certified; false."},
        "promotion": {
            "type": "object",
            "additionalProperties": False,
            "required": ["slot", "policy"],
            "properties": {
                "slot": {**_NAME, "description": "The key of the slot that the draft asks for."},
                "policy": {**_NAME, "description": "The name of the policy, as it is in force then."},
                "reason": {"type": "string", "maxLength": 2000},
            },
        },
        "schedule": {
            "type": "object",
            "additionalProperties": False,
            "required": ["every_seconds"],
            "properties": {"every_seconds": {"type": "integer", "minimum": 60, "maximum": 366 * 86400}},
        },
    },
}


def check(document: Any) -> None:
    """Raises Invalid with every place that is wrong, those of the recipe included."""
    problems = [
        Problem("".join(f"/{part}" for part in ["document", *error.absolute_path]), error.message)
        for error in Draft202012Validator(SCHEMA).iter_errors(document)
    ]
    if problems:
        raise Invalid("The pipeline's document cannot be used.", problems=problems)
    evaluation = document.get("evaluation", {})
    if "dataset" in evaluation and evaluation.get("split") == "holdout":
        raise Invalid(
            "Only the data that a run learned from have rows that it held out.",
            problems=[Problem("/document/evaluation/split", "is holdout beside another dataset")],
        )
    grammars.check("recipe", document["recipe"])
