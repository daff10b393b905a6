"""Hold a declared document (a contract, a recipe) against its JSON Schema and say where it breaks it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match


@dataclass(frozen=True)
class Problem:
    """Where a document breaks its schema, how, and what to do about it."""

    path: str
    detail: str
    remedy: str


def problem(schema: Mapping[str, Any], document: object) -> Problem | None:
    """The most telling break of the schema, or None; the path is a JSON path such as $.columns.AGEP.type."""
    error = best_match(Draft202012Validator(schema).iter_errors(document))
    if error is None:
        return None
    return Problem(error.json_path, f"{error.json_path}: {error.message}.", _remedy(error))


def _remedy(error: ValidationError) -> str:
    expected = json.dumps(error.validator_value)
    if error.validator == "additionalProperties" and isinstance(error.schema, Mapping):
        return f"Known here: {', '.join(sorted(error.schema.get('properties', {}))) or 'nothing'}."
    if error.validator in ("enum", "const", "type"):
        return f"Expected: {expected}."
    return f"Expected {error.validator}: {expected}."
