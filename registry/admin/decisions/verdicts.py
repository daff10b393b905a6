"""What the gates said, as a table: the gravest first, each with its figure beside its threshold."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from audit.pages import show
from registry.admin.decisions.gates import groups
from registry.admin.decisions.strip import strip
from registry.gates.policy import STRICTNESS, BoundRequirement, Gate
from registry.gates.results import SEVERITY
from registry.models import GateResult, PromotionRequest
from registry.services.approvals import approvals


def gate_table(row: PromotionRequest, gates: list[GateResult]) -> SafeString:
    """Every gate, the gravest first: its verdict, why in words, the figure beside its threshold, its groups to open."""
    rules = {gate.id: gate for gate in approvals.policy_of(row).gates}
    lines = [
        {
            "gate": gate,
            "verdict": show.chip(gate.verdict),
            "figure": show.interval(gate.value, gate.low, gate.high),
            "strip": _strip(gate, rules.get(gate.gate)),
            "asks": gate.threshold.replace(">=", "≥").replace("<=", "≤"),
            "n": show.number(gate.n),
            "groups": groups(gate.details) if len(gate.details) > 1 else "",
            "rule": rules.get(gate.gate),
            "url": show.url_of(gate),
        }
        for gate in sorted(gates, key=_gravity)
    ]
    return render_to_string("registry/gates.html", {"lines": lines})


def _gravity(gate: GateResult) -> tuple[int, int, int]:
    return -STRICTNESS[gate.effect], -SEVERITY[gate.verdict], gate.position


def _strip(gate: GateResult, rule: Gate | None) -> SafeString | str:
    known = gate.value is not None and gate.low is not None and gate.high is not None
    if not known or rule is None or not isinstance(rule.require, BoundRequirement):
        return ""
    require = rule.require
    return strip(gate.value, gate.low, gate.high, require.value, wants_more=require.op in (">=", ">"))  # type: ignore[arg-type]
