"""The settings of a detector: a closed JSON Schema per name, with its default; refused by field."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from registry.errors import Invalid, Problem

Settings = dict[str, Any]
Properties = Mapping[str, Mapping[str, Any]]
Contradictions = Callable[[Settings], Sequence[Problem]]


def number(default: float, *, above: float | None = None, least: float = 0.0, most: float) -> dict[str, Any]:
    bounds = {"exclusiveMinimum": above, "minimum": least, "maximum": most}
    return {
        "type": "number",
        "default": default,
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


def count(default: int, *, least: int, most: int) -> dict[str, Any]:
    return {"type": "integer", "default": default, "minimum": least, "maximum": most}


def choice(default: str, *others: str) -> dict[str, Any]:
    return {"enum": [default, *others], "default": default}


#: What several detectors know by the same name.
ALPHA = number(0.01, above=0, most=0.5)
MAX_MISSING = number(0.05, least=0, most=1)
SEED = count(0, least=0, most=2**32 - 1)


def schema(properties: Properties) -> dict[str, Any]:
    """The closed schema of these settings, as a form or an API description takes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
    }


def none(settings: Settings) -> Sequence[Problem]:
    """No two of these settings can contradict each other."""
    return []


def read(
    detector: str, properties: Properties, given: Mapping[str, Any], contradictions: Contradictions = none
) -> Settings:
    """The settings with every default. Raises Invalid with a problem for each field that is unknown or out of range."""
    known = f"Known: {', '.join(properties)}."
    problems = [Problem(_pointer(name), "is not known", known) for name in given if name not in properties]
    told = {name: value for name, value in given.items() if name in properties}
    for error in Draft202012Validator(schema(properties)).iter_errors(told):
        problems.append(Problem(_pointer(*error.path), error.message, _remedy(properties[str(error.path[0])])))
    # A NaN is neither below a minimum nor above a maximum, so the schema takes it.
    problems += [Problem(_pointer(name), "is not finite", known) for name, value in told.items() if _is_nan(value)]
    filled = {name: told.get(name, one["default"]) for name, one in properties.items()}
    if problems := problems or list(contradictions(filled)):
        raise Invalid(f"The settings of {detector} cannot be used.", problems=problems)
    return filled


def _pointer(*path: str | int) -> str:
    return "/settings" + "".join(f"/{part}" for part in path)


def _remedy(expected: Mapping[str, Any]) -> str:
    return f"Expected: {json.dumps({name: value for name, value in expected.items() if name != 'default'})}."


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
