"""The policy language: text or data into a frozen Policy, or every reason why not."""

from collections.abc import Mapping
from typing import Any

import msgspec

from registry.gates import conditions, schema
from registry.gates.cautions import cautions
from registry.gates.conditions import Condition
from registry.gates.document import digest, read
from registry.gates.lint import lint, lint_gate
from registry.gates.policy import (
    Approval,
    BoundRequirement,
    ChangePlan,
    EvidenceSelector,
    FieldRequirement,
    Gate,
    Monitor,
    Policy,
    Retention,
    Retrain,
    Rollout,
    Waivable,
)
from registry.gates.problems import PolicyError, Problem

__all__ = ["PolicyError", "Problem", "cautions", "check", "digest", "inspect", "lint", "parse", "parse_gate", "read"]


def parse(source: str | Mapping[str, Any]) -> Policy:
    """Read a policy from YAML or JSON text or a mapping.

    Refuses with PolicyError, which holds every Problem: first those of the text, then of the schema, then of
    the meaning (`lint`).
    """
    document = read(source)
    found = schema.problems(document)
    if found:
        raise PolicyError(found)
    policy = _policy(document)
    found = lint(policy)
    if found:
        raise PolicyError(found)
    return policy


def parse_gate(source: str | Mapping[str, Any]) -> Gate:
    """Read one gate by itself, such as the rule of a condition; no policy's evidence_defaults fill it in.

    Refuses with PolicyError as `parse` does; its paths start at the gate.
    """
    document = read(source)
    found = schema.problems(document, of="gate")
    if found:
        raise PolicyError(found)
    gate = _gate(document)
    found = lint_gate(gate)
    if found:
        raise PolicyError(found)
    return gate


def check(source: str | Mapping[str, Any]) -> list[Problem]:
    """The problems `parse` would refuse for; an empty list when there are none."""
    try:
        parse(source)
    except PolicyError as error:
        return error.problems
    return []


def inspect(source: str | Mapping[str, Any]) -> list[Problem]:
    """The problems `parse` would refuse for, or else the warnings about a policy that it accepts."""
    return check(source) or cautions(parse(source))


def _policy(document: Mapping[str, Any]) -> Policy:
    defaults = document.get("evidence_defaults", {})
    return Policy(
        name=document["metadata"]["name"],
        version=int(document["metadata"]["version"]),
        description=document["metadata"].get("description", ""),
        digest=digest(document),
        precedence=int(document.get("precedence", 0)),
        applies_when=_condition(document.get("applies_when")),
        change_plan=msgspec.convert(document.get("change_plan"), ChangePlan | None),
        gates=tuple(_gate(defaults | gate) for gate in document["gates"]),
        approval=msgspec.convert(document["approval"], Approval),
        rollout=msgspec.convert(document.get("rollout"), Rollout | None),
        monitoring=msgspec.convert(document.get("monitoring", []), tuple[Monitor, ...]),
        retrain=msgspec.convert(document.get("retrain"), Retrain | None),
        retention=msgspec.convert(document["retention"], Retention),
    )


def _gate(document: Mapping[str, Any]) -> Gate:
    built = {
        "evidence": msgspec.convert(document["evidence"], EvidenceSelector),
        "require": _requirement(document["require"]),
        "clause": tuple(document.get("clause", ())),
        "skip_when": _condition(document.get("skip_when")),
        "waivable": msgspec.convert(document.get("waivable") or None, Waivable | None),
        # Unless the policy says otherwise, what is unclear weighs as much as what failed.
        "on_inconclusive": document.get("on_inconclusive", document["on_fail"]),
        "on_not_evaluable": document.get("on_not_evaluable", document["on_fail"]),
    }
    return Gate(**{**document, **built})


def _requirement(document: Mapping[str, Any]) -> BoundRequirement | FieldRequirement:
    if "field" not in document:
        return msgspec.convert(document, BoundRequirement)
    allowed = document["in"] if "in" in document else [document["eq"]]
    return FieldRequirement(document["field"], tuple(allowed))


def _condition(document: Mapping[str, Any] | None) -> Condition | None:
    return None if document is None else conditions.parse(document)
