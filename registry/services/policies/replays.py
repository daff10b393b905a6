"""An old request judged again, with its own policy on its own frozen facts; and what its gates' answers rest on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry import records
from registry.gates import evaluate as gates
from registry.gates import explaining, grammar
from registry.gates.facts import Facts
from registry.models import EvidenceItem, GateResult, PromotionRequest
from registry.services.approvals import approvals, gating
from registry.services.policies import governing


@dataclass(frozen=True, slots=True)
class Difference:
    """What is no longer as it was: a gate's column, or what the request was bound to."""

    subject: str
    field: str
    recorded: Any
    replayed: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """The same gates asked again; the same answers where nothing differs."""

    at: datetime
    policy: str
    gates: int
    differences: tuple[Difference, ...]

    @property
    def sentence(self) -> str:
        """The outcome in one sentence."""
        judged = f"{self.gates} gates of {self.policy}, judged again as of {self.at:%d %B %Y %H:%M} UTC"
        if not self.differences:
            return f"{judged}, answer as they did."
        return f"{judged}: {len(self.differences)} answers or grounds are no longer what they were."


@dataclass(frozen=True, slots=True)
class Answer:
    """One gate of a request: what it asks, what it said, and the evidence it read."""

    gate: str
    rule: tuple[str, ...]
    verdict: str
    effect: str
    reason: str
    evidence: tuple[EvidenceItem, ...]
    waiver: str


def replay(promotion: PromotionRequest) -> Replay:
    """Ask the gates of the current round again: with the policy's text, on the figures, context and time of then.

    Every difference is told: a figure that no longer says what it said, another policy text, another answer. Nothing
    is recorded and nothing changes.
    """
    stored, facts = _answers(promotion), gating.facts_of(promotion)
    found = [*_grounds(promotion), *_judged(promotion, stored, facts)]
    return Replay(at=facts.now, policy=str(promotion.policy), gates=len(stored), differences=tuple(found))


def _judged(promotion: PromotionRequest, stored: list[GateResult], facts: Facts) -> Iterator[Difference]:
    try:
        policy = approvals.policy_of(promotion)
    except grammar.PolicyError as error:
        yield Difference("request", "policy text", promotion.policy_digest, str(error))
        return
    answer = gates.evaluate(policy, facts)
    again = gating.results(promotion, answer)
    yield from _gates(stored, again)
    said, says = governing.answered(promotion.headline), governing.answered(gates.headline(answer))
    yield from _one("request", "headline", said, says)
    record = records.digest(records.promotion(promotion, again))
    yield from _one("request", "record", promotion.record_digest, record)


def explain(promotion: PromotionRequest) -> list[Answer]:
    """Why each gate of the current round said what it said: the rule in words, the reason, and the evidence."""
    asked = {gate.id: tuple(explaining.gate(gate)) for gate in approvals.policy_of(promotion).gates}
    stored = _answers(promotion)
    read = {pk for row in stored for pk in row.evidence}
    items = {item.pk: item for item in EvidenceItem.objects.filter(pk__in=read).select_related("set")}
    return [
        Answer(
            gate=row.gate,
            rule=asked.get(row.gate, ()),
            verdict=row.verdict,
            effect=row.effect,
            reason=row.reason,
            evidence=tuple(items[pk] for pk in row.evidence if pk in items),
            waiver=str(row.waiver_id or ""),
        )
        for row in stored
    ]


def _answers(promotion: PromotionRequest) -> list[GateResult]:
    return [row for row in promotion.gates.all() if row.round == promotion.round]


def _grounds(promotion: PromotionRequest) -> Iterator[Difference]:
    yield from _one("request", "policy", promotion.policy_digest, grammar.digest(promotion.policy.document))
    said = set(gating.digests(gating.evidence_about(promotion.model_version)))
    for digest in promotion.evidence_digests:
        if digest not in said:
            yield Difference("request", "evidence", digest, None)


def _gates(stored: list[GateResult], again: list[GateResult]) -> Iterator[Difference]:
    before, after = ({row.gate: _document(row) for row in rows} for rows in (stored, again))
    for gate in dict.fromkeys([*before, *after]):
        if gate not in before or gate not in after:
            yield Difference(gate, "gate", gate if gate in before else None, gate if gate in after else None)
            continue
        for field, value in before[gate].items():
            yield from _one(gate, field, value, after[gate][field])


def _document(row: GateResult) -> dict[str, Any]:
    """What the signed record says of a gate, and the evidence it read."""
    return {**records.gate_result(row), "evidence": sorted(str(pk) for pk in row.evidence)}


def _one(subject: str, field: str, recorded: Any, replayed: Any) -> Iterator[Difference]:
    if recorded != replayed:
        yield Difference(subject, field, recorded, replayed)
