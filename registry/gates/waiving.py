"""A waiver turns a gate that blocks into one a person must look at, while it lasts and if the policy allows it."""

import dataclasses
from datetime import datetime, timedelta

from registry.gates import words
from registry.gates.facts import Facts, Waiver
from registry.gates.policy import BoundRequirement, Gate
from registry.gates.results import SEVERITY, GateResult

WAIVABLE = ("fail", "inconclusive", "not_evaluable", "stale")


def applied(result: GateResult, gate: Gate, facts: Facts) -> GateResult:
    """The result, waived if one of the waivers covers it; a waiver that does not is named in the reason."""
    waivers = [waiver for waiver in facts.waivers if waiver.gate_id == gate.id]
    if result.verdict not in WAIVABLE or not waivers:
        return result
    why_not = {one.id: refusal(gate, one, facts.now) or worsened(gate, one, result) for one in waivers}
    valid = next((waiver for waiver in waivers if why_not[waiver.id] is None), None)
    if valid is None:
        refusals = [f"The waiver {name} does not count: {why}." for name, why in why_not.items()]
        return dataclasses.replace(result, reason=" ".join([result.reason, *refusals]))
    reason = f"Waived until {valid.expires_at.date().isoformat()} by the waiver {valid.id}. Without it: {result.reason}"
    effect = "review" if result.effect == "block" else result.effect
    return dataclasses.replace(result, verdict="waived", effect=effect, reason=reason, waiver_id=valid.id)


def refusal(gate: Gate, waiver: Waiver, now: datetime) -> str | None:
    """Why a waiver does not cover a gate now, or None when it does."""
    if gate.waivable is None or gate.waivable.max_days is None:
        return "the policy does not let this gate be waived"
    if not set(gate.waivable.by) & set(waiver.roles):
        return f"it takes the role {' or '.join(gate.waivable.by)}"
    if missing := set(gate.waivable.needs) - set(waiver.brings):
        return f"it lacks {' and '.join(sorted(missing))}"
    if waiver.expires_at - waiver.granted_at > timedelta(days=gate.waivable.max_days):
        return f"it lasts longer than {gate.waivable.max_days} days"
    if not waiver.granted_at <= now < waiver.expires_at:
        return "it is not in force"
    return None


def worsened(gate: Gate, waiver: Waiver, result: GateResult) -> str | None:
    """Why a waiver does not cover this answer of its gate: it is worse than the one that was signed."""
    if not waiver.verdict:
        return None
    if SEVERITY[result.verdict] > SEVERITY[waiver.verdict]:
        return f"the answer was {waiver.verdict.replace('_', ' ')} when it was signed"
    if not isinstance(gate.require, BoundRequirement) or result.value is None or waiver.value is None:
        return None
    lower = gate.require.op in (">=", ">")
    worse = result.value < waiver.value if lower else result.value > waiver.value
    return f"the value was {words.number(waiver.value, result.value)} when it was signed" if worse else None
