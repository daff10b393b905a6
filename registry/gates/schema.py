"""The policy's JSON Schema, and its complaints turned into sentences with a remedy."""

import difflib
import functools
import json
import re
from collections.abc import Iterable, Iterator
from importlib import resources
from typing import Any

import jsonschema
import jsonschema.validators
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator

from registry.gates.problems import Problem, path_of

TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@functools.cache
def validator(of: str = "") -> Validator:
    """The validator of policy.schema.json, or of one of its definitions; itself checked once."""
    text = resources.files("registry.gates").joinpath("policy.schema.json").read_text(encoding="utf-8")
    strict: type[Validator] = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        jsonschema.Draft202012Validator, {"pattern": _pattern}
    )
    whole = json.loads(text)
    strict.check_schema(whole)
    return strict({"$ref": f"#/$defs/{of}", "$defs": whole["$defs"]} if of else whole)


def _pattern(_: Validator, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """JSON Schema's own meaning: Python's `$` lets a last newline through and its `\\d` takes every script's digits."""
    if isinstance(instance, str) and not re.fullmatch(pattern, instance, re.ASCII):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def problems(document: Any, *, of: str = "") -> list[Problem]:
    """Everything the schema, or one of its definitions, has against a document, in the order of the document."""
    errors = sorted(validator(of).iter_errors(document), key=lambda error: [str(part) for part in error.absolute_path])
    return list(dict.fromkeys(problem for error in errors for problem in _explain(error)))


def _explain(error: ValidationError) -> Iterator[Problem]:
    path = path_of(error.absolute_path)
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    remedy = str(schema.get("description", "Correct it."))
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(path, instance, sorted(schema.get("properties", {})))
        case "required":
            missing = error.message.split("'")[1]
            yield Problem(path, f"{missing!r} is missing.", f"Add {missing!r}.")
        case "enum" | "const":
            allowed = schema["enum"] if error.validator == "enum" else [schema["const"]]
            choices = f"Use one of: {', '.join(json.dumps(one) for one in allowed)}."
            yield Problem(path, f"{_shown(instance)} is not allowed.", str(schema.get("description", choices)))
        case "type":
            wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            names = " or ".join(TYPES[one] for one in wanted)
            yield Problem(path, f"{_shown(instance)} is not {names}.", schema.get("description", f"Write {names}."))
        case "minItems":
            yield Problem(path, f"{len(instance)} entries are too few.", remedy)
        case "minProperties" | "maxProperties":
            yield Problem(path, f"{', '.join(instance)} do not make one statement.", remedy)
        case _:
            yield Problem(path, f"{_shown(instance)} does not fit.", remedy)


def _unknown_keys(path: str, written: Iterable[str], known: list[str]) -> Iterator[Problem]:
    for key in sorted(set(written) - set(known)):
        near = difflib.get_close_matches(key, known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Remove it; known here: {', '.join(known)}."
        yield Problem(path, f"{key!r} is not known here.", remedy)


def _shown(instance: Any) -> str:
    text = json.dumps(instance, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
