"""What people decided, found, waived and asked for, as tables of a document."""

from collections.abc import Iterable
from typing import Any

from registry.documents import parts
from registry.gates import words
from registry.models import Condition, Decision, Finding, GateResult, PromotionRequest, Signature, Waiver
from registry.roles import Role
from registry.services.approvals import approvals
from registry.services.documents.sources import Sources

HOLDS = "holds"
_DECISIONS = {
    "printed_name": "Printed name",
    "role": "Role",
    "verdict": "Verdict",
    "meaning": "Meaning",
    "signed_at": "Signed",
    "stands_in_for": "Stands in for",
    "reason": "Reason",
}


def standing(promotions: Iterable[PromotionRequest], sources: Sources) -> parts.Part:
    """What each request came to, and whether its approval holds at this moment, checked and not assumed."""
    columns = {
        "slot": "Slot",
        "state": "Request",
        "approval": "Approval",
        "round": "Round",
        "policy": "Policy",
        "decided_at": "Decided",
        "valid_until": "Valid until",
        "now": "Now",
    }
    rows = [
        {
            "slot": promotion.slot.key,
            "state": parts.capital(promotion.get_state_display()),
            "approval": parts.capital(promotion.get_approval_display()),
            "round": promotion.round,
            "policy": str(promotion.policy),
            "decided_at": promotion.decided_at,
            "valid_until": promotion.valid_until,
            "now": approvals.problem(promotion) or HOLDS,
            "record": sources.cite(promotion),
        }
        for promotion in promotions
    ]
    return parts.table("Approval for each slot", columns, rows)


def signed(rows: Iterable[Decision], sources: Sources) -> parts.Part:
    """Who signed for which slot, when, and what it meant (21 CFR 11.50)."""
    columns = {"slot": "Slot", "round": "Round", **_DECISIONS}
    return parts.table("Signatures", columns, [_decision(row, sources) for row in rows])


def decisions(rows: Iterable[Decision], sources: Sources, *, round: int) -> parts.Part:
    """The same for one round of one request."""
    return parts.table(f"Decisions of round {round}", _DECISIONS, [_decision(row, sources) for row in rows])


def signatures(rows: Iterable[Signature], sources: Sources) -> parts.Part:
    """Signatures on what belongs to a request: waivers, accepted risks, conditions."""
    columns = {
        "on": "On",
        "printed_name": "Printed name",
        "role": "Role",
        "meaning": "Meaning",
        "signed_at": "Signed",
        "reason": "Reason",
    }
    found = [
        {
            "on": words.name(row.subject_type),
            "printed_name": row.printed_name,
            "role": _role(row.role),
            "meaning": row.meaning,
            "signed_at": row.signed_at,
            "reason": row.reason,
            "record": sources.cite(row),
        }
        for row in rows
    ]
    return parts.table("Further signatures", columns, found)


def gates(rows: Iterable[GateResult], sources: Sources, *, title: str) -> Iterable[parts.Part]:
    """The gates' answers, then every group of those that judge groups."""
    rows = list(rows)
    columns = {
        "gate": "Gate",
        "verdict": "Verdict",
        "effect": "Effect",
        "value": "Value and interval",
        "n": "n",
        "threshold": "Asked for",
        "group": "Group",
        "reason": "Why",
        "clauses": "Clauses",
    }
    yield parts.table(title, columns, [_gate(row, sources) for row in rows])
    for row in rows:
        yield _groups(row, sources)


def waivers(rows: Iterable[Waiver], sources: Sources) -> parts.Part:
    """Gates that were set aside for a while, and what stands in their place."""
    columns = {
        "gate": "Gate",
        "state": "State",
        "rationale": "Why",
        "compensating_control": "Compensating control",
        "requested_by": "Asked for by",
        "granted_at": "Granted",
        "expires_at": "Ends",
    }
    return parts.table("Waivers", columns, [_columns(row, columns, sources) for row in rows])


def conditions(rows: Iterable[Condition], sources: Sources) -> parts.Part:
    """What the approval was made conditional on."""
    columns = {
        "text": "Condition",
        "state": "State",
        "due_at": "Due",
        "on_breach": "On breach",
        "finding": "Last check",
        "settled_at": "Settled",
    }
    return parts.table("Conditions", columns, [_columns(row, columns, sources) for row in rows])


def findings(rows: Iterable[Finding], sources: Sources) -> parts.Part:
    """What reviewers found wrong, and what became of it."""
    columns = {
        "title": "Finding",
        "severity": "Severity",
        "state": "State",
        "detail": "Detail",
        "raised_by": "Raised by",
        "due_at": "Due",
        "accepted_until": "Risk accepted until",
        "settled_at": "Settled",
    }
    return parts.table("Findings", columns, [_columns(row, columns, sources) for row in rows])


def _decision(row: Decision, sources: Sources) -> dict[str, Any]:
    return {
        "slot": row.promotion.slot.key,
        "round": row.round,
        "printed_name": row.printed_name,
        "role": _role(row.role),
        "verdict": parts.capital(row.get_verdict_display()),
        "meaning": row.meaning,
        "signed_at": row.signed_at,
        "stands_in_for": row.delegated_by.get_full_name() if row.delegated_by else "",
        "reason": row.reason,
        "record": sources.cite(row),
    }


def _gate(row: GateResult, sources: Sources) -> dict[str, Any]:
    return {
        "gate": row.gate,
        "verdict": row.verdict,
        "effect": row.effect,
        "value": parts.figure(row.value, row.low, row.high),
        "n": row.n,
        "threshold": row.threshold,
        "group": row.group,
        "reason": row.reason,
        "clauses": row.clauses,
        "record": sources.cite(row),
    }


def _groups(row: GateResult, sources: Sources) -> parts.Part:
    columns = {"group": "Group", "verdict": "Verdict", "value": "Value and interval", "n": "n"}
    found = [
        {
            "group": one["group"],
            "verdict": one["verdict"],
            "value": parts.figure(one["value"], one["low"], one["high"]),
            "n": one["n"],
            "record": sources.cite(row),
        }
        for one in row.details
    ]
    return parts.table(f"Groups of {row.gate}", columns, found)


def _columns(row: Any, names: Iterable[str], sources: Sources) -> dict[str, Any]:
    """Columns of a row as they are called; a choice by its words, a person by name."""
    return {**{name: _readable(row, name) for name in names}, "record": sources.cite(row)}


def _readable(row: Any, name: str) -> Any:
    field = row._meta.get_field(name)
    if field.choices:
        return parts.capital(getattr(row, f"get_{name}_display")())
    value = getattr(row, name)
    return str(value) if field.is_relation and value is not None else value


def _role(name: str) -> str:
    return str(Role(name).label) if name in Role.values else name
