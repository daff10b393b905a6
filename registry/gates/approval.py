"""The approval chain: which step is open, who is still missing, when it is due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from registry.gates import durations
from registry.gates.policy import Step

DecisionVerdict = Literal["approve", "approve_with_conditions", "request_changes", "reject", "abstain"]
APPROVING = ("approve", "approve_with_conditions")
REFUSING = ("reject", "request_changes")


@dataclass(frozen=True, slots=True)
class Decision:
    """What one person decided, in which role, with which meaning."""

    person_id: str
    role: str
    verdict: DecisionVerdict
    meaning: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a chain has come; `missing` counts the approvals each remaining step still needs, in order."""

    next_step: Step | None
    missing: tuple[tuple[str, int], ...]
    complete: bool
    rejected: bool = False
    changes_requested: bool = False
    conditional: bool = False


def progress(chain: Sequence[Step], decisions: Iterable[Decision]) -> Progress:
    """Walk the decisions of one round, oldest first.

    A step opens when the one before it has its quorum; an approval counts only in the open step, with its role and
    meaning, and once per person. One refusal by a role of the chain ends the round at once, whichever step is open.
    An empty chain is never complete: nobody has approved.
    """
    left = [step.quorum for step in chain]
    roles = {step.role for step in chain}
    counted: set[str] = set()
    conditional = False
    for decision in decisions:
        if decision.verdict in REFUSING and decision.role in roles:
            return _progress(chain, left, ended=decision.verdict)
        at = _open(left)
        if at is not None and decision.person_id not in counted and _counts(decision, chain[at]):
            left[at] -= 1
            counted.add(decision.person_id)
            conditional = conditional or decision.verdict == "approve_with_conditions"
    return _progress(chain, left, conditional=conditional)


def due_at(step: Step, opened_at: datetime) -> datetime | None:
    """When a step that opened then is due; None for a step without a deadline."""
    return durations.after(opened_at, durations.parse(step.due_in)) if step.due_in else None


def _open(left: Sequence[int]) -> int | None:
    return next((index for index, count in enumerate(left) if count > 0), None)


def _counts(decision: Decision, step: Step) -> bool:
    return decision.verdict in APPROVING and (decision.role, decision.meaning) == (step.role, step.meaning)


def _progress(
    chain: Sequence[Step], left: Sequence[int], *, ended: str | None = None, conditional: bool = False
) -> Progress:
    at = _open(left)
    return Progress(
        next_step=None if ended or at is None else chain[at],
        missing=tuple((step.role, count) for step, count in zip(chain, left, strict=True) if count > 0),
        complete=not ended and bool(chain) and at is None,
        rejected=ended == "reject",
        changes_requested=ended == "request_changes",
        conditional=conditional,
    )
