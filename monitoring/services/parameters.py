"""What each kind of monitor may be told, as closed JSON Schemas, so that a typo is refused and not ignored."""

from typing import Any

from jsonschema import Draft202012Validator

from monitoring.models import Monitor
from registry.errors import Invalid, Problem

_SHARE = {"type": "number", "minimum": 0, "maximum": 1}
_COMMON = {
    "window_rows": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
    "min_n": {"type": "integer", "minimum": 1},
}
METRICS = ("roc_auc", "accuracy", "precision", "recall", "f1", "average_precision")
PROPERTIES: dict[str, dict[str, Any]] = {
    Monitor.Kind.DRIFT: {"fdr": _SHARE, "psi_floor": {"type": "number", "minimum": 0}},
    Monitor.Kind.PERFORMANCE: {"metric": {"enum": list(METRICS)}, "floor": _SHARE},
    Monitor.Kind.FAIRNESS: {
        "attributes": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "floor": _SHARE,
    },
}


def check(kind: str, parameters: dict[str, Any]) -> None:
    """Raises Invalid with every parameter that is unknown or out of range."""
    known = {**_COMMON, **PROPERTIES.get(kind, {})}
    schema = {"type": "object", "properties": known, "additionalProperties": False}
    problems = [
        Problem(
            "/parameters" + "".join(f"/{part}" for part in error.path), error.message, f"Known: {', '.join(known)}."
        )
        for error in Draft202012Validator(schema).iter_errors(parameters)
    ]
    if problems:
        raise Invalid(f"The parameters of a {kind} monitor cannot be used.", problems=problems)
