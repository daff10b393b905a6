"""What an explanation is asked for, as data."""

from collections.abc import Mapping
from typing import Any

from workers.ingestion import documents
from workers.pipelines.errors import EvaluationInvalid

_COUNT = {"type": "integer", "minimum": 5, "maximum": 100}
_SHARED = {"background": _COUNT}
_PROPERTIES: dict[str, dict[str, Any]] = {
    "global": {
        **_SHARED,
        "rows": {"type": "integer", "minimum": 10, "maximum": 1_000},
        "grid": {"type": "integer", "minimum": 3, "maximum": 50},
    },
    "decision": {**_SHARED},
    "counterfactual": {
        "mutable": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 50,
            "additionalProperties": {"enum": ["any", "increase", "decrease"]},
        },
        "target": {"type": ["integer", "string", "number"]},
        "changes_at_most": {"type": "integer", "minimum": 1, "maximum": 6},
        "values": {"type": "integer", "minimum": 3, "maximum": 50},
    },
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "global": {"rows": 100, "background": 30, "grid": 15},
    "decision": {"background": 50},
    "counterfactual": {"changes_at_most": 3, "values": 20},
}
SCHEMA: dict[str, dict[str, Any]] = {
    kind: {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": ["mutable"] if kind == "counterfactual" else [],
        "properties": properties,
    }
    for kind, properties in _PROPERTIES.items()
}


def validate(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of this kind with their defaults; raises EvaluationInvalid naming the path and the remedy.

    A counterfactual names the features that may change, each in any direction or in one; all others stay.
    """
    broken = documents.problem(SCHEMA[kind], document)
    if broken:
        raise EvaluationInvalid(broken.detail, broken.remedy)
    return {**DEFAULTS[kind], **document}
