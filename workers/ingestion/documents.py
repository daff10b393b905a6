"""Hold a declared document (a contract, a recipe) against its JSON Schema and say where it breaks it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import best_match

DEEPEST = 60


@dataclass(frozen=True)
class Problem:
    """Where a document breaks its schema, how, and what to do about it."""

    path: str
    detail: str
    remedy: str


def problem(schema: Mapping[str, Any], document: object) -> Problem | None:
    """The most telling break of the schema, or None; the path is a JSON path such as $.columns.AGEP.type."""
    if _depth(document) > DEEPEST:
        return Problem("$", f"$: There are more than {DEEPEST} levels, one within the other.", "Write it flatter.")
    error = best_match(Draft202012Validator(schema).iter_errors(document))
    if error is None:
        return None
    return Problem(error.json_path, f"{error.json_path}: {error.message}.", _remedy(error))


def _depth(document: object) -> int:
    """How many levels of objects and lists lie within each other, without a call for each."""
    depth, level = 0, [document]
    while level:
        depth += 1
        level = [inner for one in level for inner in _inner(one)]
    return depth


def _inner(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    return value if isinstance(value, list) else ()


def _remedy(error: ValidationError) -> str:
    expected = json.dumps(error.validator_value)
    if error.validator == "additionalProperties" and isinstance(error.schema, Mapping):
        return f"Known here: {', '.join(sorted(error.schema.get('properties', {}))) or 'nothing'}."
    if error.validator in ("enum", "const", "type"):
        return f"Expected: {expected}."
    return f"Expected {error.validator}: {expected}."
