"""A data contract as data: what a dataset version promises, and how a table keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from workers.ingestion import documents, profiles, rules
from workers.ingestion.errors import ContractInvalid
from workers.ingestion.types import KINDS, NUMERIC, kind

Verdict = Literal["pass", "warn", "fail"]

SEVERITY = {"enum": ["warn", "fail"], "default": "fail"}
VALUE = {"type": ["integer", "number", "string", "boolean"]}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["columns"],
    "properties": {
        "columns": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "type": {"enum": [name for name in KINDS if name != "empty"]},
                    "minimum": {"type": "number"},
                    "maximum": {"type": "number"},
                    "allowed": {"type": "array", "minItems": 1, "maxItems": 1000, "items": VALUE},
                    "nullable": {"type": "boolean", "default": True},
                    "personal": {"type": "boolean", "default": False},
                    "on_violation": SEVERITY,
                },
            },
        },
        "minimum_rows": {"type": "integer", "minimum": 1},
        "unique": {
            "type": "array",
            "items": {
                "oneOf": [
                    {"type": "string"},
                    {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": "string"}},
                ]
            },
        },
        "other_columns": {"enum": ["allow", "warn", "fail"], "default": "allow"},
    },
}


@dataclass(frozen=True)
class Contract:
    """A validated contract; `document` is what was validated."""

    document: Mapping[str, Any]


@dataclass(frozen=True)
class ContractResult:
    """How a table keeps a contract: each violation has column, rule, severity, count and masked examples."""

    verdict: Verdict
    rows: int
    violations: list[dict[str, Any]] = field(default_factory=list)


def validate(document: Mapping[str, Any]) -> Contract:
    """The contract; raises ContractInvalid, naming the path, for what the closed schema does not know."""
    broken = documents.problem(SCHEMA, document)
    if broken:
        raise ContractInvalid(broken.detail, broken.remedy)
    return Contract(document)


def check(contract: Contract, table: pa.Table) -> ContractResult:
    """Hold every promise of the contract against the table; the worst severity among the violations is the verdict."""
    violations = [*_shape(contract.document, table), *_uniqueness(contract.document, table)]
    for name, promised in contract.document["columns"].items():
        violations += _column(name, promised, table)
    severities = {violation["severity"] for violation in violations}
    verdict: Verdict = "fail" if "fail" in severities else "warn" if severities else "pass"
    return ContractResult(verdict, table.num_rows, violations)


def propose(table: pa.Table) -> dict[str, Any]:
    """A contract that this table keeps, for a person to start from: types, nulls, ranges, few-valued columns."""
    return {
        "columns": {name: _proposed(table[name]) for name in table.column_names if kind(table[name].type) != "empty"},
        "minimum_rows": max(1, table.num_rows // 2),
    }


def _proposed(column: pa.ChunkedArray) -> dict[str, Any]:
    promised: dict[str, Any] = {"type": kind(column.type), "nullable": column.null_count > 0}
    plain = promised["type"] in ("integer", "boolean", "string")
    if plain and profiles.low_cardinality(column, at_most=20):
        return promised | {"allowed": sorted(entry["level"] for entry in profiles.levels(column))}
    if promised["type"] not in NUMERIC:
        return promised
    values = profiles.numbers(column)
    whole = int if promised["type"] == "integer" else float
    if np.isfinite(values).any():
        promised |= {"minimum": whole(np.nanmin(values)), "maximum": whole(np.nanmax(values))}
    return promised


def _shape(document: Mapping[str, Any], table: pa.Table) -> list[dict[str, Any]]:
    violations = []
    missing_rows = document.get("minimum_rows", 0) - table.num_rows
    if missing_rows > 0:
        violations.append(rules.violation("", "minimum_rows", "fail", missing_rows))
    severity = document.get("other_columns", "allow")
    if severity != "allow":
        others = [name for name in table.column_names if name not in document["columns"]]
        violations += [rules.violation(name, "other_columns", severity, 1) for name in others]
    return violations


def _uniqueness(document: Mapping[str, Any], table: pa.Table) -> list[dict[str, Any]]:
    violations = []
    for key in document.get("unique", []):
        names = [key] if isinstance(key, str) else key
        absent = [name for name in names if name not in table.column_names]
        count = len(absent) or rules.repeated_rows(table.select(names))
        if count:
            rule = "present" if absent else "unique"
            violations.append(rules.violation("+".join(absent or names), rule, "fail", count))
    return violations


def _column(name: str, promised: Mapping[str, Any], table: pa.Table) -> list[dict[str, Any]]:
    severity = promised.get("on_violation", "fail")
    if name not in table.column_names:
        return [rules.violation(name, "present", severity, 1)]
    column = table[name]
    if not rules.type_holds(promised.get("type"), column):
        # Ranges and levels of another type mean nothing; the type is the finding.
        return [rules.violation(name, "type", severity, len(column) - column.null_count)]
    violations = []
    for rule, broken in rules.broken(promised, column):
        if broken.any():
            examples = rules.examples(column, broken, promised.get("personal", False))
            violations.append(rules.violation(name, rule, severity, int(broken.sum()), examples))
    return violations
