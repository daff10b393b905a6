"""Whether a gate of a request may be waived now, and whether a waiver would do what it is asked for."""

from django.utils import timezone

from registry.errors import Conflict, Invalid, Problem, Stale
from registry.gates import facts, waiving
from registry.gates.policy import Gate
from registry.models import PromotionRequest, Waiver
from registry.services.approvals import approvals
from registry.services.decisions import rounds


def blocked_by(waiver: Waiver) -> Gate:
    """The policy's gate, where it blocks the request now and the policy lets it be waived."""
    promotion = waiver.promotion
    if promotion.state != PromotionRequest.State.BLOCKED:
        raise Conflict(f"The request is {promotion.get_state_display()}; only a gate that blocks one is waived.")
    answer = promotion.gates.filter(round=promotion.round, gate=waiver.gate).first()
    if answer is None:
        raise Invalid("There is no such gate.", problems=[Problem("/gate", "is none of the request's gates")])
    if answer.effect != "block" or answer.verdict not in waiving.WAIVABLE:
        raise Conflict(f"{waiver.gate} does not block the request: {answer.reason}")
    gate = gate_of(waiver)
    if gate is None or gate.waivable is None:
        raise Conflict(
            f"The policy does not let {waiver.gate} be waived.", remedy="Mend what the gate found, and ask again."
        )
    rounds.check(promotion)  # Or the gates could not answer again, and the signatures would be for nothing.
    return gate


def check(waiver: Waiver, gate: Gate) -> None:
    """Whether the waiver, granted now, would do what it is asked for."""
    promotion, now = waiver.promotion, timezone.now()
    if (waiver.artifact_digest, waiver.policy_digest) != (promotion.artifact_digest, promotion.policy_digest):
        raise Stale("The request binds another artifact or policy by now.", remedy="Ask for a new waiver.")
    brought = {"rationale": waiver.rationale, "compensating_control": waiver.compensating_control}
    blank = [Problem(f"/{name}", "is empty", "Say it in words.") for name, text in brought.items() if not text]
    if blank:
        raise Invalid("A waiver says why, and what is done instead.", problems=blank)
    granted = facts.Waiver(str(waiver.pk), gate.id, named(gate), now, waiver.expires_at, tuple(brought))
    refusal = waiving.refusal(gate, granted, now)
    if refusal:
        days = gate.waivable.max_days if gate.waivable else None
        problem = Problem("/expires_at", refusal, f"Name a moment to come, {days} days away at most.")
        raise Invalid("The waiver cannot be granted like this.", problems=[problem])


def named(gate: Gate | None) -> tuple[str, ...]:
    """The roles of which one signs first, as the policy names them."""
    return gate.waivable.by if gate and gate.waivable else ()


def gate_of(waiver: Waiver) -> Gate | None:
    """The policy's gate that the waiver is about."""
    gates = approvals.policy_of(waiver.promotion).gates
    return next((gate for gate in gates if gate.id == waiver.gate), None)
