"""What judging a policy yields: a verdict, an effect and a sentence for every gate."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "fail", "inconclusive", "not_evaluable", "stale", "waived", "skipped"]
Effect = Literal["block", "review", "warn", "none"]

SEVERITY: dict[str, int] = {
    "pass": 0,
    "skipped": 0,
    "waived": 1,
    "inconclusive": 2,
    "not_evaluable": 3,
    "stale": 4,
    "fail": 5,
}
TRUTH: dict[str, bool | None] = {"pass": True, "skipped": True, "waived": True, "fail": False}


@dataclass(frozen=True, slots=True)
class Judgement:
    """One figure against one gate; `finding` is a sentence without its full stop."""

    verdict: Verdict
    effect: Effect
    finding: str
    group: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    share: float | None = None
    evidence_id: str = ""


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate's answer; figures and `group` are those of the worst group, `details` hold every group."""

    gate_id: str
    verdict: Verdict
    effect: Effect
    reason: str
    threshold: str
    clause: tuple[str, ...] = ()
    evidence_ids: tuple[str, ...] = ()
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    group: str = ""
    details: tuple[Judgement, ...] = ()
    waiver_id: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The policy's answer: ready when nothing blocks, and then what a reviewer must look at.

    `truth` is Kleene's AND over the gates that may block or ask for review: True, False, or None for unknown.
    """

    verdict: Literal["ready", "blocked"]
    truth: bool | None
    results: tuple[GateResult, ...]
    policy_digest: str

    @property
    def blocking(self) -> tuple[GateResult, ...]:
        """The gates that stop the request."""
        return tuple(result for result in self.results if result.effect == "block")

    @property
    def to_review(self) -> tuple[GateResult, ...]:
        """The gates a person must look at before signing."""
        return tuple(result for result in self.results if result.effect == "review")
