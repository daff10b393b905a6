"""Judge a policy on facts: every gate three-valued, then one answer; pure, so an old decision can be replayed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from registry.gates import changes, conditions, judging, kleene, selection, waiving, words
from registry.gates.facts import Facts
from registry.gates.policy import STRICTNESS, BoundRequirement, FieldRequirement, Gate, Policy
from registry.gates.results import SEVERITY, TRUTH, Effect, Evaluation, GateResult, Judgement


def applies(policy: Policy, context: Mapping[str, Any], now: datetime) -> conditions.Answer:
    """Whether a policy governs a request: True, False, or None with the fields that are not known.

    None must be read as "may apply": whoever picks a policy treats it as a reason to stop, never to pass.
    """
    if policy.applies_when is None:
        return conditions.Answer(True)
    return conditions.evaluate(policy.applies_when, context, now)


def evaluate(policy: Policy, facts: Facts) -> Evaluation:
    """Judge every gate. Blocked as soon as one gate blocks; a warning never does."""
    results = (*(judge(gate, facts) for gate in policy.gates), *changes.judged(policy.change_plan, facts))
    binding = [result for result in results if result.effect != "warn"]
    return Evaluation(
        verdict="blocked" if any(result.effect == "block" for result in results) else "ready",
        truth=kleene.conjunction(TRUTH.get(result.verdict) for result in binding),
        results=results,
        policy_digest=policy.digest,
    )


def judge(gate: Gate, facts: Facts) -> GateResult:
    """One gate by itself, waivers applied: the verdict, its effect, and a sentence that says why."""
    return waiving.applied(_judge(gate, facts), gate, facts)


def headline(evaluation: Evaluation) -> str:
    """One sentence for a reviewer: how many gates fail or are unclear, and the worst in full."""
    unsettled = [result for result in evaluation.results if SEVERITY[result.verdict] > 0]
    tally = words.tally((result.verdict for result in unsettled or evaluation.results), "gate")
    if not unsettled:
        return f"{tally}."
    worst = max(unsettled, key=lambda result: (STRICTNESS[result.effect], SEVERITY[result.verdict]))
    return f"{tally}; worst: {worst.gate_id}: {worst.reason}"


def _judge(gate: Gate, facts: Facts) -> GateResult:
    early = _skipped(gate, facts)
    if early is not None:
        return _single(gate, early, facts)
    items = selection.chosen(gate, facts)
    judgements = judging.weigh(gate, list(items.values()), facts)
    judgements += [judging.absent(gate, group) for group in _expected(gate, facts) if group not in items]
    judged = [judgement for judgement in judgements if judgement.verdict != "skipped"]
    if not judged:
        return _single(gate, judging.nothing(gate, judgements), facts, judgements)
    if gate.for_each:
        return _groups(gate, judgements, judged, facts)
    return _single(gate, judged[0], facts, judged)


def _skipped(gate: Gate, facts: Facts) -> Judgement | None:
    if gate.skip_when is None:
        return None
    answer = conditions.evaluate(gate.skip_when, facts.context, facts.now)
    if answer.value is None:
        finding = f"Whether to skip this gate cannot be told: {' '.join(answer.unknown).removesuffix('.')}"
        return judging.judgement(gate, "not_evaluable", finding)
    return judging.judgement(gate, "skipped", "The policy skips this gate for this request") if answer.value else None


def _expected(gate: Gate, facts: Facts) -> Sequence[str]:
    return facts.groups.get(gate.evidence.attribute or "", ()) if gate.for_each else ()


def _again(gate: Gate, judged: Judgement, facts: Facts) -> str:
    """A figure that was measured until it fitted says so: how often, and the worst of them."""
    values = selection.measurements(gate, judged.evidence_id, facts)
    if len(set(values)) < 2 or not isinstance(gate.require, BoundRequirement):
        return ""
    worst = min(values) if gate.require.op in (">=", ">") else max(values)
    return f" It is the newest of {len(values)} measurements; the worst of them is {words.number(worst, judged.value)}."


def _single(gate: Gate, judgement: Judgement, facts: Facts, judgements: Sequence[Judgement] = ()) -> GateResult:
    reason = words.sentence(judgement.finding, judgement.effect) + _again(gate, judgement, facts)
    return _result(gate, judgement, judgements, reason=reason, effect=judgement.effect)


def _groups(gate: Gate, judgements: Sequence[Judgement], judged: Sequence[Judgement], facts: Facts) -> GateResult:
    """The worst group speaks for the gate; the strictest effect of any group is the gate's."""
    worst = max(judged, key=lambda one: (SEVERITY[one.verdict], _badness(gate, one)))
    effect = max((one.effect for one in judged), key=lambda one: STRICTNESS[one])
    reason = words.sentence(worst.finding, effect)
    if len(judgements) > 1:
        reason += f" {words.tally((one.verdict for one in judgements), 'group')}."
    reason += _again(gate, worst, facts)
    return _result(gate, worst, judgements, reason=reason, effect=effect)


def _badness(gate: Gate, one: Judgement) -> float:
    if one.value is None or isinstance(gate.require, FieldRequirement):
        return float("-inf")
    return -one.value if gate.require.op in (">=", ">") else one.value


def _result(
    gate: Gate, worst: Judgement, judgements: Sequence[Judgement], *, reason: str, effect: Effect
) -> GateResult:
    return GateResult(
        gate_id=gate.id,
        verdict=worst.verdict,
        effect=effect,
        reason=reason,
        threshold=words.rule(gate),
        clause=gate.clause,
        evidence_ids=tuple(one.evidence_id for one in judgements if one.evidence_id),
        value=worst.value,
        low=worst.low,
        high=worst.high,
        n=worst.n,
        group=worst.group,
        details=tuple(judgements) if gate.for_each else (),
    )
