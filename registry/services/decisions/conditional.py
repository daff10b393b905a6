"""What a condition's rule finds on the evidence of now, and what that makes of the condition."""

from dataclasses import replace
from datetime import datetime

from django.db.models import Q

from registry.gates import evaluate, grammar
from registry.gates.policy import Gate
from registry.gates.results import GateResult
from registry.models import Condition, EvidenceItem, ModelVersion
from registry.services.approvals import gating, grounds

State = Condition.State


def judged(condition: Condition, now: datetime) -> tuple[str, str]:
    """The verdict of the condition's rule, and what it found in words; without a rule nobody has found anything."""
    if condition.rule is None:
        return "not_evaluable", "Nobody has signed whether it is met."
    gate = grammar.parse_gate(condition.rule)
    # What follows from a verdict is the condition's to say, not the gate's.
    result = _judge(replace(gate, on_fail="none", on_inconclusive="none", on_not_evaluable="none"), condition, now)  # type: ignore[arg-type]
    return result.verdict, result.reason


def outcome(condition: Condition, verdict: str, now: datetime) -> Condition.State | None:
    """What a verdict makes of an open condition; None where it stays open."""
    due = condition.due_at <= now
    if verdict == "pass" and (due or not condition.standing):
        return State.MET
    if due or (condition.standing and verdict == "fail"):
        return State.BREACHED
    return None


def _judge(gate: Gate, condition: Condition, now: datetime) -> GateResult:
    promotion = condition.promotion
    version, slot = promotion.model_version, promotion.slot
    items, champion = _evidence(version), grounds.baseline(version, slot)
    given = gating.facts(version, slot, promotion.policy, items, champion, change_class=promotion.change_class, now=now)
    # The condition's threshold must be older than the test that meets it, as a policy's must.
    return evaluate.judge(gate, replace(given, policy_effective_from=condition.created_at or now))


def _evidence(version: ModelVersion) -> list[EvidenceItem]:
    """Everything about the version and its data, deliveries of the same dataset since then included; newest wins."""
    of_data = Q(set__dataset_version__dataset=version.dataset_version.dataset_id)
    about = Q(set__model_version=version) | Q(set__model_version=None)
    return list(EvidenceItem.objects.filter(of_data, about).select_related("set", "set__evaluation"))
