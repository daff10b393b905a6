"""What every detector says, in one form."""

from dataclasses import dataclass, field
from typing import Any, Literal

Decision = Literal["drift", "quiet", "not_evaluable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One look: what it decided and on what.

    `not_evaluable` is too little data, or data that cannot be judged: it is never quiet, and `reason` says why.
    `drift` is at `statistic` above `threshold`, or at a p-value at most the threshold where there is one; what a
    method has not is None. `n` values or rows were looked at, `missing` more left out. `details` are the method's own,
    and plain JSON.
    """

    decision: Decision
    reason: str
    statistic: float | None = None
    threshold: float | None = None
    log10_p: float | None = None
    n: int = 0
    missing: int = 0
    details: dict[str, Any] = field(default_factory=dict)
