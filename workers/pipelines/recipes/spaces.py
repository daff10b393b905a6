"""What a search may try for each parameter: a list of values, or a range between two ends."""

from collections.abc import Iterator, Mapping
from typing import Any

from workers.pipelines import estimators

RANGE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["low", "high"],
    "properties": {"low": {"type": "number"}, "high": {"type": "number"}, "log": {"type": "boolean"}},
}


def schema(task: str, name: str, *, ranges: bool) -> dict[str, Any]:
    """The closed JSON Schema of a space; a grid takes lists only."""
    properties = {
        parameter: _parameter(dict(accepted), ranges=ranges and _number(accepted))
        for parameter, accepted in estimators.family(task, name).parameters.items()
    }
    return {"type": "object", "minProperties": 1, "additionalProperties": False, "properties": properties}


def whole(task: str, name: str, parameter: str) -> bool:
    """Whether the parameter takes whole numbers only."""
    accepted = estimators.family(task, name).parameters[parameter].get("type", [])
    return "integer" in ([accepted] if isinstance(accepted, str) else accepted)


def problems(task: str, name: str, at: str, space: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Ranges that are empty, or that a logarithm or a whole number cannot have."""
    for parameter, wanted in space.items():
        if isinstance(wanted, list):
            continue
        low, high, path = wanted["low"], wanted["high"], f"{at}.{parameter}"
        if low >= high:
            yield path, f"{low} is not below {high}.", "Give the lower end as `low`."
        elif wanted.get("log") and low <= 0:
            yield path, f"{low} has no logarithm.", "Begin above 0, or leave `log` out."
        elif whole(task, name, parameter) and (low != int(low) or high != int(high)):
            yield path, "the parameter takes whole numbers.", "Give whole ends."


def _parameter(accepted: dict[str, Any], *, ranges: bool) -> dict[str, Any]:
    values = {"type": "array", "minItems": 1, "maxItems": 50, "items": accepted}
    if not ranges:
        return values
    ends = {**RANGE, "properties": {**RANGE["properties"], "low": _end(accepted), "high": _end(accepted)}}
    return {"if": {"type": "array"}, "then": values, "else": ends}


def _end(accepted: dict[str, Any]) -> dict[str, Any]:
    return {"type": "number", **{key: value for key, value in accepted.items() if key != "type"}}


def _number(accepted: Mapping[str, Any]) -> bool:
    types = accepted.get("type", [])
    return bool({"number", "integer"} & {*([types] if isinstance(types, str) else types)})
